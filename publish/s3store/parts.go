package s3store

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"io"
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

// putParts puts a file in parts. It reads the file twice, since it sends
// nothing before it knows that this is the content that was announced.
func (s *Store) putParts(ctx context.Context, key string, file io.ReaderAt, content publish.Content, options minio.PutObjectOptions) error {
	_, partSize, _, err := minio.OptimalPartInfo(content.Size, 0)
	if err != nil {
		return err
	}
	sums, err := partSums(ctx, file, content, partSize)
	if err != nil {
		return err
	}
	id, err := s.client.NewMultipartUpload(ctx, s.config.Bucket, key, options)
	if err != nil {
		return err
	}
	parts := make([]minio.CompletePart, len(sums))
	g, partCtx := errgroup.WithContext(ctx)
	g.SetLimit(parallelParts)
	for i, sum := range sums {
		g.Go(func() error {
			body := part(file, content.Size, partSize, i)
			p, err := s.client.PutObjectPart(partCtx, s.config.Bucket, key, id, i+1, body, body.Size(),
				minio.PutObjectPartOptions{Md5Base64: sum, DisableContentSha256: true})
			parts[i] = minio.CompletePart{PartNumber: i + 1, ETag: p.ETag}
			return err
		})
	}
	if err = g.Wait(); err == nil {
		_, err = s.client.CompleteMultipartUpload(ctx, s.config.Bucket, key, id, parts, minio.PutObjectOptions{})
	}
	if err != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortTimeout)
		defer cancel()
		s.client.AbortMultipartUpload(ctx, s.config.Bucket, key, id)
	}
	return err
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
