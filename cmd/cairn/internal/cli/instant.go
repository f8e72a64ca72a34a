package cli

import (
	"time"

	"cairn/releases"

	"github.com/spf13/cobra"
)

// TimeFormat is how instants are written.
const TimeFormat = time.RFC3339

// At is an instant on the command line.
type At struct{ time.Time }

func (a *At) String() string {
	if a.IsZero() {
		return ""
	}
	return a.Format(TimeFormat)
}

// Type is the name of what the flag takes.
func (a *At) Type() string { return "time" }

// Set reads an instant, as [releases.ParseInstant] does.
func (a *At) Set(s string) error {
	at, err := releases.ParseInstant(s)
	a.Time = at
	return err
}

// Instant is the one that was given, or now.
func (a *At) Instant() time.Time {
	if a.IsZero() {
		return time.Now().UTC()
	}
	return a.Time
}

// AddAt gives a command the flag --at.
func AddAt(cmd *cobra.Command, a *At) {
	cmd.Flags().Var(a, "at", "the instant that decides, such as 2026-12-01T09:00:00Z; UTC where it states no offset (default now)")
}
