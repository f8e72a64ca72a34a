package s3store

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/minio/minio-go/v7"
	"golang.org/x/sync/errgroup"

	"cairn/publish"
)

const (
	// maxPut is the size in bytes above which a file is put in parts.
	maxPut = 16 << 20
	// parallelParts is how many parts of one object are under way at once.
	parallelParts = 4
	// abortTimeout bounds the attempt to leave no parts behind.
	abortTimeout = 10 * time.Second
)

// upload is a file that is put in parts.
type upload struct {
	store    *Store
	key      string
	file     io.ReaderAt
	size     int64    // of the file, in bytes
	partSize int64    // in bytes
	sums     []string // the MD5 of each part, in base64

	begin, complete minio.PutObjectOptions
}

// putParts puts a file in parts. It reads the file twice, since it sends
// nothing before it knows that this is the content that was announced. The
// options to complete it hold the condition.
func (s *Store) putParts(ctx context.Context, key string, file io.ReaderAt, content publish.Content, begin, complete minio.PutObjectOptions) (etag string, err error) {
	_, partSize, _, err := minio.OptimalPartInfo(content.Size, 0)
	if err != nil {
		return "", err
	}
	sums, err := partSums(ctx, file, content, partSize)
	if err != nil {
		return "", err
	}
	u := upload{s, key, file, content.Size, partSize, sums, begin, complete}
	etag, err = u.put(ctx)
	var answer minio.ErrorResponse
	if errors.As(err, &answer) && answer.Code == minio.NoSuchUpload {
		// It is over: perhaps it was completed, and the answer was lost.
		return u.put(ctx)
	}
	return etag, err
}

func (u *upload) put(ctx context.Context) (etag string, err error) {
	s, bucket := u.store, u.store.config.Bucket
	var id string
	err = s.retry(ctx, u.key, func() (err error) {
		id, err = s.client.NewMultipartUpload(ctx, bucket, u.key, u.begin)
		return err
	})
	if err != nil {
		return "", err
	}
	parts, err := u.putParts(ctx, id)
	if err == nil {
		err = s.retry(ctx, u.key, func() error {
			info, err := s.client.CompleteMultipartUpload(ctx, bucket, u.key, id, parts, u.complete)
			etag = info.ETag
			return err
		})
	}
	if err != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortTimeout)
		defer cancel()
		s.retry(ctx, u.key, func() error { return s.client.AbortMultipartUpload(ctx, bucket, u.key, id) })
	}
	return etag, err
}

func (u *upload) putParts(ctx context.Context, id string) ([]minio.CompletePart, error) {
	parts := make([]minio.CompletePart, len(u.sums))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(parallelParts)
	for i, sum := range u.sums {
		g.Go(func() error {
			return u.store.retry(ctx, u.key+"/"+strconv.Itoa(i), func() error {
				body := part(u.file, u.size, u.partSize, i)
				p, err := u.store.client.PutObjectPart(ctx, u.store.config.Bucket, u.key, id, i+1, body, body.Size(),
					minio.PutObjectPartOptions{Md5Base64: sum, DisableContentSha256: true})
				parts[i] = minio.CompletePart{PartNumber: i + 1, ETag: p.ETag}
				return err
			})
		})
	}
	return parts, g.Wait()
}

// part is the i-th part of a file, counted from 0. The last may be shorter.
func part(file io.ReaderAt, size, partSize int64, i int) *io.SectionReader {
	at := int64(i) * partSize
	return io.NewSectionReader(file, at, min(partSize, size-at))
}

// partSums gives the MD5 of each part, in base64.
func partSums(ctx context.Context, file io.ReaderAt, content publish.Content, partSize int64) ([]string, error) {
	var sums []string
	whole, one := md5.New(), md5.New()
	for at := int64(0); at < content.Size; at += partSize {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		one.Reset()
		if _, err := io.Copy(io.MultiWriter(whole, one), part(file, content.Size, partSize, len(sums))); err != nil {
			return nil, err
		}
		sums = append(sums, base64.StdEncoding.EncodeToString(one.Sum(nil)))
	}
	if [md5.Size]byte(whole.Sum(nil)) != content.MD5 {
		return nil, fmt.Errorf("content has not the MD5 %x that was announced", content.MD5)
	}
	return sums, nil
}
