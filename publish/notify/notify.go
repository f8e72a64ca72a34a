// Package notify tells an address what a publish has changed: a CloudEvent in
// structured mode, signed. It reads no environment and imports no store.
package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"cairn/publish"
	"cairn/publish/retry"
)

// EventType is the type of the events.
const EventType = "cairn.published"

// Event is a CloudEvent 1.0 in the JSON format:
// https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
type Event struct {
	SpecVersion     string        `json:"specversion"`
	ID              string        `json:"id"`
	Source          string        `json:"source"` // base_url and prefix
	Type            string        `json:"type"`
	Subject         string        `json:"subject"` // the project's slug
	Time            time.Time     `json:"time"`    // UTC
	DataContentType string        `json:"datacontenttype"`
	Data            *publish.News `json:"data"`
}

// EventOf is the event of a publish that has ended at an instant. The source is
// where the tree is seen. Two publishes of one source have different IDs.
func EventOf(news *publish.News, source string, now time.Time) Event {
	now = now.UTC()
	return Event{"1.0", now.Format(time.RFC3339Nano), source, EventType, news.Project, now, "application/json", news}
}

// SignatureHeader has "sha256=" and, in hex, the HMAC-SHA256 of the body under the
// secret: as GitHub signs webhooks.
const SignatureHeader = "X-Hub-Signature-256"

// Sign is the value of [SignatureHeader].
func Sign(body []byte, secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// Options say how an event is posted.
type Options struct {
	URL     string
	Secret  string        // "" signs nothing
	Attempt time.Duration // the longest that an attempt may take
	Whole   time.Duration // the longest that all of them may take, 4 at most
	Client  *http.Client  // nil is the usual one; its redirects are not followed
}

// Post posts an event, and again where that may help. Each attempt has the same ID.
func Post(ctx context.Context, e Event, o Options) error {
	body, err := json.Marshal(e)
	if err != nil {
		return err
	}
	client := http.Client{}
	if o.Client != nil {
		client = *o.Client
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	ctx, cancel := context.WithTimeout(ctx, o.Whole)
	defer cancel()
	again := func(err error) error {
		if status, ok := err.(statusError); ok && !retry.PassingStatus(status.code) || !ok && !retry.Passing(err) {
			return err
		}
		return nil
	}
	return retry.Do(ctx, 4, o.URL, again, func() error {
		ctx, cancel := context.WithTimeout(ctx, o.Attempt)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, o.URL, bytes.NewReader(body))
		if err != nil {
			return err
		}
		r.Header.Set("Content-Type", "application/cloudevents+json; charset=utf-8")
		r.Header.Set("User-Agent", "cairn")
		if o.Secret != "" {
			r.Header.Set(SignatureHeader, Sign(body, o.Secret))
		}
		answer, err := client.Do(r)
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 1<<16))
		if answer.StatusCode < 200 || answer.StatusCode > 299 {
			return statusError{answer.StatusCode, answer.Header.Get("Location")}
		}
		return nil
	})
}

// statusError is an answer that takes nothing.
type statusError struct {
	code     int
	location string
}

func (e statusError) Error() string {
	if e.location != "" {
		return fmt.Sprintf("it answers %d and points to %s: redirects are not followed, so name the address itself", e.code, e.location)
	}
	return fmt.Sprintf("it answers %d", e.code)
}
