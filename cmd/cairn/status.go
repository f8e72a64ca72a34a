package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"cairn/cmd/cairn/internal/cli"
	"cairn/manifest"
	"cairn/publish"
	"cairn/releases"

	"github.com/spf13/cobra"
)

func statusCommand(global *globalOptions) *cobra.Command {
	var opts targetOptions
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show what each cohort is offered, what is published, and what comes next",
		Long: `status shows each cohort with the releases that it activates: the percentage that
the definitions say now, the one that is published, and what the schedule does
next; and what was aborted, paused or withdrawn in what is published, since when.
It changes nothing.`,
		Example: "  cairn status\n  cairn status --at 2026-12-01T09:00:00Z",
		RunE: global.inProject(func(cmd *cobra.Command, p *project) error {
			proposal, err := p.look(cmd, opts)
			if err != nil {
				return err
			}
			s := p.status(proposal)
			if asJSON {
				return cli.WriteJSON(cmd.OutOrStdout(), s)
			}
			return s.write(cmd.OutOrStdout())
		}),
	}
	opts.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "write one JSON object")
	return cmd
}

// status is how a project stands at an instant.
type status struct {
	Project   string         `json:"project"`
	To        string         `json:"to"`
	At        time.Time      `json:"at"`
	Published *publishedAs   `json:"published"` // null where nothing is known of it
	Pending   int            `json:"pending"`   // objects that a publish would change
	Cohorts   []cohortStatus `json:"cohorts"`
	Idle      []string       `json:"not_activated"` // releases
	Edges     []string       `json:"edges"`         // what must not be taken, in words
	Stops     []publish.Stop `json:"stops"`         // that stand in what is published
}

type publishedAs struct {
	Published time.Time `json:"published"`
	For       time.Time `json:"for"`
	Source    string    `json:"source"`
}

type cohortStatus struct {
	Cohort   string          `json:"cohort"`
	Devices  *int            `json:"devices"` // null for the cohort that lists none
	Releases []rolloutStatus `json:"releases"`
	Promotes string          `json:"promotes"` // what it takes over from another cohort, in words; "" where it does not
}

type rolloutStatus struct {
	Version   string       `json:"version"`
	Percent   float64      `json:"percent"`   // that is offered it, by the definitions
	Published float64      `json:"published"` // likewise, by what is published
	Paused    *time.Time   `json:"paused"`
	Aborted   string       `json:"aborted"`
	Withdrawn string       `json:"withdrawn"`
	Next      []nextStatus `json:"next"` // the next change, and the last
	Gate      string       `json:"gate"` // that the rollout waits for after these; "" for none
	Waits     string       `json:"-"`

	Components map[string]string `json:"components,omitempty"` // versions of software that has its own
	title      string
}

type nextStatus struct {
	At      time.Time `json:"at"`
	Percent float64   `json:"percent"`
}

func (p *project) status(pub *publish.Proposal) status {
	f := p.fleet
	s := status{Project: f.Project.Slug, To: pub.Store.String(), At: pub.Edition.At.Truncate(time.Second), Pending: pub.Len(), Cohorts: []cohortStatus{}, Idle: []string{}, Edges: []string{}, Stops: append([]publish.Stop{}, pub.Remote.Stops()...)}
	if state := pub.Remote.State; state != nil && !state.Done.Published.IsZero() {
		s.Published = &publishedAs{state.Done.Published, state.Done.At, state.Done.Source}
	}
	buckets := manifest.LayoutOf(f).Buckets()
	active := map[*releases.Release]bool{}
	published := pub.Remote.Rollouts()
	for _, c := range f.Cohorts {
		row := cohortStatus{Cohort: c.Slug, Releases: []rolloutStatus{}, Promotes: f.Promotes(c, s.At)}
		if c.Slug != releases.DefaultCohort {
			n := c.Devices.Len()
			row.Devices = &n
		}
		for _, a := range c.Activations {
			active[a.Release] = true
			row.Releases = append(row.Releases, statusOf(c, a, pub.Edition.At, published, buckets))
		}
		s.Cohorts = append(s.Cohorts, row)
	}
	for _, r := range f.Releases {
		for _, edge := range r.Edges() {
			s.Edges = append(s.Edges, r.Version+" "+edge)
		}
		if !active[r] {
			s.Idle = append(s.Idle, r.Version)
		}
	}
	return s
}

func statusOf(c *releases.Cohort, a releases.Activation, at time.Time, published []publish.Rollout, buckets int) rolloutStatus {
	r := rolloutStatus{Version: a.Release.Version, title: a.Release.Title(), Aborted: a.Aborted, Withdrawn: a.Release.Withdrawn, Next: []nextStatus{}}
	if a.Offers() {
		r.Percent = a.Percent(at)
	}
	for software, c := range a.Release.Components {
		if r.Components == nil {
			r.Components = map[string]string{}
		}
		r.Components[software] = c.Version
	}
	if a.Offers() {
		r.Gate, r.Waits = a.Rollout.Gate(), a.Rollout.Waits()
	}
	if !a.Paused.IsZero() && !a.Paused.After(at) {
		r.Paused = &a.Paused
	}
	if i := slices.IndexFunc(published, func(o publish.Rollout) bool { return o.Cohort == c.Slug && o.Version == a.Release.Version }); i >= 0 {
		r.Published = published[i].Percent
	}
	for change := range a.Changes(at, buckets) {
		next := nextStatus{change.At, change.Percent}
		if len(r.Next) == 2 {
			r.Next[1] = next
		} else {
			r.Next = append(r.Next, next)
		}
	}
	return r
}

func (s status) write(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, at %s\n", s.Project, s.At.Format(cli.TimeFormat))
	switch {
	case s.Published == nil:
		fmt.Fprintf(&b, "nothing is known to be published to %s\n", s.To)
	default:
		fmt.Fprintf(&b, "published to %s at %s", s.To, s.Published.Published.Format(cli.TimeFormat))
		if s.Published.Source != "" {
			fmt.Fprintf(&b, " from %s", s.Published.Source)
		}
		b.WriteByte('\n')
	}
	for _, c := range s.Cohorts {
		who := "all devices that no other cohort lists"
		if c.Devices != nil {
			who = cli.Count(*c.Devices, "device")
		}
		fmt.Fprintf(&b, "\ncohort %s: %s\n", c.Cohort, who)
		if c.Promotes != "" {
			fmt.Fprintf(&b, "  promotes %s\n", c.Promotes)
		}
		if len(c.Releases) == 0 {
			fmt.Fprintf(&b, "  is offered nothing\n")
			continue
		}
		table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		fmt.Fprintf(table, "  RELEASE\tNOW\tPUBLISHED\tNEXT\n")
		for _, r := range c.Releases {
			fmt.Fprintf(table, "  %s\t%s\t%s\t%s\n", r.title, cli.Percent(r.Percent), cli.Percent(r.Published), r.next())
		}
		table.Flush()
	}
	if len(s.Idle) > 0 {
		fmt.Fprintf(&b, "\nno cohort activates %s\n", strings.Join(s.Idle, ", "))
	}
	if len(s.Edges) > 0 {
		fmt.Fprintf(&b, "\nnot for all versions:\n  %s\n", strings.Join(s.Edges, "\n  "))
	}
	if len(s.Stops) > 0 {
		fmt.Fprintf(&b, "\nstopped, until the definitions say resumed:\n")
		for _, stop := range s.Stops {
			where := "every cohort"
			if stop.Cohort != "" {
				where = "cohort " + stop.Cohort
			}
			fmt.Fprintf(&b, "  %s in %s: %s\n", stop.Version, where, stop)
		}
	}
	if s.Pending > 0 {
		fmt.Fprintf(&b, "\na publish would change %s; 'cairn plan' shows what that means\n", cli.Count(s.Pending, "object"))
	} else {
		fmt.Fprintf(&b, "\n%s holds what the definitions say\n", s.To)
	}
	_, err := io.WriteString(w, trimLines(b.String()))
	return err
}

func (r rolloutStatus) next() string {
	switch {
	case r.Withdrawn != "":
		return "withdrawn: " + r.Withdrawn
	case r.Aborted != "":
		return "aborted: " + r.Aborted
	case r.Paused != nil:
		return "paused since " + r.Paused.Format(cli.TimeFormat)
	}
	parts := make([]string, len(r.Next))
	for i, n := range r.Next {
		parts[i] = cli.Percent(n.Percent) + " at " + n.At.Format(cli.TimeFormat)
	}
	if r.Waits != "" {
		parts = append(parts, r.Waits)
	}
	return strings.Join(parts, ", … ")
}

// trimLines takes the space at the end of lines away, which a table leaves.
func trimLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " ")
	}
	return strings.Join(lines, "\n")
}
