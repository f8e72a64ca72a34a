package audit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strconv"
	"time"

	"cairn/publish"
	"cairn/publish/retry"
)

// Web is what devices see below a URL, without a slash at its end. The
// transport must not decompress what it gets.
func Web(base string, transport http.RoundTripper) Source {
	return &web{base, http.Client{
		Transport: transport,
		// A device may not follow a redirection.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

type web struct {
	base   string
	client http.Client
}

func (w *web) Traits() publish.Traits {
	return publish.Traits{Headers: true, Parallel: publish.DefaultConcurrency}
}

// attempts is how often a request is made at most, within three seconds or so.
const attempts = 6

func (w *web) Look(ctx context.Context, key string, content bool, show func(*Answer) error) error {
	return retry.Do(ctx, attempts, key, func(err error) error {
		var status *StatusError
		if errors.As(err, &status) && retry.PassingStatus(status.Code) || retry.Passing(err) {
			return nil
		}
		return err
	}, func() error { return w.look(ctx, key, content, show) })
}

// look is one attempt.
func (w *web) look(ctx context.Context, key string, content bool, show func(*Answer) error) error {
	method := http.MethodGet
	if !content {
		method = http.MethodHead
	}
	// No Accept-Encoding: the encodings of an answer have keys of their own.
	r, err := http.NewRequestWithContext(ctx, method, w.base+"/"+key, nil)
	if err != nil {
		return err
	}
	answer, err := w.client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	a := &Answer{
		Size: answer.ContentLength,
		Header: publish.Header{
			ContentType:     answer.Header.Get("Content-Type"),
			ContentEncoding: answer.Header.Get("Content-Encoding"),
			CacheControl:    answer.Header.Get("Cache-Control"),
		},
		Age: ageOf(answer.Header),
	}
	if answer.StatusCode != http.StatusOK {
		const rest = 64 << 10 // so that the connection can be used again
		_, _ = io.CopyN(io.Discard, answer.Body, rest)
		return &StatusError{answer.StatusCode, answer.Status, a.Age}
	}
	if content {
		a.Content = answer.Body
	}
	if err := show(a); err != nil {
		return fmt.Errorf("get %q: %w: %w", r.URL, io.ErrUnexpectedEOF, err)
	}
	return nil
}

// ageOf is the Age of RFC 9111 section 5.1, in seconds.
func ageOf(h http.Header) time.Duration {
	seconds, err := strconv.ParseUint(h.Get("Age"), 10, 31)
	if err != nil {
		return unstated
	}
	return time.Duration(seconds) * time.Second
}

// Is says that a status means a missing key: S3 answers 403 to who may not
// list the bucket.
func (e *StatusError) Is(target error) bool {
	return target == fs.ErrNotExist && (e.Code == http.StatusNotFound || e.Code == http.StatusForbidden || e.Code == http.StatusGone)
}
