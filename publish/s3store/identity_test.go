package s3store_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
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

// sts answers for STS: whoever asks gets the server's keys.
type sts struct {
	*storetest.S3Server
	expires time.Time
	asked   []url.Values // and who has signed that, as "signed"
}

func (s *sts) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.Form.Set("signed", r.Header.Get("Authorization"))
	s.asked = append(s.asked, r.Form)
	action := r.Form.Get("Action")
	fmt.Fprintf(w, `<%[1]sResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><%[1]sResult><Credentials>
		<AccessKeyId>%[2]s</AccessKeyId><SecretAccessKey>%[3]s</SecretAccessKey><SessionToken></SessionToken><Expiration>%[4]s</Expiration>
		</Credentials></%[1]sResult></%[1]sResponse>`, action, s.AccessKey, s.SecretKey, s.expires.UTC().Format(time.RFC3339))
}

// identify makes the environment that of somebody without keys, and gives what
// answers for STS.
func identify(t *testing.T, expires time.Time, environment map[string]string) *sts {
	t.Helper()
	issuer := &sts{S3Server: storetest.S3(t), expires: expires}
	server := httptest.NewServer(issuer)
	t.Cleanup(server.Close)
	dir := t.TempDir()
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_REGION", "AWS_DEFAULT_REGION"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_ENDPOINT_URL_STS", server.URL)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(dir, "config"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(dir, "credentials"))
	for name, value := range environment {
		t.Setenv(name, value)
	}
	return issuer
}

// TestWebIdentity is a CI job that has a token instead of keys.
func TestWebIdentity(t *testing.T) {
	token := filepath.Join(t.TempDir(), "token")
	for _, test := range []struct {
		name    string
		expires time.Time
		tokens  []string
	}{
		{"lasting", time.Now().Add(time.Hour), []string{"first"}},
		{"expired", time.Now().Add(-time.Hour), []string{"first", "second"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			issuer := identify(t, test.expires, map[string]string{
				"AWS_WEB_IDENTITY_TOKEN_FILE": token, "AWS_ROLE_ARN": "arn:aws:iam::1:role/publish", "AWS_ROLE_SESSION_NAME": "cairn-publish",
			})
			c := config(issuer.S3Server)
			c.Credentials = s3store.EnvironmentCredentials()
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

// TestProfiles are those that hold no keys themselves.
func TestProfiles(t *testing.T) {
	for _, test := range []struct {
		profile string
		signed  string // of what STS is asked; "" where it isn't
		want    string // in the error; "" for none
	}{
		{"role", "Credential=AKIAEXAMPLE/", ""},
		{"chain", "Credential=AKIAEXAMPLE/", ""},
		{"process", "", ""},
		{"instance", "", `the role_arn arn:aws:iam::1:role/publish of profile "instance" cannot be assumed`},
		{"mfa", "", "assume role with MFA"},
		{"no-such", "", "no-such"},
	} {
		t.Run(test.profile, func(t *testing.T) {
			issuer := identify(t, time.Now().Add(time.Hour), map[string]string{"AWS_PROFILE": test.profile})
			role := "role_arn = arn:aws:iam::1:role/publish\nregion = eu-central-1\n"
			configuration := "[profile base]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = secret\n" +
				"[profile role]\nsource_profile = base\nexternal_id = fleet\n" + role +
				"[profile chain]\nsource_profile = role\n" + role +
				"[profile instance]\ncredential_source = Ec2InstanceMetadata\n" + role +
				"[profile mfa]\nsource_profile = base\nmfa_serial = arn:aws:iam::1:mfa/ada\n" + role +
				fmt.Sprintf("[profile process]\ncredential_process = printf '{\"Version\":1,\"AccessKeyId\":\"%s\",\"SecretAccessKey\":\"%s\"}'\n", issuer.AccessKey, issuer.SecretKey)
			if err := os.WriteFile(os.Getenv("AWS_CONFIG_FILE"), []byte(configuration), 0o600); err != nil {
				t.Fatal(err)
			}
			c := config(issuer.S3Server)
			c.Credentials = s3store.EnvironmentCredentials()
			err := open(t, c).Put(t.Context(), "a", publish.BytesContent(nil), publish.Header{})
			switch {
			case test.want == "" && err != nil:
				t.Error(err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "aws configure export-credentials")):
				t.Errorf("put: %v", err)
			case test.signed == "" && len(issuer.asked) > 0, test.signed != "" && len(issuer.asked) == 0:
				t.Errorf("asked for %v", issuer.asked)
			case test.signed != "":
				form := issuer.asked[0]
				if form.Get("RoleArn") != "arn:aws:iam::1:role/publish" || form.Get("ExternalId") != "fleet" || !strings.Contains(form.Get("signed"), test.signed) || !strings.Contains(form.Get("signed"), "/eu-central-1/sts/") {
					t.Errorf("asked for %v", form)
				}
			}
		})
	}
}
