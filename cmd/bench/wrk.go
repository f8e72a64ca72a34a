package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// How much wrk asks in a turn.
const (
	connections = 32
	turn        = 2 * time.Second
)

// question is a request of a load.
type question struct {
	path, coding string
}

// answered is what came of a load.
type answered struct {
	Requests, Micros, P99, Failed int64 // microseconds
	cpu                           time.Duration
}

func perSecond(a answered) float64 { return float64(a.Requests) / float64(a.Micros) * 1e6 }

// cpuEach is the server's CPU for a request, in microseconds.
func cpuEach(a answered) float64 {
	return float64(a.cpu.Nanoseconds()) / 1e3 / float64(a.Requests)
}

func p99(a answered) float64 { return float64(a.P99) }

// writeLoad writes the script with which wrk asks some questions, over and over.
func writeLoad(script string, questions []question) error {
	var b strings.Builder
	b.WriteString("local requests, at = {}, 0\nlocal function add(path, coding)\n" +
		"  requests[#requests + 1] = {path, {['Accept-Encoding'] = coding}}\nend\n")
	for _, q := range questions {
		fmt.Fprintf(&b, "add(%q, %q)\n", q.path, q.coding)
	}
	b.WriteString(`
function init()
  for i, r in ipairs(requests) do requests[i] = wrk.format('GET', r[1], r[2]) end
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency)
  local e = summary.errors
  io.stderr:write(string.format('{"Requests": %d, "Micros": %d, "P99": %d, "Failed": %d}',
    summary.requests, summary.duration, latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
`)
	return os.WriteFile(script, []byte(b.String()), 0o644)
}

// ask puts a load on a server for a turn.
func (d *daemon) ask(script string) (answered, error) {
	before, err := d.cpu()
	if err != nil {
		return answered{}, err
	}
	var report strings.Builder
	wrk := exec.Command("wrk", "-t", "1", "-c", fmt.Sprint(connections), "-d", fmt.Sprint(turn), "-s", script, "http://"+d.address)
	wrk.Stderr = &report
	if err := wrk.Run(); err != nil {
		return answered{}, fmt.Errorf("wrk: %w: %s", err, &report)
	}
	var a answered
	if err := json.Unmarshal([]byte(report.String()), &a); err != nil {
		return a, fmt.Errorf("wrk: %w: %s", err, &report)
	}
	if a.Failed > 0 {
		return a, fmt.Errorf("%d of %d requests to %s failed", a.Failed, a.Requests, strings.Join(d.cmd.Args, " "))
	}
	after, err := d.cpu()
	a.cpu = after - before
	return a, err
}
