package review

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"cairn/publish"
)

// Text writes the review for a terminal. It gives the error of w.
func (r *Review) Text(w io.Writer) error {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	if r.Empty() {
		line("%s holds what the definitions say for %s.", r.To, r.At.Format(time.RFC3339))
	} else {
		line("%s, for %s:", r.To, r.At.Format(time.RFC3339))
	}
	if len(r.Relocations) > 0 {
		line("\ndevices that change cohort:")
	}
	for _, c := range r.Relocations {
		line("  %s", c)
	}
	for _, s := range r.Shrunk {
		line("\nwarning: %s", s)
	}
	if len(r.Forgotten) > 0 {
		line("\n%s", strings.TrimSuffix(publish.ForgottenText(r.Forgotten), "\n"))
	}
	var same []string
	for _, g := range r.Groups {
		if !g.Changed() {
			same = append(same, g.String())
			continue
		}
		line("\n%s", g)
		table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		for _, m := range g.Moves {
			fmt.Fprintf(table, "  %s %s\t%s\t%s\n", m.Sign(), m.Who(), m.What(), m.Share()+m.Since())
		}
		table.Flush()
	}
	if len(same) > 0 && !r.Empty() {
		line("\nno change for %s", strings.Join(same, "; "))
	}
	if !r.Empty() {
		line("\n%s", r.Objects)
	}
	if r.Head != "" {
		line("head: %s", r.Head)
	}
	if len(r.Missing) > 0 {
		line("\npublish will fail: stored payloads are not there, or not of the stated size:\n  %s", strings.Join(r.Missing, "\n  "))
	}
	if r.Guard != "" {
		line("\npublish will be stopped by guards, unless it has %s:\n  %s", r.Allow, strings.ReplaceAll(r.Guard, "\n", "\n  "))
	}
	if len(r.Upcoming) > 0 {
		line("\nnext, each with a publish after it:")
		table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		for _, u := range r.Upcoming {
			fmt.Fprintf(table, "  %s\t%s\t%s\n", u.At.Format(time.RFC3339), u.Cohort, u.what())
		}
		table.Flush()
	}
	r.decisions(line)
	_, err := io.WriteString(w, b.String())
	return err
}

// decisions writes what others have to decide before it goes on.
func (r *Review) decisions(line func(string, ...any)) {
	if len(r.Waiting) > 0 {
		line("\nwaiting for a gate, which 'cairn gate' asks:")
	}
	for _, w := range r.Waiting {
		line("  %s, %s: %s", w.Cohort, w.Version, w.What)
	}
	if len(r.Promotes) > 0 {
		line("\nto be promoted by 'cairn promote':")
	}
	for _, p := range r.Promotes {
		line("  %s: %s", p.Cohort, p.What)
	}
}

// String is "2 from default to beta: SN-1, SN-2".
func (c Relocation) String() string {
	s := fmt.Sprintf("%s from %s to %s", plural(c.Devices, "device"), c.From, c.To)
	if len(c.Serials) > 0 {
		s += ": " + strings.Join(c.Serials, ", ")
	}
	return s
}

// String is "cohort default, main on mp".
func (g Group) String() string {
	name := fmt.Sprintf("cohort %s, %s on %s", g.Cohort, g.SoftwareType, g.HardwareVersion)
	switch {
	case g.From == g.Cohort:
	case g.Size < 0:
		name += ", devices from " + g.From
	default:
		name += fmt.Sprintf(", %s from %s", plural(g.Size, "device"), g.From)
	}
	return name
}

// Sign is as in a diff: - is taken away, + comes, ~ changes, = stays; v moves
// down.
func (m Move) Sign() string {
	switch {
	case m.Down:
		return "v"
	case m.weight() == taken:
		return "-"
	case m.Same():
		return "="
	case m.Before.Version == "":
		return "+"
	}
	return "~"
}

// Who says which devices they are: "on 1.0.0, no version".
func (m Move) Who() string {
	who := m.Current
	if len(who) > 4 {
		who = append(who[:3:3], fmt.Sprintf("%d more", len(who)-3))
	}
	if m.None {
		who = append(who[:len(who):len(who)], "no version")
	}
	if m.Unknown {
		who = append(who[:len(who):len(who)], "unknown versions")
	}
	if m.Eager {
		who = append(who[:len(who):len(who)], "asking eagerly")
	}
	return "on " + strings.Join(who, ", ")
}

// What says what they get: "1.0.0 → 1.1.0".
func (m Move) What() string {
	switch {
	case m.Same():
		return m.got()
	case m.Payload:
		return m.After.String() + ", another payload"
	}
	return m.Before.String() + " → " + m.got()
}

// got is what they get in the end, with the worst of it.
func (m Move) got() string {
	if m.Held != "" && m.After == (Offer{}) {
		return "nothing" + m.remark()
	}
	return m.After.String() + m.remark()
}

// Since is what keeps them from more, as the end of a sentence; "" for nothing.
func (m Move) Since() string {
	if m.Held == "" {
		return ""
	}
	return ", since " + m.Held
}

// remark is the worst of a change in words.
func (m Move) remark() string {
	switch {
	case m.Down && m.Withdrawn:
		return " (moves down, withdrawn)"
	case m.Down:
		return " (moves down)"
	case m.Withdrawn:
		return " (withdrawn)"
	case m.Payload:
		return " (another payload)"
	}
	return ""
}

// Share says how many there are: "10 %, 26 buckets".
func (m Move) Share() string {
	if m.Eager {
		return "any bucket"
	}
	s := fmt.Sprintf("%s %%, %s", decimal(m.Percent), plural(m.Buckets, "bucket"))
	if m.Devices >= 0 {
		s += ", " + plural(m.Devices, "device")
	}
	return s
}

// String is "1.1.0", "up to date" or "no answer".
func (o Offer) String() string {
	switch {
	case o.Missing:
		return "no answer"
	case o.Version == "":
		return "up to date"
	}
	return strings.ReplaceAll(o.Version, "\n", " or ")
}

// String sums the objects up.
func (o Objects) String() string {
	s := fmt.Sprintf("%s to put (%s), %d to delete; ", plural(o.Puts, "object"), size(o.Bytes), o.Deletes)
	return s + fmt.Sprintf("%s, about %.4f %s", plural(o.Requests, "request"), o.Cost, o.Currency)
}

func (u Upcoming) what() string {
	s := fmt.Sprintf("%s to %s %%, %s", cmp.Or(u.title, u.Version), decimal(u.Percent), plural(u.Buckets, "bucket"))
	if u.Last {
		s += ", the last step"
	}
	return s
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// decimal writes a number with one decimal at most.
func decimal(f float64) string { return strings.TrimSuffix(fmt.Sprintf("%.1f", f), ".0") }

// size is a number of bytes in units of 1024.
func size(n int64) string {
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	f, unit := float64(n), -1
	for f >= 1024 && unit < 3 {
		f, unit = f/1024, unit+1
	}
	return fmt.Sprintf("%.1f %ciB", f, "KMGT"[unit])
}
