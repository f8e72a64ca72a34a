package publish

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
)

// etagMD5 is the MD5 of an object, as far as its entry tells. It is none in a
// bucket that encrypts with keys of its owner (SSE-KMS, SSE-C), though it looks
// like one.
func etagMD5(e Entry) (sum [16]byte, ok bool) {
	if e.Size == 0 {
		return md5.Sum(nil), true
	}
	n, err := hex.Decode(sum[:], []byte(e.ETag[:min(len(e.ETag), 32)]))
	if err != nil || n != len(sum) || len(e.ETag) != 32 {
		return [16]byte{}, false
	}
	return sum, true
}

// oddTags are objects of a listing whose entity tag is the MD5 of nothing that
// the site has: they tell whether a bucket's tags are MD5s at all. The first
// and the last that were written may differ, since encryption can be switched
// on and off.
type oddTags struct{ first, last, payload Entry }

func (o *oddTags) add(e Entry, payload bool) {
	switch {
	case payload:
		if o.payload.Key == "" || e.Size < o.payload.Size {
			o.payload = e
		}
		return
	case o.first.Key == "" || e.Modified.Before(o.first.Modified):
		o.first = e
	}
	if o.last.Key == "" || !e.Modified.Before(o.last.Modified) {
		o.last = e
	}
}

// lie reads an object or two to find out. A payload may be large: it is read
// where there is nothing else.
func (o *oddTags) lie(ctx context.Context, store Store) (bool, error) {
	ask := []Entry{o.first, o.last}
	switch {
	case o.first.Key == "":
		ask = []Entry{o.payload}
	case o.first.Key == o.last.Key:
		ask = ask[:1]
	}
	for _, e := range ask {
		if e.Key == "" {
			continue
		}
		live, err := store.Get(ctx, e.Key)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return false, err
		}
		said, looks := etagMD5(live.Entry)
		sum := md5.New()
		_, err = io.Copy(sum, live)
		live.Close()
		if err != nil {
			return false, err
		}
		if looks && said != [16]byte(sum.Sum(nil)) {
			return true, nil
		}
	}
	return false, nil
}
