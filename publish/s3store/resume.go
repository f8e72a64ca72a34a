package s3store

import (
	"context"
	"encoding/hex"
	"strings"

	"github.com/minio/minio-go/v7"
)

// unfinished is an upload that was cut off, or is under way elsewhere.
type unfinished struct {
	id    string       // empty for none
	parts map[int]bool // those that are there, from 0
}

// unfinished finds the upload of the same file that has the most parts. All of
// its parts are of this file: their entity tags are MD5s, where the server
// does not encrypt them with a key of its own. Who may not look finds none.
//
// If another is sending the same, then both send parts of the one upload, and
// whoever completes it first does it for both.
func (u *upload) unfinished(ctx context.Context) unfinished {
	var found unfinished
	for _, id := range u.begun(ctx) {
		if parts := u.partsOf(ctx, id); len(parts) > len(found.parts) {
			found = unfinished{id, parts}
		}
	}
	return found
}

// begun lists the uploads for this key, 1,000 at most.
func (u *upload) begun(ctx context.Context) (ids []string) {
	s := u.store
	var listed minio.ListMultipartUploadsResult
	err := s.retry(ctx, u.key, func() (err error) {
		listed, err = s.client.ListMultipartUploads(ctx, s.config.Bucket, u.key, "", "", "", 1000)
		return err
	})
	if err != nil {
		return nil
	}
	for _, l := range listed.Uploads {
		if l.Key == u.key {
			ids = append(ids, l.UploadID)
		}
	}
	return ids
}

// partsOf gives the first 1,000 parts of an upload; none where one is not of
// this file. What it doesn't give is sent again.
func (u *upload) partsOf(ctx context.Context, id string) map[int]bool {
	var listed minio.ListObjectPartsResult
	err := u.store.retry(ctx, u.key, func() (err error) {
		listed, err = u.store.client.ListObjectParts(ctx, u.store.config.Bucket, u.key, id, 0, 1000)
		return err
	})
	if err != nil {
		return nil
	}
	parts := map[int]bool{}
	for _, p := range listed.ObjectParts {
		i := p.PartNumber - 1
		if i < 0 || i >= len(u.sums) || p.Size != u.part(i).Size() || strings.Trim(p.ETag, `"`) != hex.EncodeToString(u.sums[i][:]) {
			return nil
		}
		parts[i] = true
	}
	return parts
}
