package lint_test

import (
	"fmt"
	"strings"
	"testing"
)

func TestURLs(t *testing.T) {
	for url, want := range map[string]string{
		"https://cdn.example.com/fw.bin":                                                                      "",
		"https://cdn.example.com/fw.bin?v=2":                                                                  "",
		"https://github.com/acme/fw/releases/download/v1/fw.bin":                                              "",
		"https://github.com/acme/fw/raw/v1/fw.bin":                                                            "",
		"https://b.s3.amazonaws.com/fw.bin?X-Amz-Date=20261126T000000Z&X-Amz-Expires=3600&X-Amz-Signature=ab": "expiring-url",
		"https://b.s3.amazonaws.com/fw.bin?AWSAccessKeyId=A&Expires=1&Signature=x":                            "expiring-url",
		"https://storage.googleapis.com/b/fw.bin?X-Goog-Expires=900&X-Goog-Signature=x":                       "expiring-url",
		"https://acme.blob.core.windows.net/b/fw.bin?sv=2024&se=2026-12-01T00%3A00%3A00Z&sig=x":               "expiring-url",
		"https://cdn.example.com/fw.bin?Expires=1&Signature=x&Key-Pair-Id=K":                                  "expiring-url",
		"https://ci:secret@cdn.example.com/fw.bin":                                                            "secret-in-url",
		"https://gitlab.com/api/v4/projects/1/packages/fw.bin?private_token=x":                                "secret-in-url",
		"s3://bucket/fw.bin":                               "other-url-scheme",
		"file://host/fw.bin":                               "other-url-scheme",
		"https://github.com/acme/fw/blob/main/fw.bin":      "web-page-url",
		"https://github.com/acme/fw/releases/tag/v1":       "web-page-url",
		"https://gitlab.com/acme/fw/-/blob/main/fw.bin":    "web-page-url",
		"https://codeberg.org/acme/fw/src/branch/a/fw.bin": "web-page-url",
	} {
		files := fmt.Sprintf("\n-- releases/1.2.0.toml --\nversion = \"1.2.0\"\n[payload.main.mp]\nurl = %q\nsize = 1\nsha256 = %q\n", url, strings.Repeat("a", 64))
		var names []string
		for _, w := range check(t, files) {
			names = append(names, w.Name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s: %q, want %q", url, got, want)
		}
	}
}
