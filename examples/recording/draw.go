package main

import (
	"bytes"
	"fmt"
	"html"
	"strings"
	"unicode/utf8"
)

// The terminal, in characters, and how large one is, in pixels.
const (
	columns, rows = 118, 30
	advance       = 7.5
	leading       = 18
	margin        = 16
	bar           = 36 // the window's title
)

// style has a palette for each of the schemes that a reader may have chosen.
// Who wants no motion, or cannot play any, sees the last screen.
const style = `
:root { --back: #0d1117; --edge: #30363d; --text: #e6edf3; --faint: #8b949e; --more: #7ee787; --less: #ff9d95; --prompt: #79c0ff }
@media (prefers-color-scheme: light) {
  :root { --back: #f6f8fa; --edge: #d0d7de; --text: #1f2328; --faint: #59636e; --more: #116329; --less: #b3261e; --prompt: #0550ae }
}
text { font: 12.5px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: var(--text); white-space: pre }
.faint { fill: var(--faint) } .more { fill: var(--more) } .less { fill: var(--less) } .prompt { fill: var(--prompt) }
.command { font-weight: 600 }
.back { fill: var(--back) } .edge { fill: none; stroke: var(--edge) } .dot { fill: var(--edge) }
.cursor { fill: var(--text) }
@media (prefers-reduced-motion: no-preference) {
`

// film is where the picture stands over time. All lines stand below one
// another from the start; a cover hides those that are still to come.
type film struct {
	seconds              float64
	scroll, cover, typed []frame
	lines                bytes.Buffer
	shown                int // lines
}

// frame says from when on something is moved by how many pixels.
type frame struct {
	at, by float64
	// in how many even steps it goes on to the next frame; at once if 0
	steps int
}

// draw gives the SVG of a recording.
func draw(steps []step) []byte {
	f := &film{}
	for _, s := range steps {
		f.command(s.line)
		for _, line := range s.printed {
			f.output(line)
		}
		f.seconds += 0.8 + 0.22*float64(len(s.printed))
	}
	f.text(0, "prompt", "$")
	f.at(f.shown, 2, 0)
	f.seconds += 8

	const width, height = columns*advance + 2*margin, bar + rows*leading + margin
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %v %v" width="%v" height="%v" role="img">`, width, height, width, height)
	fmt.Fprintf(&b, "\n<title>The first minutes with cairn, in a terminal</title>\n<style>%s", style)
	f.animate(&b, "scroll", "translateY", f.scroll)
	f.animate(&b, "cover", "translateY", f.cover)
	f.animate(&b, "typed", "translateX", f.typed)
	fmt.Fprintf(&b, "}\n</style>\n<rect class=\"back\" width=\"%v\" height=\"%v\" rx=\"8\"/>", width, height)
	fmt.Fprintf(&b, `<rect class="edge" x=".5" y=".5" width="%v" height="%v" rx="7.5"/>`, width-1, height-1)
	for i := range 3 {
		fmt.Fprintf(&b, `<circle class="dot" cx="%d" cy="18" r="5"/>`, 20+18*i)
	}
	fmt.Fprintf(&b, "\n<svg x=\"%d\" y=\"%d\" width=\"%v\" height=\"%d\">", margin, bar, columns*advance, rows*leading)
	fmt.Fprintf(&b, "<g class=\"scroll\" xml:space=\"preserve\" transform=\"translate(0 %v)\">\n", f.scroll[len(f.scroll)-1].by)
	b.Write(f.lines.Bytes())
	fmt.Fprintf(&b, `<g class="cover" transform="translate(0 %v)"><g class="typed">`, f.cover[len(f.cover)-1].by)
	fmt.Fprintf(&b, `<rect class="back" width="100%%" height="%d"/><rect class="cursor" y="3" width="%v" height="%d"/></g>`, leading, advance, leading-4)
	fmt.Fprintf(&b, "<rect class=\"back\" y=\"%d\" width=\"100%%\" height=\"%d\"/></g>\n</g></svg>\n</svg>\n", leading, (f.shown+1)*leading)
	return b.Bytes()
}

// at moves the cover to a line and column, from now on.
func (f *film) at(line, column, steps int) {
	f.scroll = append(f.scroll, frame{at: f.seconds, by: float64(leading * min(0, rows-1-line))})
	f.cover = append(f.cover, frame{at: f.seconds, by: float64(leading * line)})
	f.typed = append(f.typed, frame{at: f.seconds, by: advance * float64(column), steps: steps})
}

// command types a line of the script.
func (f *film) command(line string) {
	class, first := "command", f.shown
	if strings.HasPrefix(line, "#") {
		class = "faint"
	}
	wrapped := wrap(line, columns-2)
	for i, part := range wrapped {
		f.text(0, "prompt", []string{"$", ">"}[min(i, 1)])
		f.text(2, class, part)
		f.shown++
	}
	for i, part := range wrapped {
		n := utf8.RuneCountInString(part)
		f.at(first+i, 2, n)
		f.seconds += 0.025 * float64(n)
		f.at(first+i, 2+n, 0)
	}
	f.seconds += 0.3
}

// output shows a line that a command printed.
func (f *film) output(line string) {
	class := ""
	switch strings.TrimLeft(line, " ")[:min(1, len(strings.TrimLeft(line, " ")))] {
	case "+":
		class = "more"
	case "-":
		class = "less"
	case "@", "=":
		class = "faint"
	}
	for _, part := range wrap(line, columns) {
		f.text(0, class, part)
		f.shown++
	}
	f.at(f.shown, 0, 0)
}

// text writes words at a column of the line to come, as wide as a terminal
// has them, whatever font the reader has.
func (f *film) text(column int, class, words string) {
	if words == "" {
		return
	}
	fmt.Fprintf(&f.lines, "<text class=%q x=\"%v\" y=\"%v\" textLength=\"%v\">%s</text>\n",
		class, float64(column)*advance, f.shown*leading+13, float64(utf8.RuneCountInString(words))*advance, html.EscapeString(words))
}

// wrap cuts a line where a terminal does.
func wrap(line string, width int) []string {
	parts := []string{}
	for r := []rune(line); len(r) > width; r = []rune(line) {
		parts = append(parts, string(r[:width]))
		line = string(r[width:])
	}
	return append(parts, line)
}

// animate moves a class of elements from frame to frame, again and again.
func (f *film) animate(b *bytes.Buffer, class, move string, frames []frame) {
	fmt.Fprintf(b, ".%s { animation: %s %.2fs step-end infinite }\n@keyframes %s {", class, class, f.seconds, class)
	for i, k := range frames {
		if i+1 < len(frames) && frames[i+1].at == k.at {
			continue // nobody sees it
		}
		fmt.Fprintf(b, " %.3f%% { transform: %s(%vpx)", 100*k.at/f.seconds, move, k.by)
		if k.steps > 0 {
			fmt.Fprintf(b, "; animation-timing-function: steps(%d)", k.steps)
		}
		b.WriteString(" }")
	}
	b.WriteString(" }\n")
}
