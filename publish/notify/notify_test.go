package notify_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"cairn/publish"
	"cairn/publish/notify"
)

var now = time.Date(2026, 12, 2, 12, 0, 0, 250e6, time.UTC)

func event() notify.Event {
	return notify.EventOf(&publish.News{Project: "smartfridge", Changes: []publish.RolloutChange{{Cohort: "beta", Version: "1.1.0", After: 10}}}, "https://ota.example.com/fridges", now)
}

// receiver keeps what is posted to it, and answers in turn, the last answer again
// and again.
type receiver struct {
	*httptest.Server
	mu      sync.Mutex
	bodies  []string
	headers []http.Header
}

func receive(t *testing.T, answers ...http.HandlerFunc) *receiver {
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		r.mu.Lock()
		n := min(len(r.bodies), len(answers)-1)
		r.bodies, r.headers = append(r.bodies, req.Method+" "+string(body)), append(r.headers, req.Header)
		r.mu.Unlock()
		answers[n](w, req)
	}))
	t.Cleanup(r.CloseClientConnections)
	t.Cleanup(r.Close)
	return r
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func (r *receiver) post(t *testing.T, secret string) error {
	t.Helper()
	began := time.Now()
	err := notify.Post(t.Context(), event(), notify.Options{URL: r.URL + "/hook", Secret: secret, Attempt: 100 * time.Millisecond, Whole: time.Second})
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("it took %s", took)
	}
	return err
}

// TestPosted holds what arrives to CloudEvents 1.0, section 3.1, and to the
// signature.
func TestPosted(t *testing.T) {
	r := receive(t, status(http.StatusAccepted))
	if err := r.post(t, "s3cret"); err != nil {
		t.Fatal(err)
	}
	body, ok := strings.CutPrefix(r.bodies[0], "POST ")
	if !ok {
		t.Fatal(r.bodies[0])
	}
	var e map[string]any
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		t.Fatal(err)
	}
	for name, value := range e {
		if text, ok := value.(string); !regexp.MustCompile(`^[a-z0-9]{1,20}$`).MatchString(name) || name != "data" && (!ok || text == "") {
			t.Errorf("attribute %q is %v", name, value)
		}
	}
	for name, want := range map[string]string{
		"specversion": "1.0", "id": "2026-12-02T12:00:00.25Z", "source": "https://ota.example.com/fridges", "type": "cairn.published",
		"subject": "smartfridge", "time": "2026-12-02T12:00:00.25Z", "datacontenttype": "application/json",
	} {
		if e[name] != want {
			t.Errorf("%s is %v, should be %s", name, e[name], want)
		}
	}
	if change := e["data"].(map[string]any)["changes"].([]any)[0].(map[string]any); change["version"] != "1.1.0" || change["after"] != 10.0 {
		t.Errorf("the data are %v", e["data"])
	}
	mac := hmac.New(sha256.New, []byte("s3cret"))
	io.WriteString(mac, body)
	if got, want := r.headers[0].Get("X-Hub-Signature-256"), "sha256="+hex.EncodeToString(mac.Sum(nil)); got != want {
		t.Errorf("signed %s, should be %s", got, want)
	}
	if got := r.headers[0].Get("Content-Type"); got != "application/cloudevents+json; charset=utf-8" {
		t.Errorf("Content-Type is %s", got)
	}
	if err := r.post(t, ""); err != nil || r.headers[1].Get("X-Hub-Signature-256") != "" {
		t.Errorf("without a secret: %v, %v", err, r.headers[1])
	}
}

// TestFailures posts to servers that fail for a while or for good, hang, break off
// or point elsewhere.
func TestFailures(t *testing.T) {
	elsewhere := receive(t, status(http.StatusOK))
	redirect := func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	}
	abort := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	for _, test := range []struct {
		name     string
		answers  []http.HandlerFunc
		attempts int
		err      string // "" for none
	}{
		{"busy for a while", []http.HandlerFunc{status(503), status(429), status(204)}, 3, ""},
		{"breaks off once", []http.HandlerFunc{abort, status(200)}, 2, ""},
		{"hangs once", []http.HandlerFunc{hang, status(200)}, 2, ""},
		{"hangs", []http.HandlerFunc{hang}, 4, "deadline exceeded"},
		{"fails", []http.HandlerFunc{status(500)}, 4, "it answers 500"},
		{"takes nothing", []http.HandlerFunc{status(401), status(200)}, 1, "it answers 401"},
		{"moved", []http.HandlerFunc{redirect}, 1, "points to " + elsewhere.URL},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := receive(t, test.answers...)
			err := r.post(t, "s3cret")
			if got := ""; err != nil {
				if got = err.Error(); test.err == "" || !strings.Contains(got, test.err) {
					t.Errorf("error %q, should be %q", got, test.err)
				}
			} else if test.err != "" {
				t.Error("no error")
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			if len(r.bodies) != test.attempts {
				t.Errorf("%d attempts, should be %d", len(r.bodies), test.attempts)
			}
			for _, b := range r.bodies {
				if b != r.bodies[0] {
					t.Errorf("another body: %s", b)
				}
			}
		})
	}
	if len(elsewhere.bodies) > 0 {
		t.Error("a signed event went elsewhere")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	nobody := &receiver{Server: &httptest.Server{URL: "http://" + listener.Addr().String()}}
	if err := nobody.post(t, ""); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("nobody there: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := notify.Post(ctx, event(), notify.Options{URL: elsewhere.URL, Attempt: time.Second, Whole: time.Second}); err == nil {
		t.Error("an interrupt posts")
	}
}
