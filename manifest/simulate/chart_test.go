package simulate_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"cairn/manifest"
	"cairn/manifest/simulate"
	"cairn/releases/fleettest"
)

// elements is an SVG's text and polygons. It fails for what is not XML, and
// for what a chart must not have.
func elements(t *testing.T, svg []byte) (texts []string, polygons []string) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(svg))
	var in []string
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return texts, polygons
		}
		if err != nil {
			t.Fatalf("%v:\n%s", err, svg)
		}
		switch e := token.(type) {
		case xml.StartElement:
			in = append(in, e.Name.Local)
			if e.Name.Space != "http://www.w3.org/2000/svg" || e.Name.Local == "script" || e.Name.Local == "image" {
				t.Errorf("the chart has %s of %q", e.Name.Local, e.Name.Space)
			}
			for _, a := range e.Attr {
				if strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "href" {
					t.Errorf("the chart has %s=%q", a.Name.Local, a.Value)
				}
				if a.Name.Local == "points" {
					polygons = append(polygons, a.Value)
				}
			}
		case xml.EndElement:
			in = in[:len(in)-1]
		case xml.CharData:
			if name := in[max(0, len(in)-1):]; len(name) > 0 && (name[0] == "text" || name[0] == "tspan" || name[0] == "title") {
				texts = append(texts, string(e))
			}
		}
	}
}

func svg(t *testing.T, r *simulate.Result) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := r.SVG(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestChart draws random fleets: areas that lie on one another, from the
// floor to the top, whatever the versions are called.
func TestChart(t *testing.T) {
	for seed := range uint64(30) {
		f := fleettest.Random(seed)
		if len(manifest.Targets(f)) == 0 {
			continue
		}
		r := run(t, f, variety(seed))
		_, polygons := elements(t, svg(t, r))
		_, names := r.Columns(r.Whole())
		if len(polygons) != len(names) || len(names) > simulate.MostVersions+1 {
			t.Fatalf("fleet %d: %d areas for %v", seed, len(polygons), names)
		}
		var above []string
		for i, points := range polygons { // the uppermost first
			xy := strings.Fields(points)
			if len(xy) != 2*len(r.Points) {
				t.Fatalf("fleet %d: %d points, want twice %d", seed, len(xy), len(r.Points))
			}
			upper, lower := xy[:len(r.Points)], xy[len(r.Points):]
			for j, at := range upper {
				x, y, _ := strings.Cut(at, ",")
				if v, err := strconv.ParseFloat(x, 64); err != nil || v < 72 || v > 764 {
					t.Fatalf("fleet %d: x is %s", seed, x)
				}
				if i == 0 && y != "72.0" || i > 0 && at != above[len(above)-1-j] {
					t.Fatalf("fleet %d: area %d does not begin where the one above ends: %s", seed, i, at)
				}
			}
			above = lower
		}
		for _, at := range above {
			if !strings.HasSuffix(at, ",424.0") {
				t.Fatalf("fleet %d: the lowest area ends at %s", seed, at)
			}
		}
	}
}

// TestChartEscapes has versions that markup must not see.
func TestChartEscapes(t *testing.T) {
	names := []string{`<script>alert(1)</script>`, `a&b"c'd`, "]]>", "\uffff", strings.Repeat("long", 30), "ünï", "{{.}}"}
	sketch := "project version_order = \"natural\"\n1.0.0 full\ndefault [activate.\"1.0.0\"]"
	r := run(t, define(t, sketch), simulate.Options{Start: on(names...), Devices: 1000, For: time.Hour, Poll: 24 * time.Hour})
	r.Project = "<&>"
	text, _ := elements(t, svg(t, r))
	all := strings.Join(text, "\n")
	names[3] = "\ufffd"
	for _, name := range append(names, "<&>: versions of 1,000 devices", "longlonglonglonglon…") {
		if !strings.Contains(all, name) {
			t.Errorf("%q is not in the chart's text:\n%s", name, all)
		}
	}
}

// TestColumns keeps the versions that matter, and loses nobody.
func TestColumns(t *testing.T) {
	r := &simulate.Result{}
	counts := [][]int{nil, nil}
	for v := range 12 {
		r.Versions = append(r.Versions, fmt.Sprint(v))
		counts[0] = append(counts[0], v)
		counts[1] = append(counts[1], 100*(v%2))
	}
	columns, names := r.Columns(counts)
	if got := fmt.Sprint(names, columns); got != "[3 others 1 3 5 7 8 9 10 11] [[12 1 3 5 7 8 9 10 11] [0 100 100 100 100 0 100 0 100]]" {
		t.Error(got)
	}
	columns, names = r.Columns([][]int{{0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}})
	if got := fmt.Sprint(names, columns); got != "[1 11] [[5 1]]" {
		t.Error(got)
	}
}
