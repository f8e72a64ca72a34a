package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"cairn/cmd/cairn/internal/cli"
	"cairn/cmd/cairn/internal/outfile"
	"cairn/manifest"
	"cairn/publish"
	"cairn/releases"

	"github.com/VictoriaMetrics/metrics"
	"github.com/spf13/cobra"
)

// standing is what a status comes to at an instant.
type standing struct {
	*publish.Status
	Overdue float64 `json:"overdue_seconds"` // since the next publish was expected; 0 for not yet
}

// runVerifyStatus looks at the status alone: whether the next publish is late.
func runVerifyStatus(cmd *cobra.Command, global *globalOptions, o verifyOptions, set *metrics.Set) error {
	ctx, cancel := context.WithTimeout(cmd.Context(), 30*time.Second)
	defer cancel()
	text, where, err := readStatus(ctx, global, o)
	if err != nil {
		return err
	}
	s := standing{}
	if err := json.Unmarshal(text, &s.Status); err != nil || s.Status == nil || s.Published.IsZero() {
		return fmt.Errorf("%s is no status that cairn has published", where)
	}
	now, next := o.at.Instant(), "nothing more is due"
	if s.ExpectBefore != nil {
		s.Overdue = max(0, now.Sub(*s.ExpectBefore).Seconds())
		next = "the next is due by " + s.ExpectBefore.Format(cli.TimeFormat)
	}
	s.measure(set)
	line := fmt.Sprintf("%s was published at %s from %s", s.Project, s.Published.Format(cli.TimeFormat), cmp.Or(s.Source, "an unnamed source"))
	if late := time.Duration(s.Overdue) * time.Second; late > time.Duration(o.maxAge) {
		err = fmt.Errorf("too late by %s: %s, and the next was due by %s", cli.Age(late).Coarse(), line, s.ExpectBefore.Format(cli.TimeFormat))
	}
	switch out := cmd.OutOrStdout(); {
	case o.json:
		return cmp.Or(cli.WriteJSON(out, s), err)
	case err == nil:
		fmt.Fprintf(out, "%s; %s\n", line, next)
	}
	return err
}

// readStatus reads the status from where it was published, or through a CDN, and
// says where that is. Its own URL needs no definitions.
func readStatus(ctx context.Context, global *globalOptions, o verifyOptions) ([]byte, string, error) {
	where, layout := o.baseURL, manifest.Layout{}
	if !strings.HasSuffix(where, "/v1/status.json") {
		p, err := global.open(ctx)
		if err != nil {
			return nil, "", fmt.Errorf("%w\nwithout definitions, give the URL of the status: --base-url https://…/v1/status.json", err)
		}
		defer p.close()
		layout = manifest.LayoutOf(p.fleet)
		if where == "" {
			return p.storedStatus(ctx, o)
		}
		if where, err = p.baseURL(where); err != nil {
			return nil, "", err
		}
		where += "/" + layout.StatusKey()
	}
	text, status, err := fetchSmall(ctx, &http.Client{Transport: webTransport()}, where)
	switch {
	case err != nil:
		return nil, where, err
	case status == http.StatusNotFound || status == http.StatusForbidden:
		return nil, where, fmt.Errorf(`%s: status %d: publish with status = "public" under [publish]`, where, status)
	case status != http.StatusOK:
		return nil, where, fmt.Errorf("%s: status %d", where, status)
	}
	return text, where, nil
}

func (p *project) storedStatus(ctx context.Context, o verifyOptions) ([]byte, string, error) {
	key := manifest.LayoutOf(p.fleet).StatusKey()
	switch p.fleet.Publish.Status {
	case releases.PrivateStatus:
		key = publish.PrivateStatusKey(p.fleet.Project.Prefix)
	case "":
		return nil, "", cli.Usagef(`--max-age goes by the status: write status = "public" or "private" under [publish] in %s, and publish`, releases.ProjectFile)
	}
	store, err := p.store(o.to, o.concurrency)
	if err != nil {
		return nil, "", err
	}
	object, err := store.Get(ctx, key)
	if err != nil {
		return nil, "", err
	}
	defer object.Close()
	text, err := io.ReadAll(object)
	return text, store.String() + "/" + key, err
}

// measure tells of a status in numbers.
func (s standing) measure(set *metrics.Set) {
	project := fmt.Sprintf("{project=%q}", s.Project)
	gauge(set, "cairn_published_timestamp_seconds"+project, float64(s.Published.Unix()))
	if s.ExpectBefore != nil {
		gauge(set, "cairn_expect_before_timestamp_seconds"+project, float64(s.ExpectBefore.Unix()))
	}
	gauge(set, "cairn_overdue_seconds"+project, s.Overdue)
	for _, c := range s.Cohorts {
		for _, r := range c.Releases {
			gauge(set, fmt.Sprintf("cairn_rollout_percent{project=%q,cohort=%q,version=%q}", s.Project, c.Cohort, r.Version), r.Percent)
		}
	}
}

func gauge(set *metrics.Set, name string, value float64) {
	set.NewGauge(name, func() float64 { return value })
}

// measured runs what verifies, and writes its numbers to a file, if there is one:
// whole, for the textfile collector of Prometheus.
func measured(file string, verify func(*metrics.Set) error) error {
	set := metrics.NewSet()
	err := verify(set)
	if file == "" {
		return err
	}
	ok := 1.0
	if err != nil {
		ok = 0
	}
	gauge(set, "cairn_verify_ok", ok)
	var text bytes.Buffer
	set.WritePrometheus(&text)
	return cmp.Or(err, outfile.Replace(file, text.Bytes()))
}
