package report

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"cairn/cmd/cairn/internal/cli"
	"cairn/manifest/adoption"
	"cairn/manifest/simulate"
	"cairn/releases/edit"
)

// Adoption writes what logs tell, for readers.
func Adoption(w io.Writer, r *adoption.Report) error {
	var b strings.Builder
	if r.Requests == 0 {
		fmt.Fprintf(&b, "%s: no request\n", r.Project)
	} else {
		fmt.Fprintf(&b, "%s: %s\n\n", r.Project, strings.ReplaceAll(AdoptionSummary(r), "; ", "\n"))
		t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		for i, row := range AdoptionTable(r) {
			if i == 0 {
				row = strings.Split(strings.ToUpper(strings.Join(row, "\t")), "\t")
			}
			fmt.Fprintln(t, strings.Join(row, "\t"))
		}
		t.Flush()
		versions(&b, r)
	}
	for _, e := range r.Errors {
		fmt.Fprintf(&b, "\n%s answered with status %d", plural(e.Requests, "request was", "requests were"), e.Status)
	}
	if len(r.Errors) > 0 {
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "\n%s read", cli.Count(int(r.Lines), "line"))
	for _, n := range []struct {
		n    int64
		what string
	}{{r.Unknown, "not known"}, {r.Foreign, "of other requests"}, {r.Outside, "of another time"}} {
		if n.n > 0 {
			fmt.Fprintf(&b, ", %s %s", cli.Thousands(int(n.n)), n.what)
		}
	}
	b.WriteByte('\n')
	_, err := io.WriteString(w, b.String())
	return err
}

// AdoptionSummary is what was read, and how many devices that makes.
func AdoptionSummary(r *adoption.Report) string {
	counted := ""
	if r.Counted != nil {
		counted = fmt.Sprintf("; %s by their own count in a week", cli.Count(int(*r.Counted), "device"))
	}
	return fmt.Sprintf("%s from %s to %s; about %s, if each polls every %s", cli.Count(int(r.Requests), "request"),
		r.From.Format(cli.TimeFormat), r.At.Format(cli.TimeFormat), devices(r.Devices), edit.Duration(r.Poll)) + counted
}

// AdoptionTable has the rows of releases, behind their heading.
func AdoptionTable(r *adoption.Report) [][]string {
	table := [][]string{{"Release", "For", "Cohort", "Offered", "Devices", "Arrived", "Waiting", "Downloads each", "Half, 95 % within", "Silent"}}
	for _, row := range r.Rows {
		each, within, silent := "-", "-", "-"
		if row.PerArrival != nil {
			each = fmt.Sprintf("%.2f", *row.PerArrival)
		}
		if row.Median != nil {
			within = fmt.Sprintf("%.3g h", *row.Median)
			if row.Late != nil {
				within += fmt.Sprintf(", %.3g h", *row.Late)
			}
		}
		if s := row.Silence; s != nil {
			silent = fmt.Sprintf("%.1f %% (%.1f to %.1f) of %s", s.Percent, s.Low, s.High, number(s.Devices))
		}
		table = append(table, []string{row.Release, row.SoftwareType + "/" + row.HardwareVersion, row.Cohort, cli.Percent(row.Percent),
			number(row.Devices), number(row.Arrived), number(row.Waiting), each, within, silent})
	}
	return table
}

// versions tells what nobody listed.
func versions(b *strings.Builder, r *adoption.Report) {
	const most = 20
	n := 0
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	for _, v := range r.Versions {
		if v.Listed {
			continue
		}
		if n++; n == 1 {
			fmt.Fprintf(t, "\nversions that nobody lists; known_versions in [software.…] does\n")
		}
		if n <= most {
			fmt.Fprintf(t, "  %s\t%s\t%s\t%s\t%s\n", simulate.Label(v.Version), v.SoftwareType+"/"+v.HardwareVersion, v.Cohort, devices(v.Devices), cli.Count(int(v.Polls), "poll"))
		}
	}
	t.Flush()
	if n > most {
		fmt.Fprintf(b, "  and %d more\n", n-most)
	}
	if r.Other > 0 {
		fmt.Fprintf(b, "\n%s on versions, or for devices, that are not known\n", cli.Count(int(r.Other), "poll"))
	}
}

func number(f float64) string { return cli.Thousands(int(f + 0.5)) }

func devices(f float64) string { return cli.Count(int(f+0.5), "device") }

func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return cli.Thousands(int(n)) + " " + many
}
