package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"cairn/publish"
	"cairn/publish/memstore"
)

// writesPerSecond is what S3 takes below a prefix at least:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html
const writesPerSecond = 3500

// standIn is a bucket as far as a publish needs one that lists nothing. Answers
// are those of a site, whatever is put: there are too many to keep them. Without
// a site it is empty at first.
type standIn struct {
	site *publish.Site
	kept memstore.Store // the other objects
	slow atomic.Pointer[slowness]
}

// slowness is how a bucket takes requests, and what it has taken.
type slowness struct {
	site  *publish.Site
	offer []byte // what JSON answers say that offer the release to be taken back
	began time.Time

	mu              sync.Mutex
	room            float64 // writes that it takes now, those of a second at most
	filled          time.Time
	number, refused int // of requests
	counted         int // writes that take the release back; all, without a site
	answers         int // text answers among them
	first, last     request
	given           float64 // writes that there was room for at the first
	head            request // that put it
}

// share is how many of the writes that it could have taken were counted, from
// the first to the last.
func (s *slowness) share() float64 {
	return float64(s.counted) / (s.given + writesPerSecond*s.last.at.Sub(s.first.at).Seconds())
}

// request is one that the bucket took.
type request struct {
	number int // from 1
	at     time.Time
}

// listen gives the URL at which the bucket answers.
func (s *standIn) listen(b *bench) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	b.check(err)
	server := &http.Server{Handler: s}
	go server.Serve(l)
	b.Cleanup(func() { server.Close() })
	return "http://" + l.Addr().String()
}

// slowDown lets each request take a while from now on, and limits the writes. It
// counts those that take a version back; all, where the bucket was empty.
func (s *standIn) slowDown(version string) *slowness {
	now := time.Now()
	slow := &slowness{site: s.site, offer: fmt.Appendf(nil, `"version":%q`, version), began: now, filled: now}
	s.slow.Store(slow)
	return slow
}

// offering is how many answers of the default cohort offer a version.
func (s *standIn) offering(version string) (n int) {
	for _, f := range s.site.Tree.Folders {
		for _, body := range f.Bodies {
			if f.Cohort == "default" && s.site.Tree.Bodies[body].Version() == version {
				n++
			}
		}
	}
	return n
}

// ServeHTTP answers as S3 does.
func (s *standIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key := strings.TrimPrefix(r.URL.Path, "/"+slug+"/")
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if slow := s.slow.Load(); slow != nil {
		taken := slow.takes(r.Method, key)
		time.Sleep(delay)
		if !taken {
			fail(w, http.StatusServiceUnavailable, "SlowDown")
			return
		}
	}
	switch r.Method {
	case http.MethodPut:
		s.put(w, r, key, body)
	case http.MethodDelete:
		_ = s.kept.Delete(r.Context(), key)
		w.WriteHeader(http.StatusNoContent)
	case http.MethodGet, http.MethodHead:
		s.get(w, r, key)
	default:
		fail(w, http.StatusNotImplemented, "NotImplemented")
	}
}

func (s *standIn) put(w http.ResponseWriter, r *http.Request, key string, body []byte) {
	content, etag, err := publish.BytesContent(body), "", error(nil)
	if match := r.Header.Get("If-Match"); match != "" || r.Header.Get("If-None-Match") != "" {
		etag, err = s.kept.PutIf(r.Context(), key, content, publish.Header{}, strings.Trim(match, `"`))
	} else {
		err = s.kept.Put(r.Context(), key, content, publish.Header{})
	}
	if errors.Is(err, publish.ErrCondition) {
		fail(w, http.StatusPreconditionFailed, "PreconditionFailed")
		return
	}
	w.Header().Set("ETag", `"`+cmp.Or(etag, fmt.Sprintf("%x", content.MD5))+`"`)
}

func (s *standIn) get(w http.ResponseWriter, r *http.Request, key string) {
	if key == "" {
		io.WriteString(w, "<ListBucketResult></ListBucketResult>")
		return
	}
	object, err := s.kept.Get(r.Context(), key)
	if err != nil && s.site != nil {
		object, err = s.site.Get(r.Context(), key)
	}
	if err != nil {
		fail(w, http.StatusNotFound, "NoSuchKey")
		return
	}
	w.Header().Set("ETag", `"`+object.ETag+`"`)
	w.Header().Set("Content-Type", object.Header.ContentType)
	http.ServeContent(w, r, "", begin, object)
}

func fail(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<Error><Code>%s</Code></Error>", code)
}

// takes says whether the bucket takes a request, and counts it.
func (s *slowness) takes(method, key string) bool {
	writes := method == http.MethodPut || method == http.MethodDelete
	counts := writes && (s.site == nil || s.offers(key))
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.room = min(s.room+writesPerSecond*now.Sub(s.filled).Seconds(), writesPerSecond)
	s.filled = now
	switch {
	case writes && s.room < 1:
		s.refused++
		return false
	case writes:
		s.room--
	}
	s.number++
	this := request{s.number, now}
	if writes && s.site != nil && key == s.site.Tree.Layout.HeadKey() {
		s.head = this
	}
	if counts {
		if s.counted == 0 {
			s.first, s.given = this, s.room+1
		}
		s.last = this
		s.counted++
		if _, name := path.Split(key); strings.Count(name, ".") == 1 && path.Ext(name) == ".txt" {
			s.answers++
		}
	}
	return true
}

// offers says whether the answer at a key offered the release, in any of its
// variants.
func (s *slowness) offers(key string) bool {
	folder, name := path.Split(key)
	bucket, _, _ := strings.Cut(name, ".")
	object, err := s.site.Get(context.Background(), folder+bucket+".json")
	if err != nil {
		return false
	}
	body, err := io.ReadAll(object)
	return err == nil && bytes.Contains(body, s.offer)
}
