package s3store

import (
	"context"
	"encoding/xml"
	"errors"

	"github.com/minio/minio-go/v7"

	"cairn/publish/retry"
)

// attempts is how often a request is made at most; the pauses between make 11
// to 22 seconds in all. minio-go would retry for four seconds or so, also what
// never gets better, and neither where a body ends early nor when it asks for
// the region.
const attempts = 10

// retry calls do until it succeeds or fails for good. The key is what it is
// about.
func (s *Store) retry(ctx context.Context, key string, do func() error) error {
	return retry.Do(ctx, attempts, key, func(err error) error {
		if !s.passing(err) {
			return err
		}
		if s.check != nil {
			return s.check()
		}
		return nil
	}, do)
}

// passing reports whether the same request may succeed a little later.
func (s *Store) passing(err error) bool {
	var answer minio.ErrorResponse
	var malformed *xml.SyntaxError
	if !errors.As(err, &answer) {
		return errors.As(err, &malformed) || retry.Passing(err) // it is malformed where it ended early
	}
	switch answer.Code {
	case minio.AuthorizationHeaderMalformed:
		// minio-go has learned the region from the answer.
		return s.config.Region == "" && answer.Region != ""
	case "OperationAborted", "ConditionalRequestConflict", // another is under way
		minio.InternalError, "RequestTimeout", "SlowDown", "SlowDownRead", "SlowDownWrite",
		"Throttling", "ThrottlingException", "RequestLimitExceeded", "RequestThrottled":
		return true
	}
	return retry.PassingStatus(answer.StatusCode)
}
