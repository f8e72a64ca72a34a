package simulate

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
)

// Measures of the chart, in its own units (px where it is not scaled).
const (
	width, height = 960, 480
	left, right   = 72, 196
	top, bottom   = 72, 56
	plotWidth     = width - left - right
	plotHeight    = height - top - bottom
	legendLine    = 22
	mostTicks     = 8
	longestLabel  = 20 // characters
)

// MostVersions is how many versions a chart or table shows one by one.
const MostVersions = 8

//go:embed chart.svg
var chartSource string

var chartTemplate = template.Must(template.New("chart").Parse(chartSource))

// SVG draws the shares of the versions over time, as a file of its own.
func (r *Result) SVG(w io.Writer) error {
	counts, names := r.Columns(r.Whole())
	c := chart{
		Width: width, Height: height, Left: left, Top: top, Bottom: height - bottom, Right: width - right,
		Title:    text(fmt.Sprintf("%s: versions of %s devices", r.Project, humanize.Comma(int64(r.Devices)))),
		Subtitle: text(r.period()),
		XTitle:   "time (UTC)",
		XMiddle:  left + plotWidth/2,
		YMiddle:  top + plotHeight/2,
	}
	if r.polled() {
		c.XTitle = "polls of each device"
	}
	for percent := 0; percent <= 100; percent += 25 {
		c.YTicks = append(c.YTicks, tick{height - bottom - plotHeight*percent/100, fmt.Sprintf("%d %%", percent)})
	}
	c.XTicks = r.ticks()
	x := func(i int) string { return px(left + float64(plotWidth*r.share(i))) }
	floor := make([]int, len(counts)) // devices below, by point
	for v, name := range names {
		var up, down []string
		for i, devices := range counts {
			y := func(n int) string {
				return px(top + float64(plotHeight*(1-float64(n)/float64(max(1, r.Devices)))))
			}
			down = append(down, x(i)+","+y(floor[i]))
			floor[i] += devices[v]
			up = append(up, x(i)+","+y(floor[i]))
		}
		slices.Reverse(down)
		last := counts[len(counts)-1][v]
		c.Areas = append(c.Areas, area{
			Class:  "v" + strconv.Itoa(len(names)-1-v), // the newest is the first
			Name:   text(name),
			Label:  text(shorten(name)),
			Share:  percentage(last, r.Devices),
			Points: strings.Join(up, " ") + " " + strings.Join(down, " "),
			Y:      top + (len(names)-1-v)*legendLine,
		})
	}
	slices.Reverse(c.Areas) // the legend reads as the areas lie
	return chartTemplate.Execute(w, c)
}

type chart struct {
	Width, Height, Left, Top, Right, Bottom int
	Title, Subtitle, XTitle                 string
	XMiddle, YMiddle                        int
	XTicks, YTicks                          []tick
	Areas                                   []area
}

type tick struct {
	At    int
	Label string
}

type area struct {
	Class, Name, Label, Share, Points string
	Y                                 int
}

// Columns are counts by version, at most [MostVersions] of them and what the
// others sum up to, with the names for readers. Those with the highest peaks
// stay; those that nobody ever ran don't.
func (r *Result) Columns(counts [][]int) ([][]int, []string) {
	peak := make([]int, len(r.Versions))
	order := make([]int, len(r.Versions))
	for v := range order {
		order[v] = v
		for _, devices := range counts {
			peak[v] = max(peak[v], devices[v])
		}
	}
	order = slices.DeleteFunc(order, func(v int) bool { return peak[v] == 0 })
	slices.SortStableFunc(order, func(a, b int) int { return peak[b] - peak[a] })
	shown := slices.Sorted(slices.Values(order[:min(MostVersions, len(order))]))
	var names []string
	for _, v := range shown {
		names = append(names, Label(r.Versions[v]))
	}
	others := len(order) - len(shown)
	if others > 0 {
		names = append([]string{fmt.Sprintf("%d others", others)}, names...)
	}
	columns := make([][]int, len(counts))
	for i, devices := range counts {
		rest := 0
		for _, n := range devices {
			rest += n
		}
		for _, v := range shown {
			columns[i] = append(columns[i], devices[v])
			rest -= devices[v]
		}
		if others > 0 {
			columns[i] = append([]int{rest}, columns[i]...)
		}
	}
	return columns, names
}

// polled says whether the points are polls rather than instants.
func (r *Result) polled() bool { return r.Points[len(r.Points)-1].Polls > 0 }

// share is where a point is between the first and the last, 0 to 1.
func (r *Result) share(i int) float64 {
	if r.polled() {
		return float64(i) / float64(len(r.Points)-1)
	}
	from, to := r.Points[0].At, r.Points[len(r.Points)-1].At
	return float64(r.Points[i].At.Sub(from)) / float64(max(1, to.Sub(from)))
}

func (r *Result) period() string {
	from, to := r.Points[0].At, r.Points[len(r.Points)-1].At
	if r.polled() {
		return "as published, at " + from.Format(time.RFC3339)
	}
	return from.Format(time.RFC3339) + " to " + to.Format(time.RFC3339)
}

// ticks are some of the rows, each equally far from the next.
func (r *Result) ticks() []tick {
	var at []int
	for i, p := range r.Points {
		if p.Row {
			at = append(at, i)
		}
	}
	layout := "Jan 2 15:04"
	if len(at) > 1 && r.Points[at[1]].At.Sub(r.Points[0].At)%day == 0 {
		layout = "Jan 2"
	}
	every := (len(at) + mostTicks - 1) / mostTicks
	var ticks []tick
	for i := 0; i < len(at); i += every {
		label := strconv.Itoa(r.Points[at[i]].Polls)
		if !r.polled() {
			label = r.Points[at[i]].At.Format(layout)
		}
		ticks = append(ticks, tick{left + int(plotWidth*r.share(at[i])), label})
	}
	return ticks
}

func px(x float64) string { return strconv.FormatFloat(x, 'f', 1, 64) }

func percentage(n, of int) string {
	return strconv.FormatFloat(100*float64(n)/float64(max(1, of)), 'f', 1, 64) + " %"
}

func shorten(s string) string {
	if r := []rune(s); len(r) > longestLabel {
		return string(r[:longestLabel-1]) + "…"
	}
	return s
}

// text is what XML 1.0 section 2.2 lets a document hold; the rest is replaced.
func text(s string) string {
	return strings.Map(func(r rune) rune {
		if r == 0xfffe || r == 0xffff || r < ' ' {
			return '\ufffd'
		}
		return r
	}, s)
}
