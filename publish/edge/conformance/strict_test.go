package conformance_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"cairn/publish/edge/conformance"
	"cairn/publish/edge/conformance/conformancetest"
)

// TestAStrictClient finds what such a client does not read.
func TestAStrictClient(t *testing.T) {
	s := conformancetest.Odd()
	var strict conformance.Case
	for _, c := range conformance.Cases(s.Fleet, s.At) {
		if c.Want.Release && strings.Contains(*c.Want.Body, "build_id") {
			strict = c
		}
	}
	if strict.Want.Body == nil {
		t.Fatal("no case is about an answer with a build_id")
	}
	body := *strict.Want.Body
	strict.Want.Body = nil
	for _, test := range []struct{ old, new, want string }{
		{"", "", ""},
		{`"is_forced":false`, `"is_forced":null`, "is_forced is missing or null"},
		{`"notes":`, `"comments":"","x":`, "unknown field"},
		{`"display_name":"",`, "", "display_name is missing or null"},
		{`"md5":"`, `"md5":null,"sha1":"`, "an artifact: md5 is missing or null"},
		{`"file_size":`, `"file_size":"1","file_size":`, "cannot unmarshal string"},
		{`"version":"`, `"version":1,"version":"`, "cannot unmarshal number"},
		{`"build_id":"`, `"build":"`, "unknown field"},
		{`"artifacts":[`, `"artifacts":[],"x":[`, "unknown field"},
		{body, "", "EOF"},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, strings.Replace(body, test.old, test.new, 1))
		}))
		r := run(t, server.URL, []conformance.Case{strict}, conformance.Options{})
		server.Close()
		switch {
		case test.want == "" && len(r.Failed) > 0:
			t.Errorf("as it is: %v", r.Failed)
		case test.want != "" && (len(r.Failed) != 1 || !strings.Contains(r.Failed[0].Wrong[0], test.want)):
			t.Errorf("%s for %s: %v, want %s", test.new, test.old, r.Failed, test.want)
		}
	}
}
