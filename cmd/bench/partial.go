package main

import (
	"fmt"
	"strings"
)

// partialProject is one whose releases are all in partial rollouts, the last of
// them at some percent: five software types on four hardware versions each, in
// six cohorts.
func (b *bench) partialProject(digits int, last float64) *project {
	const types, hardware, releases, listed = 5, 4, 20, 5000
	p := b.project("partial", size{digits: digits})
	var activations strings.Builder
	for r := range releases {
		name := fmt.Sprintf("%d.%d.0", r%types+1, r/types)
		release := fmt.Sprintf("version = %q\n", name)
		for h := range hardware {
			release += fmt.Sprintf("[payload.type%d.rev%d]\nurl = \"https://cdn.example.com/%s-rev%d.bin\"\nsize = 250_000\nsha256 = \"%064x\"\n", r%types, h, name, h, r*hardware+h+1)
		}
		p.file("releases/"+name+".toml", []byte(release))
		percent := 5 + 4*float64(r)
		if r == releases-1 {
			percent = last
		}
		fmt.Fprintf(&activations, "[activate.%q]\nrollout = %v\n", name, percent)
	}
	p.file("cohorts/default.toml", []byte(activations.String()))
	for c, cohort := range []string{"a", "beta", "c", "d", "e"} {
		var list strings.Builder
		for i := range listed {
			list.WriteString(serial(c*listed+i) + "\n")
		}
		p.file("cohorts/"+cohort+".txt", []byte(list.String()))
		p.file("cohorts/"+cohort+".toml", []byte("devices_file = \""+cohort+".txt\"\n"+activations.String()))
	}
	return p
}

// partial checks and plans such a project on 65,536 buckets.
func (b *bench) partial() {
	p := b.partialProject(4, 81)
	nowhere := s3{Endpoint: "http://127.0.0.1:1"}
	target := "dir:" + b.folder(b.memory)
	all := b.takeTurns(b.rounds,
		contender{"check", func() usage { return p.run(nowhere, "check") }},
		contender{"plan", func() usage { return p.run(nowhere, "plan", "--to", target) }})
	fmt.Println("partial  rollouts of 20 releases on 65,536 buckets, 20 targets and 6 cohorts:")
	for _, of := range []string{"check", "plan"} {
		fmt.Printf("         %s: %.2f s, CPU %.2f s; peak %.0f MiB\n", of, all.of(of, wall), all.of(of, cpu), all.of(of, peak))
	}
}
