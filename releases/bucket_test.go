package releases_test

import (
	"strings"
	"testing"

	"cairn/releases"
)

func TestBucketNames(t *testing.T) {
	for _, test := range []struct{ to, endpoint, want string }{
		{"acme-ota", "", ""},
		{"acme.ota.1", "", ""},
		{"Acme", "", `S3 has no bucket "Acme"`},
		{"acme_ota", "https://s3.eu-central-1.amazonaws.com", `S3 has no bucket "acme_ota"`},
		{"192.168.1.1", "", `S3 has no bucket "192.168.1.1"`},
		{"acme_ota", "https://minio.example.com", ""},
		{"ota", "https://ota.example.com", ""},
		{"acme-ota", "https://acme-ota.s3.eu-central-1.amazonaws.com", `write endpoint = "https://s3.eu-central-1.amazonaws.com"`},
		{"acme-ota", "https://acme-ota.fra1.digitaloceanspaces.com", `write endpoint = "https://fra1.digitaloceanspaces.com"`},
	} {
		text := "[project]\nslug = \"demo\"\nbase_url = \"https://ota.example.com\"\n[publish]\nto = \"s3://" + test.to + "\"\n"
		if test.endpoint != "" {
			text += "endpoint = \"" + test.endpoint + "\"\n"
		}
		_, err := releases.ReadProject([]byte(text))
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s at %q: %v", test.to, test.endpoint, err)
		}
	}
}
