package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"cairn/releases"
)

// TestPrometheus holds that only one number is evidence. The answers are those
// that the documentation of Prometheus's HTTP API shows.
func TestPrometheus(t *testing.T) {
	var asked []string
	answer := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Path+" "+r.URL.Query().Get("query"))
		fmt.Fprint(w, answer)
	}))
	defer server.Close()
	vector := func(values ...string) string {
		var all []string
		for _, v := range values {
			all = append(all, `{"metric":{"job":"x"},"value":[1796115638.123,"`+v+`"]}`)
		}
		return `{"status":"success","data":{"resultType":"vector","result":[` + strings.Join(all, ",") + `]}}`
	}
	for _, test := range []struct {
		answer, want string
	}{
		{vector("1"), "true of 7 at 2026-12-01T09:00:38Z"},
		{vector("0"), "false of 7 at 2026-12-01T09:00:38Z"},
		{`{"status":"success","data":{"resultType":"scalar","result":[1796115638.123,"1"]}}`, "true of 7 at 2026-12-01T09:00:38Z"},
		{vector(), "gives 0 results, not one"},
		{vector("1", "1"), "gives 2 results, not one"},
		{vector("NaN"), `no number but "NaN"`},
		{`{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[]}]}}`, "gives no number"},
		{`{"status":"error","errorType":"bad_data","error":"parse error"}`, "parse error"},
		{"<html>", "no answer of Prometheus"},
	} {
		answer = test.answer
		e, err := askPrometheus(context.Background(), releases.Gate{URL: server.URL + "/", Query: `up{fw="$release",c="$cohort"} == bool 1`, MinDevices: 7}, "beta", `1.0"x`)
		got := fmt.Sprint(err)
		if err == nil {
			got = fmt.Sprintf("%v of %v at %s", *e.OK, e.Devices, e.At.Format("2006-01-02T15:04:05Z"))
		}
		if !strings.Contains(got, test.want) {
			t.Errorf("%s: %s", test.answer, got)
		}
	}
	if want := `/api/v1/query up{fw="1.0\"x",c="beta"} == bool 1`; asked[0] != want {
		t.Errorf("asked %s, not %s", asked[0], want)
	}
	answer = vector("12")
	if e, err := askPrometheus(context.Background(), releases.Gate{URL: server.URL, Query: "a", Count: "b"}, "beta", "1"); err != nil || e.Devices != 12 {
		t.Errorf("%+v %v", e, err)
	}
}
