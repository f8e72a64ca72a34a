package review

import (
	"fmt"
	"io"
	"strings"
	"time"

	"cairn/publish"
)

// MaxMarkdown is how long a review in Markdown gets at most, in bytes: a
// comment on GitHub may have 65,536 characters.
const MaxMarkdown = 60_000

// foldAfter is how many rows a table has before it is folded.
const foldAfter = 12

// Markdown writes the review as a comment on a pull request, in GitHub's
// flavour. It is at most [MaxMarkdown] bytes long: what doesn't fit is left
// out and counted.
func (r *Review) Markdown(w io.Writer) error {
	var head, tail strings.Builder
	if r.Empty() {
		fmt.Fprintf(&head, "### cairn: nothing to publish\n\n%s holds what the definitions say for %s.\n", code(r.To), r.At.Format(time.RFC3339))
	} else {
		fmt.Fprintf(&head, "### cairn: %s\n\n%s, for %s\n", r.headline(), code(r.To), r.At.Format(time.RFC3339))
	}
	if r.Guard != "" {
		fmt.Fprintf(&head, "\n> [!WARNING]\n> publish will be stopped by guards, unless it has %s:\n> %s\n", code(r.Allow), strings.ReplaceAll(escape(r.Guard), "\n", "\n> "))
	}
	if len(r.Missing) > 0 {
		fmt.Fprintf(&head, "\n> [!CAUTION]\n> publish will fail: %d stored payloads are not there, such as %s\n", len(r.Missing), code(r.Missing[0]))
	}
	for _, s := range r.Shrunk {
		fmt.Fprintf(&head, "\n> [!WARNING]\n> %s\n", escape(s.String()))
	}
	for _, v := range r.Forgotten {
		fmt.Fprintf(&head, "\n> [!WARNING]\n> %s: the definitions do not name %s\n", publish.ForgottenVersion, escape(v.String()))
	}
	if len(r.Relocations) > 0 {
		var rows []string
		for _, c := range r.Relocations {
			rows = append(rows, fmt.Sprintf("| %s | %s | %d | %s |\n", code(c.From), code(c.To), c.Devices, cell(strings.Join(c.Serials, ", "))))
		}
		fmt.Fprintf(&head, "\nDevices that change cohort:\n\n%s", table("| from | to | devices | |\n| --- | --- | --- | --- |\n", rows))
	}
	if !r.Empty() {
		fmt.Fprintf(&tail, "\n%s\n", escape(r.Objects.String()))
	}
	if r.Head != "" {
		fmt.Fprintf(&tail, "\nhead: %s\n", escape(r.Head))
	}
	if len(r.Upcoming) > 0 {
		var rows []string
		for _, u := range r.Upcoming {
			rows = append(rows, fmt.Sprintf("| %s | %s | %s |\n", u.At.Format(time.RFC3339), code(u.Cohort), cell(u.what())))
		}
		fmt.Fprintf(&tail, "\nNext, each with a publish after it:\n\n%s", table("| when | cohort | |\n| --- | --- | --- |\n", rows))
	}
	r.markdownDecisions(&tail)
	room := MaxMarkdown - head.Len() - tail.Len() - len(leftOut(0))
	left := 0
	for _, g := range r.Groups {
		if !g.Changed() {
			continue
		}
		text := g.markdown()
		if left > 0 || len(text) > room {
			left++
			continue
		}
		room -= len(text)
		head.WriteString(text)
	}
	if left > 0 {
		head.WriteString(leftOut(left))
	}
	_, err := io.WriteString(w, head.String()+tail.String())
	return err
}

// markdownDecisions is [Review.decisions] in Markdown.
func (r *Review) markdownDecisions(w io.Writer) {
	if len(r.Waiting) > 0 {
		fmt.Fprintf(w, "\nWaiting for a gate:\n\n")
	}
	for _, x := range r.Waiting {
		fmt.Fprintf(w, "- %s, %s: %s\n", code(x.Cohort), code(x.Version), escape(x.What))
	}
	if len(r.Promotes) > 0 {
		fmt.Fprintf(w, "\nTo be promoted by `cairn promote`:\n\n")
	}
	for _, p := range r.Promotes {
		fmt.Fprintf(w, "- %s: %s\n", code(p.Cohort), escape(p.What))
	}
}

func leftOut(n int) string {
	return fmt.Sprintf("\n…and %8d groups of devices more: see `cairn plan`.\n", n)
}

func (r *Review) headline() string {
	var lower, withdrawn, changed int
	for _, g := range r.Groups {
		switch g.weight() {
		case down:
			lower++
		case taken:
			withdrawn++
		case changing:
			changed++
		}
	}
	switch {
	case lower > 0:
		return fmt.Sprintf("moves %s of devices down", plural(lower, "group"))
	case withdrawn > 0:
		return fmt.Sprintf("takes a release back from %s of devices", plural(withdrawn, "group"))
	case changed > 0:
		return fmt.Sprintf("other answers for %s of devices", plural(changed, "group"))
	}
	return "the same answers for all devices"
}

func (g Group) markdown() string {
	var rows []string
	for _, m := range g.Moves {
		share, buckets, devices := decimal(m.Percent)+" %", fmt.Sprint(m.Buckets), ""
		if m.Eager {
			share, buckets = "", "any"
		}
		if m.Devices >= 0 {
			devices = fmt.Sprint(m.Devices)
		}
		rows = append(rows, fmt.Sprintf("| %s | %s | %s | %s | %s | %s | %s |\n",
			m.Sign(), cell(strings.TrimPrefix(m.Who(), "on ")), cell(m.Before.String()), cell(m.got()+m.Since()), share, buckets, devices))
	}
	const head = "| | running | before | after | share | buckets | devices |\n| --- | --- | --- | --- | --- | --- | --- |\n"
	return fmt.Sprintf("\n**%s**\n\n%s", escape(g.String()), table(head, rows))
}

// maxTable is how long a table gets, in bytes.
const maxTable = 10_000

// table folds a long table, and cuts off a very long one.
func table(head string, rows []string) string {
	var b strings.Builder
	kept := 0
	for ; kept < len(rows) && b.Len()+len(rows[kept]) < maxTable; kept++ {
		b.WriteString(rows[kept])
	}
	text := head + b.String()
	if kept < len(rows) {
		text += fmt.Sprintf("\n…and %d rows more.\n", len(rows)-kept)
	}
	if kept > foldAfter {
		return fmt.Sprintf("<details><summary>%d rows</summary>\n\n%s\n</details>\n", kept, text)
	}
	return text
}

// cell is text in a table.
func cell(s string) string { return strings.ReplaceAll(escape(s), "|", `\|`) }

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`, "]", `\]`, "@", "&#64;", "#", `\#`)

// escape keeps text from being markup.
func escape(s string) string { return escaper.Replace(s) }

// code is text in a span of code.
func code(s string) string { return "`" + strings.ReplaceAll(s, "`", "'") + "`" }
