package report

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"cairn/cmd/cairn/internal/cli"
	"cairn/manifest/simulate"
	"cairn/releases/edit"
)

// Simulation is a simulation for readers.
type Simulation struct {
	*simulate.Result
	ByCohort bool          // a table for each cohort
	BaseURL  string        // what was asked; "" for the definitions
	Poll     time.Duration // of a device
}

// Write writes tables of who is where, the sum, and the first failures.
func (r Simulation) Write(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintln(&b, r.head())
	if !r.ByCohort {
		fmt.Fprintln(&b)
		r.table(&b, r.Whole())
		if eager := r.Eager(); eager != nil {
			fmt.Fprint(&b, "\nthose of them that ask eagerly\n")
			r.table(&b, eager)
		}
	} else {
		for _, c := range r.Cohorts {
			name := c.Cohort
			if c.Eager {
				name += ", asking eagerly"
			}
			fmt.Fprintf(&b, "\ncohort %s, %s\n", name, cli.Count(c.Len(), "device"))
			r.table(&b, c.Devices)
		}
	}
	fmt.Fprintf(&b, "\n%s\n", r.sum())
	for _, by := range r.KeptBy {
		fmt.Fprintf(&b, "  %s kept: %s\n", cli.Count(int(by.Devices), "device"), by.Because)
	}
	for _, f := range r.Failures {
		fmt.Fprintf(&b, "\n%s %s\n", cli.Count(f.Devices, "device"), f.Check.Does(f.Devices))
		for _, x := range f.First {
			fmt.Fprintf(&b, "  %s  %s  %s, %s on %s\n    %s: %s\n", x.At.Format(cli.TimeFormat), x.Serial, x.Cohort,
				x.SoftwareType, x.HardwareVersion, trail(x.Path), x.Why)
		}
		if n := f.Devices - len(f.First); n > 0 {
			fmt.Fprintf(&b, "  and %s more\n", cli.Thousands(n))
		}
		fmt.Fprintf(&b, "  hint: %s\n", f.Check.WayOut())
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (r Simulation) head() string {
	s := fmt.Sprintf("%s: %s", r.Project, cli.Count(r.Devices, "device"))
	if r.BaseURL != "" {
		return s + fmt.Sprintf(" ask %s until nothing moves, in %s; seed %d", r.BaseURL, cli.Count(int(r.Requests), "request"), r.Seed)
	}
	publishes := "1 publish"
	if r.Publishes > 1 {
		publishes = cli.Thousands(r.Publishes) + " publishes"
	}
	return s + fmt.Sprintf(" poll every %s, after %s; seed %d", edit.Duration(r.Poll), publishes, r.Seed)
}

// table writes the devices on each version, a row for each of some points.
func (r Simulation) table(w io.Writer, counts [][]int) {
	columns, names := r.Columns(counts)
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', tabwriter.AlignRight)
	first := "time" + strings.Repeat(" ", len("2026-12-01T09:00:00Z")-len("time"))
	if r.BaseURL != "" {
		first = "polls"
	}
	fmt.Fprintf(t, "%s\t%s\t\n", first, strings.Join(names, "\t"))
	for i, point := range r.Points {
		if !point.Row {
			continue
		}
		if r.BaseURL != "" {
			fmt.Fprintf(t, "%d\t", point.Polls)
		} else {
			fmt.Fprintf(t, "%s\t", point.At.Format(cli.TimeFormat))
		}
		sum := 0
		for _, n := range columns[i] {
			sum += n
		}
		for _, n := range columns[i] {
			if n == 0 {
				fmt.Fprint(t, "-\t")
				continue
			}
			fmt.Fprintf(t, "%s  %5.1f %%\t", cli.Thousands(n), 100*float64(n)/float64(sum))
		}
		fmt.Fprintln(t)
	}
	t.Flush()
}

func (r Simulation) sum() string {
	s := cli.Count(int(r.Updates), "update")
	if r.Failed > 0 {
		s += fmt.Sprintf(" and %s that failed", cli.Thousands(int(r.Failed)))
	}
	s += fmt.Sprintf("; %s settled", cli.Count(int(r.Settled), "device"))
	for _, x := range []struct {
		n    int64
		what string
	}{{r.OnTheWay, "on the way"}, {r.Held, `held by unknown_version = "hold"`}, {r.Kept, "kept where they are"}, {r.Lost, "lost"}, {r.Bricked, "bricked"}} {
		if x.n > 0 {
			s += fmt.Sprintf(", %s %s", cli.Thousands(int(x.n)), x.what)
		}
	}
	return s
}

// trail is the way of a device: "1.0.0 → 1.1.0".
func trail(path []string) string {
	const most = 12
	var names []string
	for i, version := range path {
		if i == most-2 && len(path) > most {
			names = append(names, "…")
		}
		if i < most-2 || i >= len(path)-2 || len(path) <= most {
			names = append(names, simulate.Label(version))
		}
	}
	return strings.Join(names, " → ")
}

// SimulationError says which checks devices fail, nil for none, and whether more
// than a percentage of them were bricked.
func SimulationError(r *simulate.Result, maxLost float64) error {
	var failed []string
	if lost := 100 * float64(r.Bricked) / float64(r.Devices); lost > maxLost {
		failed = append(failed, fmt.Sprintf("%s of %s bricked, %.2g %%, over --max-lost %v", cli.Thousands(int(r.Bricked)), cli.Count(r.Devices, "device"), lost, maxLost))
	}
	for _, f := range r.Failures {
		failed = append(failed, cli.Count(f.Devices, "device")+" "+f.Check.Does(f.Devices))
	}
	if len(failed) == 0 {
		return nil
	}
	return fmt.Errorf("%s", strings.Join(failed, "; "))
}
