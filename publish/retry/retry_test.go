package retry_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cairn/publish/retry"
)

var errBusy = errors.New("too busy")

func always(error) error { return nil }

func TestDo(t *testing.T) {
	final := errors.New("no such bucket")
	for _, test := range []struct {
		name     string
		failures int           // before it succeeds
		takes    time.Duration // each attempt
		again    func(error) error
		attempts int
		want     string // what the error says, "" for none
	}{
		{"succeeds at once", 0, 0, always, 1, ""},
		{"succeeds at last", 5, 0, always, 6, ""},
		{"never succeeds", 99, 0, always, 6, "after 6 attempts: too busy"},
		{"is slow", 99, 16 * time.Second, always, 3, "after 3 attempts: too busy"},
		{"is not to be tried again", 99, 0, func(error) error { return final }, 1, "no such bucket"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				attempts := 0
				err := retry.Do(t.Context(), 6, "a/key", test.again, func() error {
					time.Sleep(test.takes)
					if attempts++; attempts <= test.failures {
						return errBusy
					}
					return nil
				})
				if attempts != test.attempts || test.want == "" && err != nil || test.want != "" && (err == nil || err.Error() != test.want) {
					t.Errorf("%d attempts, %v; want %d, %q", attempts, err, test.attempts, test.want)
				}
			})
		})
	}
}

// TestPauses are those between attempts: they grow, and differ between keys.
func TestPauses(t *testing.T) {
	total := func(key string) (d time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			_ = retry.Do(t.Context(), 10, key, always, func() error { return errBusy })
			d = time.Since(began)
		})
		return d
	}
	a, b := total("a"), total("b")
	for _, d := range []time.Duration{a, b} {
		if d < 10*time.Second || d > 22*time.Second {
			t.Errorf("ten attempts take %v", d)
		}
	}
	if a == b || a != total("a") {
		t.Errorf("two keys wait %v and %v, one of them again %v", a, b, total("a"))
	}
}

func TestTheContextEndsAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		began := time.Now()
		if err := retry.Do(ctx, 10, "a", always, func() error { return errBusy }); !errors.Is(err, context.Canceled) || time.Since(began) != time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

func TestPassing(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	get := func(url string) error {
		answer, err := http.Get(url)
		if err == nil {
			answer.Body.Close()
			t.Fatalf("%s answers", url)
		}
		return err
	}
	closed := httptest.NewServer(nil)
	closed.Close()
	for _, test := range []struct {
		name string
		err  error
		want bool
	}{
		{"a certificate that nobody trusts", get(server.URL), false},
		{"a server that is down", get(closed.URL), true},
		{"an answer that ends early", fmt.Errorf("reading: %w", io.ErrUnexpectedEOF), true},
		{"a name that nobody knows", &net.DNSError{IsNotFound: true}, false},
		{"a name server that is down", &net.DNSError{IsTimeout: true}, true},
		{"anything else", errBusy, false},
	} {
		if got := retry.Passing(test.err); got != test.want {
			t.Errorf("%s: %v: passing is %v", test.name, test.err, got)
		}
	}
	var passing []string
	for _, code := range []int{200, 403, 404, 408, 412, 429, 500, 501, 502, 503, 504, 507} {
		if retry.PassingStatus(code) {
			passing = append(passing, fmt.Sprint(code))
		}
	}
	if got := strings.Join(passing, " "); got != "408 429 500 502 503 504" {
		t.Errorf("passing are %s", got)
	}
}
