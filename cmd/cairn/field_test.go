package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"time"

	"cairn/manifest"
	"cairn/releases"

	"github.com/rogpeppe/go-internal/testscript"
)

// field writes what nginx would log of the cohort default of a project, FOLDER
// LOG FROM HOURS DEVICES BRICKS: each device polls every six hours, follows its
// highest release, and is not heard of again after so many of 100 updates.
func field(ts *testscript.TestScript, _ bool, args []string) {
	f, err := releases.Load(os.DirFS(ts.MkAbs(args[0])))
	ts.Check(err)
	start, err := time.Parse(time.RFC3339, args[2])
	ts.Check(err)
	var n [3]int
	for i := range n {
		n[i], err = strconv.Atoi(args[3+i])
		ts.Check(err)
	}
	w := fieldWriter{f: f, layout: manifest.LayoutOf(f), dice: rand.New(rand.NewPCG(7, 7)), end: start.Unix() + int64(n[0])*3600}
	as := f.Cohort("default").Activations
	w.a = as[len(as)-1]
	w.ranks = w.layout.Ranks(w.a.Seed)
	for range n[1] {
		w.device(start.Unix(), float64(n[2])/100)
	}
	slices.SortFunc(w.lines, func(a, b logLine) int { return int(a.at - b.at) })
	var b bytes.Buffer
	for _, l := range w.lines {
		fmt.Fprintf(&b, "192.0.2.1 - - [%s] \"GET /%s HTTP/1.1\" 200 %d \"-\" \"fw\"\n", time.Unix(l.at, 0).UTC().Format("02/Jan/2006:15:04:05 -0700"), l.key, l.size)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), b.Bytes(), 0o666))
}

type fieldWriter struct {
	f      *releases.Fleet
	layout manifest.Layout
	dice   *rand.Rand
	end    int64
	a      releases.Activation
	ranks  []uint16
	lines  []logLine
}

type logLine struct {
	at   int64
	key  string
	size int64
}

func (w *fieldWriter) device(start int64, bricks float64) {
	bucket, version := w.dice.IntN(w.layout.Buckets()), "1.0.0"
	p := w.a.Release.Payloads[len(w.a.Release.Payloads)-1]
	target := manifest.Target{SoftwareType: p.SoftwareType, HardwareVersion: p.HardwareVersion}
	const poll = 6 * 3600
	for at := start + w.dice.Int64N(poll); at < w.end; at += poll + w.dice.Int64N(600) - 300 {
		w.lines = append(w.lines, logLine{at, w.layout.AnswerFolder(target, "default", version) + w.layout.BucketName(bucket) + ".txt", 90})
		in := int(w.ranks[bucket]) < releases.Buckets(w.a.Percent(time.Unix(at, 0)), w.layout.Buckets())
		if version == w.a.Release.Version || !in {
			continue
		}
		w.lines = append(w.lines, logLine{at + 2, w.layout.PayloadKey(p.SHA256, p.Name), p.Size})
		if version = w.a.Release.Version; w.dice.Float64() < bricks {
			return
		}
		at += 120 - poll // it restarts, and polls
	}
}
