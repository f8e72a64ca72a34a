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
		{"ac", "https://minio.example.com", `S3 has no bucket "ac"`},
		{"acme.-ota", "", `S3 has no bucket "acme.-ota"`},
		{"xn--acme", "", `S3 has no bucket "xn--acme"`},
		{"acme--table-s3", "", `S3 has no bucket "acme--table-s3"`},
		{"xn--acme", "https://minio.example.com", ""},
		{"acme-ota", "https://ACME-OTA.s3.amazonaws.com", `write endpoint = "https://s3.amazonaws.com"`},
		{"acme-ota", "http://acme-ota.localhost:9000", `write endpoint = "http://localhost:9000"`},
		{"acme-ota", "https://acme-ota.eu-central-1.linodeobjects.com", `write endpoint = "https://eu-central-1.linodeobjects.com"`},
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
