package publish

import (
	"bytes"
	"context"
	"crypto/md5"
	"errors"
	"io"
	"iter"
	"sync/atomic"
	"time"
)

// Store is a bucket, or what stands for one. Keys are S3 object keys: segments
// between single slashes, never a leading one.
//
// All methods may be called from several goroutines at once. A missing key is
// reported by an error that matches [io/fs.ErrNotExist].
type Store interface {
	// List yields every object whose key begins with prefix, a plain string
	// prefix as in S3 ListObjectsV2, in byte order of the keys. It stops at
	// the first error, which it yields.
	List(ctx context.Context, prefix string) iter.Seq2[Entry, error]
	// Get opens the object at key. The caller closes it.
	Get(ctx context.Context, key string) (*Stored, error)
	// Stat tells of the object at key what Get does, without its content.
	Stat(ctx context.Context, key string) (Entry, Header, error)
	// Put writes the object at key, or replaces it. A reader sees the old
	// object or the new one, never a part of either. Content that is not of
	// the size and MD5 that it states is an error, and changes nothing: a
	// payload file may have been built anew since its digests were taken.
	Put(ctx context.Context, key string, content Content, header Header) error
	// PutIf is Put under a condition: that the entity tag of what is at key
	// is etag, or where etag is empty that nothing is there. It gives the new
	// object's tag. Where the condition doesn't hold nothing changes, and the
	// error matches [ErrCondition]. Of several at once, one at most succeeds.
	// Where the answer to a write is lost and the write sent again, it may
	// seem refused though it went through: reading the object tells.
	PutIf(ctx context.Context, key string, content Content, header Header, etag string) (string, error)
	// Delete removes the object at key. A missing key is no error.
	Delete(ctx context.Context, key string) error
	// Traits says what can be expected of this store.
	Traits() Traits
	// String names the store as the user wrote it: "dir:public",
	// "s3://bucket".
	String() string
}

// Traits are what stores differ in.
type Traits struct {
	// Headers is whether the store keeps the header of an object.
	Headers bool
	// TempFiles is whether a write that is cut off may leave a file behind,
	// with a name of [TempPrefix].
	TempFiles bool
	// Parallel is how many operations a caller may have under way at once, 1
	// or more. It may be another number a little later. The store may hold
	// some of them back.
	Parallel int
}

// ErrCondition is the error of a conditional write whose condition doesn't
// hold: somebody else has written the object, or removed it.
var ErrCondition = errors.New("the object is not what it was")

// TempPrefix is how the name of a file begins that a store writes before it
// gives it its own name. No segment of a key begins with a dot.
const TempPrefix = ".cairn-tmp-"

// StateFolder is below the prefix what no device and no comparison looks at.
const StateFolder = ".cairn"

// Entry is an object as a listing shows it.
type Entry struct {
	Key  string
	Size int64 // in bytes
	// ETag is the entity tag without quotes: 32 hex digits where it is the
	// MD5 of the content (S3, for an object put in one part), anything else
	// where it isn't, empty where the store has none.
	ETag     string
	Modified time.Time
}

// Mark is equal for an object that is the same, and another one once it was
// replaced or written to.
type Mark struct {
	Device, File uint64
	Size         int64 // in bytes
	// Nanoseconds since 1970. Changed is of the system's own clock: a copy can
	// give Modified to a file that takes the number of another.
	Modified, Changed int64
}

// Header is what a store keeps beside the content and a CDN sends on. The
// zero value of a field means that the header is absent.
type Header struct {
	ContentType     string `json:"content_type,omitempty"`
	ContentEncoding string `json:"content_encoding,omitempty"`
	CacheControl    string `json:"cache_control,omitempty"`
}

// Stored is an object open for reading.
type Stored struct {
	io.ReadSeekCloser
	Entry
	// Header is empty where the store keeps none, as a directory doesn't.
	Header Header
	// Date is what the store's clock said; zero where it has none of its own.
	Date time.Time
}

// Content is the bytes of an object: in memory, or in a file that is opened
// when its turn comes.
type Content struct {
	Bytes []byte
	// Open is nil for content in memory. Each call gives a reader of its
	// own, which the caller closes.
	Open func() (io.ReadSeekCloser, error)
	Size int64    // in bytes
	MD5  [16]byte // RFC 1321
	// Sent, if it is not nil, counts the bytes that a store holds of a content
	// that it gets in parts: those included that it had before.
	Sent *atomic.Int64
}

// BytesContent is the content b, which must not change any more.
func BytesContent(b []byte) Content {
	return Content{Bytes: b, Size: int64(len(b)), MD5: md5.Sum(b)}
}

// Reader opens the content. The caller closes it.
func (c Content) Reader() (io.ReadSeekCloser, error) {
	if c.Open != nil {
		return c.Open()
	}
	return nopCloser{bytes.NewReader(c.Bytes)}, nil
}

type nopCloser struct{ *bytes.Reader }

func (nopCloser) Close() error { return nil }
