package device_test

import (
	"bytes"
	"strings"
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
		p := releases.Project{Slug: "s", Prefix: "x/y", BaseURL: tt.base, BucketDigits: 3, CohortDigits: 1}
		header, err := device.Header(p, device.Promise{MaxCohort: 40})
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range append(tt.want, "COHORT_DIGITS 1", "BUCKET_DIGITS 3", "MAX_SERIAL 128", "MAX_COHORT 40") {
			if !bytes.Contains(header, []byte("\n#define CAIRN_OTA_"+want+"\n")) {
				t.Errorf("%s: no %s", tt.base, want)
			}
		}
	}
}

func TestPromise(t *testing.T) {
	fleet := &releases.Fleet{Cohorts: []*releases.Cohort{
		{Slug: "a-cohort-of-23-bytes-xx", File: "cohorts/a.toml", Devices: []releases.Device{{Serial: strings.Repeat("x", 32), Line: 7}}},
	}}
	for _, tt := range []struct {
		promise device.Promise
		want    string
	}{
		{device.Promise{}, ""},
		{device.Promise{MaxSerial: 32, MaxCohort: 23}, ""},
		{device.Promise{MaxSerial: 31}, "cohorts/a.toml:7: serial \"" + strings.Repeat("x", 32) + "\" has 32 bytes, and the header would promise 31 at most"},
		{device.Promise{MaxCohort: 22}, `cohort "a-cohort-of-23-bytes-xx" has 23 bytes, and the header would promise 22 at most`},
		{device.Promise{MaxSerial: 129}, "a serial of at most 129 bytes: the bound is 1 to 128"},
		{device.Promise{MaxSerial: -1}, "a serial of at most -1 bytes: the bound is 1 to 128"},
		{device.Promise{MaxCohort: 6}, "a cohort of at most 6 bytes: the bound is 7 to 200"},
		{device.Promise{MaxCohort: 201}, "a cohort of at most 201 bytes: the bound is 7 to 200"},
	} {
		got := ""
		if err := tt.promise.Check(fleet); err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.promise, got, tt.want)
		}
	}
}
