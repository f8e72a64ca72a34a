package device_test

import (
	"bytes"
	"testing"

	"cairn/releases"
	"cairn/templates/device"
)

func TestConstants(t *testing.T) {
	for _, tt := range []struct {
		base string
		want []string
	}{
		{"https://ota.example.com", []string{`ORIGIN "https://ota.example.com"`, `HOST "ota.example.com"`, "PORT 443", "TLS 1", `ROOT "/x/y/v1"`}},
		{"http://[::1]:8080/a/b", []string{`ORIGIN "http://[::1]:8080"`, `HOST "::1"`, "PORT 8080", "TLS 0", `ROOT "/a/b/x/y/v1"`}},
		{`HTTP://h/a"\b`, []string{`ORIGIN "HTTP://h"`, "PORT 80", `ROOT "/a\"\\b/x/y/v1"`}},
	} {
		p := releases.Project{Slug: "s", Prefix: "x/y", BaseURL: tt.base, BucketDigits: 3, CohortDigits: 1, MaxSerial: 17}
		header, err := device.Header(p, device.Options{MaxCohort: 40})
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range append(tt.want, "COHORT_DIGITS 1", "BUCKET_DIGITS 3", "MAX_SERIAL 17", "MAX_COHORT 40") {
			if !bytes.Contains(header, []byte("\n#define CAIRN_OTA_"+want+"\n")) {
				t.Errorf("%s: no %s", tt.base, want)
			}
		}
	}
}

func TestCheck(t *testing.T) {
	fleet := &releases.Fleet{Cohorts: []*releases.Cohort{{Slug: "a-cohort-of-23-bytes-xx"}}}
	for most, want := range map[int]string{
		63: "", 23: "",
		22:  `cohort "a-cohort-of-23-bytes-xx" has 23 bytes, and the header would promise 22 at most`,
		6:   "a cohort of at most 6 bytes: the bound is 7 to 200",
		201: "a cohort of at most 201 bytes: the bound is 7 to 200",
	} {
		got := ""
		if err := device.Check(fleet, device.Options{MaxCohort: most, MaxKeys: 3}); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%d: %q, want %q", most, got, want)
		}
	}
}
