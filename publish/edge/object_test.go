package edge_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"cairn/manifest"
	"cairn/publish"
	"cairn/publish/edge"
)

// bucketOf is the name of a fridge's bucket.
func bucketOf(serial string) string { return manifest.Hash(serial)[:2] }

func TestEncodingsHaveETagsOfTheirOwn(t *testing.T) {
	f, s := site(t)
	base := serve(t, f, s)
	for _, target := range []string{
		jsonPath + query("FRIDGE-0042", "mp", "1.0.0"),
		"/smartfridge/v1/latest/stm32-fw/mp/beta/1.0.0/" + bucketOf("FRIDGE-0042") + ".json",
	} {
		seen := map[string]string{}
		for _, coding := range []string{"identity", "br", "gzip", "gzip;q=1, br;q=0", "*", "deflate"} {
			r := ask(t, base, "GET", target, "Accept-Encoding", coding)
			tag, encoding := r.Header.Get("Etag"), r.Header.Get("Content-Encoding")
			if body(t, r) == "" || tag == "" || r.Header.Get("Vary") != "Accept-Encoding" {
				t.Fatalf("%s as %s: %v", target, coding, r.Header)
			}
			if other, ok := seen[tag]; ok && other != encoding {
				t.Errorf("%s: %q and %q share %s", target, other, encoding, tag)
			}
			seen[tag] = encoding
			again := ask(t, base, "GET", target, "Accept-Encoding", coding, "If-None-Match", tag)
			if again.StatusCode != 304 || again.Header.Get("Etag") != tag || again.Header.Get("Vary") == "" {
				t.Errorf("%s as %s: %s %v for its own ETag", target, coding, again.Status, again.Header)
			}
		}
		if len(seen) != 3 {
			t.Errorf("%s: %d forms, want 3: %v", target, len(seen), seen)
		}
	}
}

func TestCodingIsTheOneThatIsWantedMost(t *testing.T) {
	f, s := site(t)
	base := serve(t, f, s)
	for accept, want := range map[string]string{
		"br, gzip":               "br",
		"gzip;q=1.0, br;q=0.1":   "gzip",
		"identity;q=1, br;q=0.5": "",
		"identity, gzip;q=0.1":   "",
		"identity, gzip":         "gzip",
		"*":                      "br",
		"*;q=0":                  "",
		"br;q=0, *":              "gzip",
		"BR":                     "br",
		"br;q=x":                 "",
		"deflate, zstd":          "",
	} {
		r := ask(t, base, "GET", jsonPath+query("FRIDGE-0042", "mp", "1.0.0"), "Accept-Encoding", accept)
		if got := r.Header.Get("Content-Encoding"); r.StatusCode != 200 || got != want {
			t.Errorf("%s: %s in %q, want %q", accept, r.Status, got, want)
		}
		body(t, r)
	}
}

func TestTree(t *testing.T) {
	f, s := site(t)
	base := serve(t, f, s)
	for o := range s.Objects() {
		r := ask(t, base, "GET", "/"+o.Key)
		r.Body.Close()
		if r.StatusCode != 200 || r.ContentLength != o.Content.Size ||
			r.Header.Get("Content-Type") != o.Header.ContentType ||
			r.Header.Get("Cache-Control") != o.Header.CacheControl ||
			r.Header.Get("Content-Encoding") != o.Header.ContentEncoding {
			t.Fatalf("%s: %s %d bytes, %v; want %d bytes, %+v", o.Key, r.Status, r.ContentLength, r.Header, o.Content.Size, o.Header)
		}
	}
}

func TestPayloadRanges(t *testing.T) {
	f, s := site(t)
	base := serve(t, f, s)
	p := s.Tree.Payloads[0]
	target := "/" + s.Tree.Layout.PayloadKey(p.SHA256, p.Name)
	whole := body(t, ask(t, base, "GET", target))
	for _, tt := range []struct {
		spec   string
		status int
		want   string
	}{
		{"bytes=0-9", 206, whole[:10]},
		{"bytes=10-", 206, whole[10:]},
		{"bytes=-5", 206, whole[len(whole)-5:]},
		{fmt.Sprintf("bytes=%d-", len(whole)), 416, ""},
		{"lines=1-2", 200, whole},
	} {
		r := ask(t, base, "GET", target, "Range", tt.spec)
		if got := body(t, r); r.StatusCode != tt.status || tt.want != "" && got != tt.want {
			t.Errorf("%s: %s %q", tt.spec, r.Status, got)
		}
	}
	r := ask(t, base, "GET", target, "Range", "bytes=10-", "If-Range", `"other"`)
	if r.StatusCode != 200 {
		t.Errorf("a range of another payload: %s", r.Status)
	}
}

// overlay is a source with some keys changed.
type overlay struct {
	edge.Source
	objects map[string]string
	failure error
}

func (o overlay) Get(ctx context.Context, key string) (*publish.Stored, error) {
	if o.failure != nil {
		return nil, o.failure
	}
	if b, ok := o.objects[key]; ok {
		if b == "" {
			return nil, fs.ErrNotExist
		}
		r, err := publish.BytesContent([]byte(b)).Reader()
		return &publish.Stored{ReadSeekCloser: r}, err
	}
	return o.Source.Get(ctx, key)
}

func TestPlusSignsAreReadBothWays(t *testing.T) {
	f, s := site(t)
	folder := "smartfridge/v1/latest/stm32-fw/mp/beta/"
	base := serve(t, f, overlay{s, map[string]string{
		folder + "1.0.0_2bb/" + bucketOf("FRIDGE-0042") + ".txt":    "plus",
		folder + "v3_20_28b_29/" + bucketOf("FRIDGE-0042") + ".txt": "space",
		folder + "v3_2b_28b_29/" + bucketOf("FRIDGE-0042") + ".txt": "plus too",
		"smartfridge/v1/latest/stm32-fw/r_2bA/beta/_other/x.txt":    "",
	}, nil})
	for version, want := range map[string]string{
		"1.0.0%2Bb":       "plus",
		"1.0.0+b":         "plus",
		"v3+%28b%29":      "space",
		"v3%20(b)":        "space",
		"v3%2B%28b%29":    "plus too",
		"0.1.0+unheardof": "https://",
		"9.9.9+unheardof": "",
	} {
		r := ask(t, base, "GET", textPath+query("FRIDGE-0042", "mp", "")+"&current_version="+version)
		if got := body(t, r); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s %q, want %q", version, r.Status, got, want)
		}
	}
}

func TestSourceThatFails(t *testing.T) {
	f, s := site(t)
	target := textPath + query("FRIDGE-0042", "mp", "1.0.0")
	for name, source := range map[string]edge.Source{
		"broken":        overlay{s, nil, errors.New("secret detail")},
		"not published": overlay{s, map[string]string{"smartfridge/v1/cohorts/" + bucketOf("FRIDGE-0042") + ".txt": ""}, nil},
		"changing cohort": overlay{s, map[string]string{
			"smartfridge/v1/latest/stm32-fw/mp/beta/1.0.0/" + bucketOf("FRIDGE-0042") + ".txt":        "",
			"smartfridge/v1/latest/stm32-fw/mp/beta/_other/" + bucketOf("FRIDGE-0042") + ".below.txt": "",
		}, nil},
	} {
		r := ask(t, serve(t, f, source), "GET", target)
		if got := body(t, r); r.StatusCode != 503 || r.Header.Get("Retry-After") == "" || strings.Contains(got, "secret") {
			t.Errorf("%s: %s %q", name, r.Status, got)
		}
	}
}
