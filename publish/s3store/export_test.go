package s3store

// PartSize is the least that S3 allows, so that files of several parts are small.
const PartSize = 5 << 20

func init() { maxPut = PartSize }
