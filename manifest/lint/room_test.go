package lint_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestUnsignable has what signed answers have no room for, and what they just have.
func TestUnsignable(t *testing.T) {
	files := func(signed bool, size int64, rollout func(i int) string, crowd int) string {
		project := signedProject(t, tuesday.AddDate(1, 0, 0))
		if !signed {
			project, _, _ = strings.Cut(project, "[signing]")
		}
		project = strings.Replace(project, "[project]", "[lint]\nallow = [\"rounded-percentage\", \"many-hops\", \"shadowed-release\"]\n[project]", 1)
		var b, cohort strings.Builder
		b.WriteString(project)
		for i := range crowd {
			fmt.Fprintf(&b, "-- releases/1.%d.0.toml --\nversion = \"1.%d.0\"\n[payload.fw.mp]\nurl = \"https://cdn.example.com/1.%d.bin\"\nsize = %d\nsha256 = \"%064x\"\n", i, i, i, size, i)
			fmt.Fprintf(&cohort, "[activate.\"1.%d.0\"]\nseed = \"one\"\nrollout = %s\n", i, rollout(i))
		}
		return b.String() + "-- cohorts/default.toml --\n" + cohort.String()
	}
	full := func(int) string { return "100" }
	narrow := func(i int) string { return fmt.Sprint(99.5 - 0.7*float64(i)) }
	later := func(i int) string {
		return fmt.Sprintf("[ { at = 2026-12-0%dT09:00:00Z, percent = %v } ]", 2+i%2, 99.5-0.7*float64(i))
	}
	large := `
releases/1.0.0.toml:2:13: warning[unsignable]: 1.0.bin has 4294967296 bytes, and signed answers state at most 4294967295
  2 | [payload.fw.mp]
hint: publish refuses it: make it smaller, or offer it in a project without [signing]
`
	crowded := func(from string) string {
		return `
cohorts/default.toml:1:2: warning[unsignable]: from ` + from + ` on: latest/fw/mp/default/_none has 128 different answers, and a row of the signed form at most 127: roll out fewer releases at a time
  1 | [activate."1.0.0"]
hint: publish refuses it then: bring rollouts to 100 percent, or abort some, so that fewer run at a time
`
	}
	warn(t, []warning{
		{"4 GiB, not signed", files(false, 1<<32, full, 1), ""},
		{"a byte less", files(true, 1<<32-1, full, 1), ""},
		{"4 GiB", files(true, 1<<32, full, 1), large},
		{"127 rollouts", files(true, 1, narrow, 127), ""},
		{"128 rollouts", files(true, 1, narrow, 128), crowded("2026-12-01T00:00:00Z")},
		{"128 rollouts, not signed", files(false, 1, narrow, 128), ""},
		{"128 rollouts from Thursday on", files(true, 1, later, 128), crowded("2026-12-03T09:00:00Z")},
	})
}
