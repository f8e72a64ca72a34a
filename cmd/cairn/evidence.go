package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"

	"cairn/cmd/cairn/internal/cli"
	"cairn/manifest/adoption"
	"cairn/releases"
	"cairn/releases/gate"

	"github.com/spf13/cobra"
)

// evidenceTimeout bounds how long a command or a server may take.
const evidenceTimeout = time.Minute

// witness gathers evidence for gates. What keeps it from that is an error, and
// no evidence.
type witness struct {
	project *project
	cmd     *cobra.Command
	logs    []string
	opts    adoptionOptions
	report  *adoption.Report // once the logs were read
	failed  error            // likewise, where that went wrong
}

// evidence is what the source of a gate has to say of a release in a cohort.
func (w *witness) evidence(g releases.Gate, cohort, release string) (*gate.Evidence, error) {
	ctx, cancel := context.WithTimeout(w.cmd.Context(), evidenceTimeout)
	defer cancel()
	switch g.Source {
	case releases.FromAdoption:
		if w.report == nil && w.failed == nil {
			_, w.report, w.failed = w.project.adoption(w.cmd, w.logs, w.opts)
		}
		if w.failed != nil {
			return nil, w.failed
		}
		return w.report.Evidence(cohort, release), nil
	case releases.FromFile:
		text, err := fs.ReadFile(w.project.root.FS(), g.File)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", g.File, cli.Cause(err))
		}
		return parseEvidence(g.File, text)
	case releases.FromCommand:
		text, err := runForEvidence(ctx, w.project.dir, g, cohort, release, w.cmd.ErrOrStderr())
		if err != nil {
			return nil, err
		}
		return parseEvidence(g.Command, text)
	}
	return askPrometheus(ctx, g, cohort, release)
}

// parseEvidence reads {"ok": true, "devices": 120, "at": "2026-12-01T09:00:00Z"}.
func parseEvidence(from string, text []byte) (*gate.Evidence, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	var e gate.Evidence
	if err := d.Decode(&e); err != nil {
		return nil, fmt.Errorf(`%s: that is not {"ok": true, "devices": 120, "at": "2026-12-01T09:00:00Z"}: %w`, from, err)
	}
	return &e, nil
}

// runForEvidence runs a command line in the project folder.
func runForEvidence(ctx context.Context, dir string, g releases.Gate, cohort, release string, stderr io.Writer) ([]byte, error) {
	shell := []string{"sh", "-c"}
	if runtime.GOOS == "windows" {
		shell = []string{"cmd", "/C"}
	}
	c := exec.CommandContext(ctx, shell[0], shell[1], g.Command)
	var out bytes.Buffer
	c.Dir, c.Stdout, c.Stderr, c.WaitDelay = dir, &out, stderr, time.Second
	c.Env = append(os.Environ(), "GATE="+g.Name, "GATE_COHORT="+cohort, "GATE_RELEASE="+release)
	if err := c.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w", g.Command, err)
	}
	return out.Bytes(), nil
}

// askPrometheus asks a server now. $cohort and $release stand for themselves in
// the queries.
func askPrometheus(ctx context.Context, g releases.Gate, cohort, release string) (*gate.Evidence, error) {
	quote := strings.NewReplacer(`\`, `\\`, `"`, `\"`, `'`, `\'`)
	fill := strings.NewReplacer("$cohort", quote.Replace(cohort), "$release", quote.Replace(release))
	value, at, err := instantQuery(ctx, g.URL, fill.Replace(g.Query))
	if err != nil {
		return nil, err
	}
	ok := value != 0
	e := &gate.Evidence{At: at, OK: &ok, Devices: float64(g.MinDevices)}
	if g.Count != "" {
		if e.Devices, _, err = instantQuery(ctx, g.URL, fill.Replace(g.Count)); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// instantQuery gives the one value of an instant query: of a scalar, or of a
// vector with one element.
func instantQuery(ctx context.Context, base, query string) (float64, time.Time, error) {
	none := time.Time{}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(base, "/")+"/api/v1/query?"+url.Values{"query": {query}}.Encode(), nil)
	if err != nil {
		return 0, none, err
	}
	reply, err := (&http.Client{Transport: webTransport()}).Do(r)
	if err != nil {
		return 0, none, err
	}
	defer reply.Body.Close()
	var answer struct {
		Status, Error string
		Data          struct {
			ResultType string
			Result     json.RawMessage
		}
	}
	const most = 1 << 20
	if err := json.NewDecoder(io.LimitReader(reply.Body, most)).Decode(&answer); err != nil {
		return 0, none, fmt.Errorf("%s: %s: no answer of Prometheus: %w", base, reply.Status, err)
	}
	if answer.Status != "success" {
		return 0, none, fmt.Errorf("%s: %s: %s", base, query, answer.Error)
	}
	sample := answer.Data.Result
	if answer.Data.ResultType == "vector" {
		var all []struct{ Value json.RawMessage }
		if err := json.Unmarshal(sample, &all); err != nil || len(all) != 1 {
			return 0, none, fmt.Errorf("%s: the query gives %d results, not one: %s", base, len(all), query)
		}
		sample = all[0].Value
	}
	var pair [2]any
	if err := json.Unmarshal(sample, &pair); err != nil {
		return 0, none, fmt.Errorf("%s: the query gives no number: %s", base, query)
	}
	at, ok1 := pair[0].(float64)
	text, ok2 := pair[1].(string)
	value, err := strconv.ParseFloat(text, 64)
	if !ok1 || !ok2 || err != nil || value != value {
		return 0, none, fmt.Errorf("%s: the query gives no number but %q: %s", base, text, query)
	}
	return value, time.UnixMilli(int64(at * 1000)).UTC(), nil
}
