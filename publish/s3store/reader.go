package s3store

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/minio/minio-go/v7"

	"cairn/publish"
)

// reader reads an object, all of it as it was at first.
type reader struct {
	ctx   context.Context
	store *Store
	entry publish.Entry
	at    int64 // where the next byte is read

	body   io.ReadCloser // an answer under way, or nil
	bodyAt int64         // where the next byte of body is
}

func (r *reader) Read(p []byte) (int, error) {
	if r.at >= r.entry.Size {
		return 0, io.EOF
	}
	var n int
	err := r.store.retry(r.ctx, r.entry.Key, func() (err error) {
		n, err = r.read(p)
		return err
	})
	r.at += int64(n)
	r.bodyAt = r.at
	return n, r.store.failed(get, r.entry.Key, err)
}

// read reads a byte or more of the object, which is not at its end. Where it
// fails the next one asks for the rest.
func (r *reader) read(p []byte) (int, error) {
	if err := r.open(); err != nil {
		return 0, err
	}
	n, err := io.ReadAtLeast(r.body, p, min(1, len(p)))
	if err != nil {
		r.Close()
		return 0, fmt.Errorf("%w: %w", io.ErrUnexpectedEOF, err)
	}
	return n, nil
}

// open makes body begin at r.at, which is inside of the object.
func (r *reader) open() error {
	if r.body != nil && r.bodyAt == r.at {
		return nil
	}
	if err := r.Close(); err != nil {
		return err
	}
	var options minio.GetObjectOptions
	if r.at > 0 {
		if err := options.SetRange(r.at, 0); err != nil {
			return err
		}
	}
	if r.entry.ETag != "" {
		if err := options.SetMatchETag(r.entry.ETag); err != nil {
			return err
		}
	}
	body, _, _, err := r.store.client.GetObject(r.ctx, r.store.config.Bucket, r.entry.Key, options)
	if err != nil {
		return err
	}
	r.body, r.bodyAt = body, r.at
	return nil
}

func (r *reader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.at
	case io.SeekEnd:
		offset += r.entry.Size
	}
	if offset < 0 {
		return 0, errors.New("seek to before the start of the object")
	}
	r.at = offset
	return offset, nil
}

func (r *reader) Close() error {
	if r.body == nil {
		return nil
	}
	err := r.body.Close()
	r.body = nil
	return err
}
