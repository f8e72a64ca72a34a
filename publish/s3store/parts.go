package s3store

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/minio/minio-go/v7"
	"golang.org/x/sync/errgroup"

	"cairn/publish"
)

// maxPut is the size in bytes above which a file is put in parts of that size.
// Tests lower it.
var maxPut int64 = 16 << 20

const (
	// maxParts is how many parts S3 allows.
	maxParts = 10_000
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
	content  publish.Content
	partSize int64            // in bytes
	sums     [][md5.Size]byte // of each part

	begin, complete minio.PutObjectOptions
	conditional     bool // complete holds a condition
}

// put puts the file. It reads it twice, since it sends nothing before it knows
// that this is the content that was announced.
func (u *upload) put(ctx context.Context) (etag string, err error) {
	u.partSize = max(maxPut, (u.content.Size+maxParts-1)/maxParts)
	if u.sums, err = u.partSums(ctx); err != nil {
		return "", err
	}
	etag, err = u.send(ctx, u.unfinished(ctx))
	if !over(err) {
		return etag, err
	}
	// Perhaps it was completed, by this one, whose answer was lost, or by
	// another one of the same file.
	there, _, err := u.store.Stat(ctx, u.key)
	switch {
	case err != nil || there.ETag != u.etag():
		return u.send(ctx, unfinished{})
	case u.conditional:
		return "", publish.ErrCondition
	}
	return there.ETag, nil
}

// over says that an upload is no more, or has parts of another file.
func over(err error) bool {
	var answer minio.ErrorResponse
	return errors.As(err, &answer) && (answer.Code == minio.NoSuchUpload || answer.Code == minio.InvalidPart)
}

// send goes on with an upload, or begins one. Where it is cut off, or only its
// condition is refused, the parts that are there are left for the next one to
// go on with.
func (u *upload) send(ctx context.Context, from unfinished) (etag string, err error) {
	s, bucket := u.store, u.store.config.Bucket
	if from.id == "" {
		err = s.retry(ctx, u.key, func() (err error) {
			from.id, err = s.client.NewMultipartUpload(ctx, bucket, u.key, u.begin)
			return err
		})
		if err != nil {
			return "", err
		}
	}
	parts, err := u.sendParts(ctx, from)
	if err == nil {
		err = s.retry(ctx, u.key, func() error {
			info, err := s.client.CompleteMultipartUpload(ctx, bucket, u.key, from.id, parts, u.complete)
			etag = info.ETag
			return err
		})
	}
	if err != nil && ctx.Err() == nil && !s.passing(err) && !over(err) && !refusesConditions(err) {
		ctx, cancel := context.WithTimeout(ctx, abortTimeout)
		defer cancel()
		s.retry(ctx, u.key, func() error { return s.client.AbortMultipartUpload(ctx, bucket, u.key, from.id) })
	}
	return etag, err
}

func (u *upload) sendParts(ctx context.Context, from unfinished) ([]minio.CompletePart, error) {
	parts := make([]minio.CompletePart, len(u.sums))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(parallelParts)
	for i, sum := range u.sums {
		if from.parts[i] {
			parts[i] = minio.CompletePart{PartNumber: i + 1, ETag: hex.EncodeToString(sum[:])}
			u.sent(i)
			continue
		}
		g.Go(func() error {
			err := u.store.retry(ctx, u.key+"/"+strconv.Itoa(i), func() error {
				body := u.part(i)
				p, err := u.store.client.PutObjectPart(ctx, u.store.config.Bucket, u.key, from.id, i+1, body, body.Size(),
					minio.PutObjectPartOptions{Md5Base64: base64.StdEncoding.EncodeToString(sum[:]), DisableContentSha256: true})
				parts[i] = minio.CompletePart{PartNumber: i + 1, ETag: p.ETag}
				return err
			})
			if err == nil {
				u.sent(i)
			}
			return err
		})
	}
	return parts, g.Wait()
}

// sent counts the i-th part.
func (u *upload) sent(i int) {
	if u.content.Sent != nil {
		u.content.Sent.Add(u.part(i).Size())
	}
}

// part is the i-th part of the file, counted from 0. The last may be shorter.
func (u *upload) part(i int) *io.SectionReader {
	at := int64(i) * u.partSize
	return io.NewSectionReader(u.file, at, min(u.partSize, u.content.Size-at))
}

// partSums gives the MD5 of each part.
func (u *upload) partSums(ctx context.Context) ([][md5.Size]byte, error) {
	var sums [][md5.Size]byte
	whole, one := md5.New(), md5.New()
	for int64(len(sums))*u.partSize < u.content.Size {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		one.Reset()
		if _, err := io.Copy(io.MultiWriter(whole, one), u.part(len(sums))); err != nil {
			return nil, err
		}
		sums = append(sums, [md5.Size]byte(one.Sum(nil)))
	}
	if [md5.Size]byte(whole.Sum(nil)) != u.content.MD5 {
		return nil, fmt.Errorf("content has not the MD5 %x that was announced", u.content.MD5)
	}
	return sums, nil
}

// etag is the entity tag that S3 gives an object of these parts.
func (u *upload) etag() string {
	all := md5.New()
	for _, sum := range u.sums {
		all.Write(sum[:])
	}
	return fmt.Sprintf("%x-%d", all.Sum(nil), len(u.sums))
}
