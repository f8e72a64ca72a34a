package report

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"cairn/cmd/cairn/internal/cli"
	"cairn/publish/edge/doctor"
)

// Doctor is what a device would meet at an edge.
type Doctor struct {
	Base     string
	Findings []doctor.Finding
}

// Write writes a line for each finding, and below it what it means and how to
// mend it where it is not just in order.
func (r Doctor) Write(w io.Writer) error {
	out := bufio.NewWriter(w)
	for _, f := range r.Findings {
		fmt.Fprintf(out, "%-7s  %-16s  %s\n", f.Level, f.Name, f.Seen)
		if f.Level == doctor.OK {
			continue
		}
		fmt.Fprintf(out, "         means: %s\n", f.Means)
		if f.Mend != "" {
			fmt.Fprintf(out, "         mend:  %s\n", f.Mend)
		}
	}
	fmt.Fprintf(out, "%s: %d in order, %s, %s, %s\n", r.Base, r.of(doctor.OK), cli.Count(r.of(doctor.Note), "note"),
		cli.Count(r.of(doctor.Warning), "warning"), cli.Count(r.of(doctor.Error), "error"))
	return out.Flush()
}

// WriteJSON writes one JSON object with all findings.
func (r Doctor) WriteJSON(w io.Writer) error {
	return cli.WriteJSON(w, struct {
		BaseURL  string           `json:"base_url"`
		Errors   int              `json:"errors"`
		Warnings int              `json:"warnings"`
		Notes    int              `json:"notes"`
		Findings []doctor.Finding `json:"findings"`
	}{r.Base, r.of(doctor.Error), r.of(doctor.Warning), r.of(doctor.Note), r.Findings})
}

func (r Doctor) of(level doctor.Level) (n int) {
	for _, f := range r.Findings {
		if f.Level == level {
			n++
		}
	}
	return n
}

// Outcome is an error where something breaks devices.
func (r Doctor) Outcome() error {
	if n := r.of(doctor.Error); n == 1 {
		return errors.New("1 error: it breaks devices")
	} else if n > 1 {
		return fmt.Errorf("%d errors: they break devices", n)
	}
	return nil
}
