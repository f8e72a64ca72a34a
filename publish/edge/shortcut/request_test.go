package shortcut

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzRequest holds every request that is taken here to what net/http reads of
// the same bytes.
func FuzzRequest(f *testing.F) {
	for _, seed := range []string{
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /a/b.txt?x=%20&y HTTP/1.1\r\nHost: [::1]:80\r\nAccept: a\r\naccept:b\r\nConnection: keep-alive\r\n\r\n",
		"GET /%61?a HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
		"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n",
		"GET http://y/ HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nX_y: \t z \r\n\r\n",
		"GET /;a=b HTTP/1.1\r\nHost: x@y\r\n\r\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := newRequest("")
		// What it held before must not shine through.
		if !got.parse("GET /old?q HTTP/1.1\r\nHost: old\r\nAccept: old\r\nX-Old: a\r\nX-Old: b\r\n\r\n") {
			t.Fatal("a plain request is not taken")
		}
		if !got.parse(text) {
			return
		}
		rest := bufio.NewReader(strings.NewReader(text))
		want, err := http.ReadRequest(rest)
		if err != nil {
			t.Fatalf("%q is taken, but is none: %v", text, err)
		}
		body, _ := io.ReadAll(want.Body)
		more, _ := io.ReadAll(rest)
		if len(body) > 0 || len(more) > 0 || want.Close {
			t.Fatalf("%q has a body %q, or more behind it %q, or ends the connection", text, body, more)
		}
		type said struct {
			Method, Proto, URI, Host, Path, RawPath, Query, Fragment string
			Header                                                   http.Header
		}
		of := func(r *http.Request) said {
			return said{r.Method, r.Proto, r.RequestURI, r.Host, r.URL.Path, r.URL.RawPath, r.URL.RawQuery, r.URL.Fragment, r.Header}
		}
		if diff := cmp.Diff(of(want), of(&got.Request)); diff != "" {
			t.Fatalf("%q reads otherwise (-net/http +shortcut):\n%s", text, diff)
		}
	})
}
