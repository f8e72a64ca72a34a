package s3store

import (
	"context"
	"crypto/tls"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/minio/minio-go/v7"
)

// minio-go would retry for four seconds or so, also what never gets better,
// and neither where a body ends early nor when it asks for the region.
const (
	// attempts is how often a request is made at most.
	attempts = 10
	// patience is how long after the first failure the last attempt begins.
	patience = 30 * time.Second
	// The pause between attempts doubles from the first to the longest: they
	// make 11 to 22 seconds in all.
	firstPause   = 100 * time.Millisecond
	longestPause = 5 * time.Second
)

// retry calls do until it succeeds or fails for good, which for any failure is
// so after some attempts. The key is what it is about.
func (s *Store) retry(ctx context.Context, key string, do func() error) error {
	var over <-chan time.Time
	for attempt := 1; ; attempt++ {
		err := do()
		if err == nil || ctx.Err() != nil || !s.passing(err) {
			return err
		}
		if s.check != nil {
			if err := s.check(); err != nil {
				return err
			}
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

// passing reports whether the same request may succeed a little later.
func (s *Store) passing(err error) bool {
	var answer minio.ErrorResponse
	if errors.As(err, &answer) {
		return s.passingAnswer(answer)
	}
	var (
		malformed   *xml.SyntaxError
		file        *fs.PathError
		certificate *tls.CertificateVerificationError
		notTLS      tls.RecordHeaderError
		name        *net.DNSError
		connection  net.Error // and what [http.Client] gives, whatever is in it
	)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &malformed): // the answer ended early
		return true
	case errors.As(err, &file), errors.As(err, &certificate), errors.As(err, &notTLS), errors.Is(err, http.ErrSchemeMismatch):
		return false
	case errors.As(err, &name):
		return !name.IsNotFound
	}
	return errors.As(err, &connection)
}

func (s *Store) passingAnswer(answer minio.ErrorResponse) bool {
	switch answer.Code {
	case minio.AuthorizationHeaderMalformed:
		// minio-go has learned the region from the answer.
		return s.config.Region == "" && answer.Region != ""
	case "OperationAborted", "ConditionalRequestConflict", // another is under way
		minio.InternalError, "RequestTimeout", "SlowDown", "SlowDownRead", "SlowDownWrite",
		"Throttling", "ThrottlingException", "RequestLimitExceeded", "RequestThrottled":
		return true
	}
	switch answer.StatusCode {
	case http.StatusRequestTimeout, http.StatusTooManyRequests:
		return true
	case http.StatusNotImplemented, http.StatusInsufficientStorage:
		return false
	}
	return answer.StatusCode >= 500
}
