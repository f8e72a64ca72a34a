package s3store

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"

	"cairn/publish"
)

// operation is what was asked of the bucket, and what that takes.
type operation struct{ name, permission string }

var (
	list   = operation{"list", "s3:ListBucket"}
	get    = operation{"get", "s3:GetObject, and s3:ListBucket to tell a missing object from a forbidden one"}
	stat   = operation{"stat", get.permission}
	put    = operation{"put", "s3:PutObject"}
	putIf  = operation{"put", "s3:PutObject and s3:GetObject"}
	remove = operation{"delete", "s3:DeleteObject"}
)

var errMissing = fmt.Errorf("no such object: %w", fs.ErrNotExist)

// failed says what failed and what to do about it. It is nil if err is.
func (s *Store) failed(op operation, key string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%v: %s %q: %w", s, op.name, key, s.explain(op, err))
}

func (s *Store) explain(op operation, err error) error {
	var answer minio.ErrorResponse
	if !errors.As(err, &answer) {
		return err
	}
	// The code decides, not the status: a missing key, bucket, upload or user
	// are all 404.
	if op == putIf && refusesConditions(err) {
		return fmt.Errorf("%w: %w", err, publish.ErrRefused)
	}
	if clock := s.wrongClock(answer); clock != "" {
		return fmt.Errorf("%s, which refuses what is signed at another time: set it: %w", clock, err)
	}
	switch answer.Code {
	case minio.NoSuchKey:
		if op == putIf {
			return publish.ErrCondition
		}
		return errMissing
	case minio.NoSuchBucket:
		return fmt.Errorf("there is no such bucket at %s: %w", s.config.Endpoint, err)
	case minio.AccessDenied, minio.AllAccessDisabled:
		if op == stat { // whose answer has no body, and so no reason
			return fmt.Errorf("the credentials are wrong, or lack %s: %w", op.permission, err)
		}
		return fmt.Errorf("the credentials lack %s: %w", op.permission, err)
	case minio.InvalidAccessKeyID, minio.SignatureDoesNotMatch, "InvalidToken", "ExpiredToken", "XAdminUserNotFound":
		return fmt.Errorf("the server refuses the credentials: %w", err)
	case minio.AuthorizationHeaderMalformed, minio.InvalidRegion, "PermanentRedirect", "IllegalLocationConstraintException":
		return fmt.Errorf("the region %q is wrong%s: %w", s.config.Region, inRegion(answer), err)
	case "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "QuotaExceeded", "InsufficientStorage":
		return fmt.Errorf("%w: %w", err, publish.ErrFull)
	case minio.BadDigest:
		return fmt.Errorf("content has not the MD5 that was announced: %w", err)
	case minio.PreconditionFailed, "ConditionalRequestConflict":
		if op == putIf {
			return publish.ErrCondition
		}
		return fmt.Errorf("the object changed while it was read: %w", err)
	}
	return err
}

// tolerance is how wrong a clock may be before a refusal is put down to it. S3
// takes 15 minutes, other services less.
const tolerance = 2 * time.Minute

// wrongClock is what is wrong with the clock of this machine, if that is why an
// answer refuses a request.
func (s *Store) wrongClock(answer minio.ErrorResponse) string {
	skew := time.Duration(s.gate.skew.Load()).Round(time.Second)
	switch {
	case answer.StatusCode != http.StatusForbidden && answer.Code != "RequestTimeTooSkewed" && answer.Code != "RequestExpired":
		return ""
	case skew >= tolerance:
		return fmt.Sprintf("the clock of this machine is %s behind that of the store", skew)
	case skew <= -tolerance:
		return fmt.Sprintf("the clock of this machine is %s ahead of that of the store", -skew)
	case answer.Code == "RequestTimeTooSkewed":
		return "the clock of this machine is not that of the store"
	}
	return ""
}

func inRegion(answer minio.ErrorResponse) string {
	if answer.Region == "" {
		return ""
	}
	return fmt.Sprintf(", the bucket is in %q", answer.Region)
}

// refusesConditions says whether a conditional write was refused for being one,
// as far as the answer tells: services have several codes for that.
func refusesConditions(err error) bool {
	var answer minio.ErrorResponse
	if !errors.As(err, &answer) {
		return false
	}
	switch answer.StatusCode {
	case http.StatusNotImplemented, http.StatusMethodNotAllowed:
		return true
	case http.StatusBadRequest:
		switch answer.Code {
		case minio.NotImplemented, minio.InvalidArgument, "InvalidRequest", "UnsupportedHeader", "BadRequest", "400 Bad Request":
			return true
		}
		message := strings.ToLower(answer.Message)
		return strings.Contains(message, "if-match") || strings.Contains(message, "if-none-match")
	}
	return false
}
