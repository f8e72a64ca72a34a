package s3store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/minio/minio-go/v7/pkg/credentials"
)

// Credentials sign requests. The zero value doesn't: as for a bucket that
// anybody may read.
type Credentials struct{ provider *credentials.Credentials }

// StaticCredentials are the given keys. The session token is empty but for
// temporary ones.
func StaticCredentials(accessKey, secretKey, sessionToken string) Credentials {
	return Credentials{credentials.NewStaticV4(accessKey, secretKey, sessionToken)}
}

// EnvironmentCredentials are the ones that the AWS tools would use: those of
// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, else those of
// AWS_PROFILE in the shared configuration and credentials files, else those of
// the web identity, the container or the instance that this runs as. They are
// looked up for the first request and again when they expire.
//
// It reads the environment: the choice to do so is the caller's.
func EnvironmentCredentials() Credentials {
	return Credentials{credentials.New(&environment{})}
}

// lookupTimeout bounds the requests for a role's credentials, which outside of
// a cloud nobody answers.
const lookupTimeout = 5 * time.Second

// environment is a [credentials.Chain] that says why it found nothing.
type environment struct{ found credentials.Provider }

func (e *environment) RetrieveWithCredContext(cc *credentials.CredContext) (credentials.Value, error) {
	if cc == nil {
		cc = &credentials.CredContext{}
	}
	bounded := *cc
	if bounded.Context == nil {
		bounded.Context = context.Background()
	}
	var cancel context.CancelFunc
	bounded.Context, cancel = context.WithTimeout(bounded.Context, lookupTimeout)
	defer cancel()

	var reasons []string
	for _, source := range []struct {
		name string
		credentials.Provider
	}{
		{"AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", &credentials.EnvAWS{}},
		{"the files of AWS_PROFILE, AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE", &credentials.FileAWSCredentials{}},
		{"the role of AWS_WEB_IDENTITY_TOKEN_FILE, the container or the instance", &credentials.IAM{}},
	} {
		v, err := source.RetrieveWithCredContext(&bounded)
		if err == nil && v.AccessKeyID != "" && v.SecretAccessKey != "" {
			e.found = source.Provider
			return v, nil
		}
		if err == nil {
			err = errors.New("not set")
		}
		reasons = append(reasons, fmt.Sprintf("%s (%v)", source.name, err))
	}
	if cc.Context != nil && cc.Context.Err() != nil {
		return credentials.Value{}, cc.Context.Err()
	}
	return credentials.Value{}, errors.New("no credentials found in " + strings.Join(reasons, ", "))
}

func (e *environment) Retrieve() (credentials.Value, error) { return e.RetrieveWithCredContext(nil) }

func (e *environment) IsExpired() bool { return e.found == nil || e.found.IsExpired() }
