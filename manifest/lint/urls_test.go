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

		"https://github.com/acme/fw/blob/main/fw.bin?raw=true":                       "",
		"https://gitlab.com/acme/fw/-/raw/main/fw.bin":                               "",
		"https://gitlab.com/acme/fw/-/releases/v1/downloads/fw.bin":                  "",
		"https://gitlab.com/acme/fw/-/jobs/artifacts/main/raw/fw.bin?job=build":      "",
		"https://gitlab.com/acme/fw/-/jobs/artifacts/main/file/fw.bin?job=build":     "web-page-url",
		"https://api.github.com/repos/acme/fw/releases/assets/1":                     "web-page-url",
		"https://github.com/acme/fw/releases/latest/download/fw.bin":                 "",
		"https://bitbucket.org/acme/fw/src/main/fw.bin":                              "web-page-url",
		"https://bitbucket.org/acme/fw/raw/main/fw.bin":                              "",
		"https://bitbucket.org/acme/fw/downloads/fw.bin":                             "",
		"https://bitbucket.example.com/projects/FW/repos/fw/browse/fw.bin":           "web-page-url",
		"https://dev.azure.com/acme/fw/_git/fw?path=/fw.bin":                         "web-page-url",
		"https://dev.azure.com/acme/fw/_apis/git/repositories/fw/items?path=/fw.bin": "",
		"https://sourceforge.net/projects/fw/files/1.0/fw.bin/download":              "web-page-url",
		"https://downloads.sourceforge.net/project/fw/1.0/fw.bin":                    "",
		"https://drive.google.com/file/d/1aB/view?usp=sharing":                       "web-page-url",
		"https://drive.google.com/uc?export=download&id=1aB":                         "",
		"https://www.dropbox.com/scl/fi/x/fw.bin?rlkey=y&dl=0":                       "web-page-url",
		"https://www.dropbox.com/scl/fi/x/fw.bin?rlkey=y&dl=1":                       "",
		"https://1drv.ms/u/s!Ab":                                                     "web-page-url",
		"https://huggingface.co/acme/fw/blob/main/fw.bin":                            "web-page-url",
		"https://huggingface.co/acme/fw/resolve/main/fw.bin":                         "",
		"https://git.sr.ht/~acme/fw/tree/main/item/fw.bin":                           "web-page-url",
		"https://git.sr.ht/~acme/fw/blob/main/fw.bin":                                "",
		"https://git.example.com/acme/fw.git/tree/fw.bin":                            "web-page-url",
		"https://eu-west-1.console.aws.amazon.com/s3/object/b?prefix=fw.bin":         "web-page-url",
		"https://storage.cloud.google.com/b/fw.bin":                                  "web-page-url",
		"https://acme.jfrog.io/ui/native/fw/fw.bin":                                  "web-page-url",
		"https://acme.jfrog.io/artifactory/fw/fw.bin":                                "",
		"https://acme.blob.core.windows.net/b/fw.bin?si=policy&sig=x":                "expiring-url",
		"https://cdn.example.com/fw.bin?hdnts=exp=1~acl=*~hmac=x":                    "expiring-url",
		"https://acme.blob.core.windows.net/tree/blob/fw.bin":                        "",
		"https://cdn.example.com/releases/fw.bin":                                    "",
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
