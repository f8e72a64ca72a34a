package s3store

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go/logging"
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
// a web identity, of AWS_PROFILE in the shared configuration and credentials
// files, roles and single sign-on included, or of the container or the instance
// that this runs as. They are looked up for the first request and again when
// they expire.
//
// It reads the environment: the choice to do so is the caller's.
func EnvironmentCredentials() Credentials {
	return Credentials{credentials.New(&environment{})}
}

// lookupTimeout bounds the search: outside of a cloud nobody answers for an
// instance.
const lookupTimeout = 15 * time.Second

// environment gives minio-go the credentials that the AWS SDK finds.
type environment struct {
	found   aws.CredentialsProvider
	profile config.SharedConfig
	lasting bool
	credentials.Expiry
}

func (e *environment) RetrieveWithCredContext(cc *credentials.CredContext) (credentials.Value, error) {
	if v, err := (&credentials.EnvAWS{}).RetrieveWithCredContext(cc); err == nil && v.AccessKeyID != "" && v.SecretAccessKey != "" {
		e.lasting = true // whatever is in the files
		return v, nil
	}
	outer := context.Background()
	if cc != nil && cc.Context != nil {
		outer = cc.Context
	}
	ctx, cancel := context.WithTimeout(outer, lookupTimeout)
	defer cancel()
	v, err := e.lookUp(ctx)
	switch {
	case outer.Err() != nil:
		return credentials.Value{}, outer.Err()
	case err != nil:
		// Not wrapped: what this has waited for doesn't pass.
		return credentials.Value{}, fmt.Errorf("no credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set, and %v\nwhere the AWS command line finds some, this hands them on: eval \"$(aws configure export-credentials --format env)\"", err)
	}
	e.lasting = !v.CanExpire
	e.SetExpiration(v.Expires, credentials.DefaultExpiryWindow)
	return credentials.Value{
		AccessKeyID: v.AccessKeyID, SecretAccessKey: v.SecretAccessKey, SessionToken: v.SessionToken,
		Expiration: v.Expires, SignerType: credentials.SignatureV4,
	}, nil
}

func (e *environment) lookUp(ctx context.Context) (aws.Credentials, error) {
	if e.found == nil {
		c, err := config.LoadDefaultConfig(ctx,
			config.WithDefaultRegion("us-east-1"), // of STS, where no other is named
			config.WithLogger(logging.Nop{}))
		if err != nil {
			return aws.Credentials{}, err
		}
		for _, source := range c.ConfigSources {
			if shared, ok := source.(config.SharedConfig); ok {
				e.profile = shared
			}
		}
		e.found = c.Credentials
	}
	v, err := e.found.Retrieve(ctx)
	if err != nil && e.profile.RoleARN != "" {
		err = fmt.Errorf("the role_arn %s of profile %q cannot be assumed: %w", e.profile.RoleARN, e.profile.Profile, err)
	}
	return v, err
}

func (e *environment) Retrieve() (credentials.Value, error) { return e.RetrieveWithCredContext(nil) }

func (e *environment) IsExpired() bool { return !e.lasting && e.Expiry.IsExpired() }
