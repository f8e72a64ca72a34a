package main

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"

	"cairn/publish"
	"cairn/publish/edge"

	"github.com/VictoriaMetrics/metrics"
)

// serveMetrics are what "cairn serve --metrics" tells, in the text format of
// Prometheus.
type serveMetrics struct {
	set *metrics.Set
}

// newMetrics begins to count. published is when what is served was published,
// the zero time where nobody knows.
func newMetrics(published func(context.Context) time.Time) *serveMetrics {
	m := &serveMetrics{metrics.NewSet()}
	m.set.NewGauge("cairn_publish_age_seconds", func() float64 {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if at := published(ctx); !at.IsZero() {
			return time.Since(at).Seconds()
		}
		return math.NaN()
	})
	return m
}

// publishedSince asks a store's state; definitions are served as of now.
func publishedSince(source edge.Source, prefix string) func(context.Context) time.Time {
	store, ok := source.(publish.Store)
	if !ok {
		now := time.Now()
		return func(context.Context) time.Time { return now }
	}
	return func(ctx context.Context) time.Time {
		remote, err := publish.ReadState(ctx, store, prefix)
		if err != nil || remote.State == nil {
			return time.Time{}
		}
		return remote.State.Done.Published
	}
}

// count adds an answer, by the door that the device came through.
func (m *serveMetrics) count(r *http.Request, rec *recorder, took time.Duration) {
	door := "tree"
	if strings.HasSuffix(r.URL.Path, edge.LatestPath) || strings.HasSuffix(r.URL.Path, edge.LatestURLPath) {
		door = "query"
	}
	m.set.GetOrCreateCounter(fmt.Sprintf(`cairn_requests_total{door=%q,status="%d"}`, door, rec.status)).Inc()
	m.set.GetOrCreatePrometheusHistogram(fmt.Sprintf(`cairn_request_duration_seconds{door=%q}`, door)).Update(took.Seconds())
}

func (m *serveMetrics) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/metrics" {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	m.set.WritePrometheus(w)
}
