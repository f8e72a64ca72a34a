package s3store_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cairn/publish"
	"cairn/publish/s3store"
	"cairn/publish/storetest"
)

// sts sends what is for the S3 server there, and answers for STS: a token gets
// the server's keys.
type sts struct {
	*testing.T
	server  *storetest.S3Server
	expires time.Time
	asked   []url.Values
}

func (s *sts) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host != "sts.eu-central-1.amazonaws.com" {
		return http.DefaultTransport.RoundTrip(r)
	}
	if r.URL.Scheme != "https" {
		s.Errorf("the token is sent to %s", r.URL)
	}
	if err := r.ParseForm(); err != nil {
		return nil, err
	}
	s.asked = append(s.asked, r.Form)
	answer := fmt.Sprintf(`<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Credentials>
		<AccessKeyId>%s</AccessKeyId><SecretAccessKey>%s</SecretAccessKey><Expiration>%s</Expiration>
		</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`,
		s.server.AccessKey, s.server.SecretKey, s.expires.Format(time.RFC3339))
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(answer)), Request: r}, nil
}

// TestWebIdentity is a CI job that has a token instead of keys.
func TestWebIdentity(t *testing.T) {
	server := storetest.S3(t)
	token := filepath.Join(t.TempDir(), "token")
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_PROFILE": "",
		"AWS_CONFIG_FILE": filepath.Join(t.TempDir(), "config"), "AWS_SHARED_CREDENTIALS_FILE": filepath.Join(t.TempDir(), "credentials"),
		"AWS_WEB_IDENTITY_TOKEN_FILE": token, "AWS_ROLE_ARN": "arn:aws:iam::1:role/publish", "AWS_ROLE_SESSION_NAME": "cairn-publish", "AWS_REGION": "eu-central-1",
	} {
		t.Setenv(name, value)
	}
	for _, test := range []struct {
		name    string
		expires time.Time
		tokens  []string
	}{
		{"lasting", time.Now().Add(time.Hour), []string{"first"}},
		{"expired", time.Now().Add(-time.Hour), []string{"first", "second"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			issuer := &sts{T: t, server: server, expires: test.expires}
			c := config(server)
			c.Credentials, c.Transport = s3store.EnvironmentCredentials(), issuer
			store := open(t, c)
			for _, content := range []string{"first", "second"} {
				if err := os.WriteFile(token, []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
				if err := store.Put(t.Context(), content, publish.BytesContent(nil), publish.Header{}); err != nil {
					t.Fatal(err)
				}
			}
			if len(issuer.asked) != len(test.tokens) {
				t.Fatalf("asked for %v", issuer.asked)
			}
			for i, form := range issuer.asked {
				if form.Get("WebIdentityToken") != test.tokens[i] || form.Get("RoleArn") != "arn:aws:iam::1:role/publish" || form.Get("RoleSessionName") != "cairn-publish" {
					t.Errorf("asked for %v", form)
				}
			}
		})
	}
}
