package conformance

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// Options say how an edge is asked.
type Options struct {
	Without     []Feature     // their cases are left out
	Concurrency int           // connections at once; 0 is 8
	Timeout     time.Duration // of one request; 0 is 10 s
	TLS         *tls.Config   // nil for the usual one
	Done        *atomic.Int64 // counts the cases that were asked, if it is not nil
}

// Result is what came of a run.
type Result struct {
	Passed  int
	Failed  []Failure       // in the order of the cases
	LeftOut map[Feature]int // so many cases, by the first feature that they lack
}

// Failure is a case with a wrong answer, or none.
type Failure struct {
	Case    Case
	Request string   // as a curl command
	Got     string   // the answer; "" where there is none
	Wrong   []string // what is wrong with it, and what should be
}

// String has a line for each thing.
func (f Failure) String() string {
	lines := []string{f.Case.Name, "  " + f.Request}
	for _, w := range f.Wrong {
		lines = append(lines, "  wrong: "+w)
	}
	if f.Got != "" {
		lines = append(lines, "  came:  "+f.Got)
	}
	return strings.Join(lines, "\n")
}

// Run asks an edge for cases, over connections of its own: no proxy, no
// redirect and no cache of the client comes between. An error says why not all
// could be asked; the result is then of those that were.
func Run(ctx context.Context, baseURL string, cases []Case, opts Options) (*Result, error) {
	base, err := parseBase(baseURL, opts)
	if err != nil {
		return nil, err
	}
	result := &Result{LeftOut: map[Feature]int{}}
	var asked []Case
	for _, c := range cases {
		if f := c.Lacks(opts.Without); f != "" {
			result.LeftOut[f]++
		} else {
			asked = append(asked, c)
		}
	}
	idle := make(chan *client, cmp.Or(opts.Concurrency, 8))
	for range cap(idle) {
		c := &client{base: base}
		defer c.close()
		idle <- c
	}
	done := cmp.Or(opts.Done, new(atomic.Int64))
	var passed atomic.Int64
	failures := make([]*Failure, len(asked))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(cap(idle))
	for i, c := range asked {
		group.Go(func() (err error) {
			client := <-idle
			defer func() { idle <- client }()
			failures[i], err = client.ask(ctx, c)
			if err != nil {
				return err
			}
			if failures[i] == nil {
				passed.Add(1)
			}
			done.Add(1)
			return nil
		})
	}
	err = group.Wait()
	result.Passed = int(passed.Load())
	for _, f := range slices.DeleteFunc(failures, func(f *Failure) bool { return f == nil }) {
		result.Failed = append(result.Failed, *f)
	}
	return result, err
}

// parseBase takes a base URL apart.
func parseBase(baseURL string, opts Options) (*base, error) {
	u, err := url.Parse(baseURL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("%q is no URL such as https://ota.example.com", baseURL)
	}
	b := &base{
		url:     u.Scheme + "://" + u.Host,
		host:    u.Host,
		path:    strings.TrimRight(u.EscapedPath(), "/"),
		timeout: cmp.Or(opts.Timeout, 10*time.Second),
	}
	port := "80"
	if u.Scheme == "https" {
		port = "443"
		b.tls = cmp.Or(opts.TLS, &tls.Config{}).Clone()
		b.tls.ServerName = cmp.Or(b.tls.ServerName, u.Hostname())
		b.tls.NextProtos = []string{"http/1.1"} // RFC 7301: and not HTTP/2
	}
	b.address = net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), port))
	return b, nil
}

// ask asks for a case, once or twice. Its error is about the edge as a whole.
func (c *client) ask(ctx context.Context, asked Case) (*Failure, error) {
	first, err := c.exchange(ctx, asked)
	failure := &Failure{Case: asked, Request: c.base.curl(asked)}
	if err == nil {
		failure.Got, failure.Wrong = first.String(), asked.Want.check(first, nil)
	}
	if err == nil && len(failure.Wrong) == 0 && asked.Again != nil {
		second := asked.with(strings.ReplaceAll(asked.Again.Header, "{etag}", first.header.Get("ETag")))
		failure.Request = c.base.curl(second)
		failure.Got = first.String()
		if strings.Contains(asked.Again.Header, "{etag}") && first.header.Get("ETag") == "" {
			failure.Wrong = []string{"no ETag: an answer with content should have one"}
			return failure, nil
		}
		var answer *response
		if answer, err = c.exchange(ctx, second); err == nil {
			failure.Got, failure.Wrong = answer.String(), asked.Again.Want.check(answer, first)
		}
	}
	var unreachable *unreachableError
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.As(err, &unreachable):
		return nil, err
	case err != nil:
		failure.Got, failure.Wrong = "", []string{err.Error()}
	case len(failure.Wrong) == 0:
		return nil, nil
	}
	return failure, nil
}
