package releases

import (
	"slices"
	"time"
)

// Adoption is the [adoption] table of cairn.toml: what is known of the polls of
// devices, from which the adoption of a release is told.
type Adoption struct {
	Poll time.Duration // from one poll of a device to its next; a day where nothing is said
	Logs []string      // access logs: files, folders, "s3://BUCKET/PREFIX"
}

// Gate is a [gate.<name>] table of cairn.toml: what a step of a rollout waits
// for. A limit that is nil is none.
type Gate struct {
	Name    string
	Source  GateSource
	File    string // of the source "file": its path, relative to the project folder
	Command string // of "command": a line for the shell
	URL     string // of "prometheus": the server's
	Query   string // that Prometheus answers with 1 where all is well
	Count   string // that it answers with the number of devices; "" for none

	MinDevices    int           // fewer say nothing; 1 where nothing is said
	MaxSilent     *float64      // percent of the devices that took the release
	MaxDownloads  *float64      // downloads per arrival
	MaxAge        time.Duration // of evidence; a day where nothing is said
	AbortOnFailed bool          // otherwise the rollout is paused
}

// GateSource is where a gate gets its evidence from.
type GateSource string

// The sources of evidence.
const (
	FromAdoption   GateSource = "adoption"
	FromFile       GateSource = "file"
	FromCommand    GateSource = "command"
	FromPrometheus GateSource = "prometheus"
)

func (l *loader) adoption(t *table) {
	a := &l.fleet.Adoption
	const hint = `write logs = ["s3://bucket/prefix/"]`
	if d, n := t.duration("poll", a.Poll); n != nil && d < time.Second {
		t.fault(n.offset, `how long a device waits from one poll to the next: "24h"`, "poll %q is under a second", n.text)
	} else {
		a.Poll = d
	}
	a.Logs = t.texts("logs", "a log", hint)
	t.rest()
}

// texts reads an array of strings.
func (t *table) texts(key, what, hint string) (all []string) {
	n := t.get(key, hint, arrayKind)
	if n == nil {
		return nil
	}
	for _, v := range n.items {
		if t.is(v, what, hint, stringKind) {
			all = append(all, v.text)
		}
	}
	return all
}

func (l *loader) gate(m member, t *table) {
	g := Gate{Name: m.name, MinDevices: 1, MaxAge: 24 * time.Hour}
	if !ValidSlug(m.name) {
		t.fault(m.offset, "a gate's name is letters, digits, - and _", "gate name %q is not valid", m.name)
	}
	t.present("source", `write source = "adoption", "file", "command" or "prometheus"`)
	textInto(t, "source", &g.Source, `source is "adoption", "file", "command" or "prometheus"`, oneOf(FromAdoption, FromFile, FromCommand, FromPrometheus))
	textInto(t, "file", &g.File, "", nil)
	textInto(t, "command", &g.Command, "", nil)
	textInto(t, "url", &g.URL, `write url = "https://prometheus.example.com"`, webURLFault)
	textInto(t, "query", &g.Query, "", nil)
	textInto(t, "count", &g.Count, "", nil)
	t.needs(g)
	if n, node := t.integer("min_devices", 1); node != nil && (n < 1 || n > 1<<40) {
		t.fault(node.offset, "fewer devices than that say nothing", "min_devices %d is not over 0", n)
	} else {
		g.MinDevices = int(n)
	}
	if n := t.number("max_silent", "write max_silent = 2, without quotes"); n != nil {
		p := t.percent(n, "max_silent", "it is the share of the devices that took the release, 0 to 100")
		g.MaxSilent = &p
	}
	if n := t.number("max_downloads_per_arrival", "write max_downloads_per_arrival = 3, without quotes"); n != nil {
		d := n.number()
		if g.MaxDownloads = &d; !(d >= 1) {
			t.fault(n.offset, "each device that arrives has downloaded the payload once", "max_downloads_per_arrival %s is under 1", n.text)
		}
	}
	if d, n := t.duration("max_age", g.MaxAge); n != nil && d <= 0 {
		t.fault(n.offset, `older evidence says nothing: write "6h"`, "max_age %q is not over 0", n.text)
	} else {
		g.MaxAge = d
	}
	on := "pause"
	textInto(t, "on_fail", &on, `on_fail is "pause" or "abort"`, oneOf("pause", "abort"))
	g.AbortOnFailed = on == "abort"
	t.rest()
	if l.fleet.Gates == nil {
		l.fleet.Gates = map[string]Gate{}
	}
	l.fleet.Gates[m.name] = g
}

// needs reports what a source lacks, and what belongs to another one.
func (t *table) needs(g Gate) {
	of := map[string]GateSource{"file": FromFile, "command": FromCommand, "url": FromPrometheus, "query": FromPrometheus, "count": FromPrometheus}
	for _, key := range []string{"file", "command", "url", "query", "count"} {
		m, there := t.node.member(key)
		switch {
		case there && g.Source != of[key] && g.Source != "":
			t.fault(m.offset, "leave it out, or write source = \""+string(of[key])+"\"", "%s is of no use for the source %q", key, g.Source)
		case !there && g.Source == of[key] && key != "count":
			t.fault(t.node.offset, "write "+key+" = …", "%s has no %s", t.title(), key)
		}
	}
	if g.Source == FromAdoption && !slices.ContainsFunc([]string{"max_silent", "max_downloads_per_arrival"}, func(key string) bool { _, ok := t.node.member(key); return ok }) {
		t.fault(t.node.offset, "write max_silent = 2, the percentage of devices that may fall silent", "%s has no max_silent and no max_downloads_per_arrival", t.title())
	}
	if m, there := t.node.member("command"); there && g.Source == FromCommand && g.Command == "" {
		t.fault(m.offset, `write command = "./healthy.sh"`, "command is empty")
	}
}
