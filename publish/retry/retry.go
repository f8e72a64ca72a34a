// Package retry asks a server again for what may succeed a little later. It
// knows no store and imports nothing of cairn.
package retry

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/cespare/xxhash/v2"
)

const (
	// patience is how long after the first failure the last attempt begins.
	patience = 30 * time.Second
	// The pause between attempts doubles from the first to the longest.
	firstPause   = 100 * time.Millisecond
	longestPause = 5 * time.Second
)

// Do calls do until it succeeds or fails for good, which for any failure is so
// after that many attempts, or half a minute. The function again gets each
// failure and gives nil where do may be called again, or the error to end with.
// The key is what it is all about.
func Do(ctx context.Context, attempts int, key string, again func(error) error, do func() error) error {
	var over <-chan time.Time
	for attempt := 1; ; attempt++ {
		err := do()
		if err == nil || ctx.Err() != nil {
			return err
		}
		if final := again(err); final != nil {
			return final
		}
		if attempt == attempts {
			return fmt.Errorf("after %d attempts: %w", attempt, err)
		}
		if over == nil {
			over = time.After(patience)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-over:
			return fmt.Errorf("after %d attempts: %w", attempt, err)
		case <-time.After(pause(key, attempt)):
		}
	}
}

// pause follows the attempt, counted from 1. Its second half is up to the key,
// so that the requests that failed together don't come back together.
func pause(key string, attempt int) time.Duration {
	half := min(longestPause, firstPause<<(attempt-1)) / 2
	draw := xxhash.Sum64String(key+"/"+strconv.Itoa(attempt)) % 1000
	return half + half*time.Duration(draw)/1000
}

// Passing reports whether a request that failed so may succeed a little later:
// where the connection broke, or the answer ended early, or nobody answered.
func Passing(err error) bool {
	var (
		file        *fs.PathError // of the content that was to be sent
		certificate *tls.CertificateVerificationError
		notTLS      tls.RecordHeaderError
		name        *net.DNSError
		connection  net.Error // and what [http.Client] gives, whatever is in it
	)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return true
	case errors.As(err, &file), errors.As(err, &certificate), errors.As(err, &notTLS), errors.Is(err, http.ErrSchemeMismatch):
		return false
	case errors.As(err, &name):
		return !name.IsNotFound
	}
	return errors.As(err, &connection)
}

// PassingStatus reports whether a request with this answer may get another one
// a little later.
func PassingStatus(code int) bool {
	switch code {
	case http.StatusRequestTimeout, http.StatusTooManyRequests:
		return true
	case http.StatusNotImplemented, http.StatusInsufficientStorage:
		return false
	}
	return code >= http.StatusInternalServerError
}
