package edit

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"cairn/releases/syntax"
)

var oddVersions = []string{"1.0.0", "1.0.0+b", "v3 (b)", `say "hi"`, "it's", "über", "#1", "[x] = {", `a\b`, "rollout"}

// piece is some text of a file that belongs to what a command may change.
type piece struct{ of, text string }

const separator = "," // goes with what it separates

// cohortAuthor writes a cohort in one of the styles that there are.
type cohortAuthor struct {
	*rand.Rand
	newline  string
	comments int
	pieces   []piece
}

func (a *cohortAuthor) one(of ...string) string { return of[a.IntN(len(of))] }

func (a *cohortAuthor) write(of, format string, args ...any) {
	a.pieces = append(a.pieces, piece{of, strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", a.newline)})
}

func (a *cohortAuthor) end(of string) {
	if a.IntN(3) == 0 {
		a.comments++
		a.write(of, "%s# c%d. %s", a.one(" ", "\t", ""), a.comments, a.one("", `"x" = [ {`, "'"))
	}
	a.write("", "\n")
}

func (a *cohortAuthor) above(of string) {
	for range a.IntN(3) {
		if a.IntN(2) == 0 {
			a.comments++
			a.write(of, "# c%d.", a.comments)
		}
		a.write(a.one(of), "\n")
	}
}

func (a *cohortAuthor) name(s string) string {
	forms := []string{syntax.String(s)}
	if !strings.Contains(s, "'") {
		forms = append(forms, "'"+s+"'")
	}
	return a.one(forms...)
}

func (a *cohortAuthor) instant() string {
	at := time.Date(2026, 12, 1, a.IntN(200), a.IntN(2)*30, 0, 0, time.UTC)
	return a.spelled(at, "Z", "z", "", "+02:00", "-07:30")
}

// spelled writes an instant, though not the same one with each offset.
func (a *cohortAuthor) spelled(at time.Time, offsets ...string) string {
	return at.Format("2006-01-02") + a.one("T", " ", "t") + at.Format("15:04:05") + a.one(offsets...)
}

func (a *cohortAuthor) ramp() [][2]string {
	keys := [][2]string{{"start", a.instant()}, {"duration", a.one(`"48h"`, "'90m'", `"200h"`)}}
	if a.IntN(2) == 0 {
		keys = append(keys, [2]string{"from", a.one("5", "0.5")})
	}
	a.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	return keys
}

func joined(keys [][2]string) string {
	var parts []string
	for _, k := range keys {
		parts = append(parts, k[0]+" = "+k[1])
	}
	return strings.Join(parts, ", ")
}

func (a *cohortAuthor) steps() []string {
	at := time.Date(2026, 12, 1, a.IntN(100), 0, 0, 0, time.UTC)
	var steps []string
	for i := range 1 + a.IntN(4) {
		keys := [][2]string{{"at", a.spelled(at, "Z", "", "+00:00")}, {"percent", fmt.Sprint(1 + 20*i)}}
		if a.IntN(2) == 0 {
			slices.Reverse(keys)
		}
		steps = append(steps, joined(keys))
		at = at.Add(time.Duration(1+a.IntN(50)) * time.Hour)
	}
	return steps
}

func (a *cohortAuthor) rollout() string {
	switch a.IntN(3) {
	case 0:
		return a.one("0", "10", "12.5", "100")
	case 1:
		return "{ " + joined(a.ramp()) + a.one(" ", "") + "}"
	}
	return "[{" + strings.Join(a.steps(), "}"+a.one(", ", ",\n\t", " , # \"]\n")+"{") + "}" + a.one("", ",", "\n# end\n") + "]"
}

// keys are those of an activation, by name.
func (a *cohortAuthor) keys() (keys [][2]string) {
	for _, k := range [][2]string{{"rollout", a.rollout()}, {"seed", `"s"`}, {"paused", a.instant()}, {"aborted", a.one(`""`, `"hot # b"`, "'too hot'")}} {
		if a.IntN(2) == 0 {
			keys = append(keys, k)
		}
	}
	a.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	return keys
}

func (a *cohortAuthor) section(v string) {
	a.above(v)
	a.write(v, "[activate%s%s]", a.one(".", " . "), a.name(v))
	a.end(v)
	keys := a.keys()
	for _, k := range keys {
		if a.IntN(4) == 0 {
			a.above(v)
		}
		a.write(v+"/"+k[0], "%s%s = %s", a.one("", "  "), k[0], k[1])
		a.end(v + "/" + k[0])
	}
	if slices.ContainsFunc(keys, func(k [2]string) bool { return k[0] == "rollout" }) {
		return
	}
	switch a.IntN(3) {
	case 0:
		a.write(v+"/rollout", "[activate.%s.rollout]", a.name(v))
		a.end(v + "/rollout")
		for _, k := range a.ramp() {
			a.write(v+"/rollout", "%s = %s", k[0], k[1])
			a.end(v + "/rollout")
		}
	case 1:
		for _, s := range a.steps() {
			a.write(v+"/rollout", "[[activate.%s.rollout]]", a.name(v))
			a.end(v + "/rollout")
			for _, line := range strings.Split(s, ", ") {
				a.write(v+"/rollout", "%s", line)
				a.end(v + "/rollout")
			}
		}
	}
}

func (a *cohortAuthor) dotted(v string) {
	keys := a.keys()
	if len(keys) == 0 {
		a.write(v, "activate.%s = {", a.name(v))
		a.write(v, "}")
		a.end(v)
	}
	for _, k := range keys {
		if k[0] == "rollout" && a.IntN(3) == 0 {
			for _, r := range a.ramp() {
				a.write(v+"/rollout", "activate.%s.rollout.%s = %s", a.name(v), r[0], r[1])
				a.end(v + "/rollout")
			}
			continue
		}
		a.write(v+"/"+k[0], "activate.%s.%s = %s", a.name(v), k[0], k[1])
		a.end(v + "/" + k[0])
	}
}

func (a *cohortAuthor) inline(versions []string) {
	a.write("", "activate = {")
	for i, v := range versions {
		if i > 0 {
			a.write(separator, ",%s", a.one("", " "))
		}
		a.write(v, "%s = {", a.name(v))
		for j, k := range a.keys() {
			if j > 0 {
				a.write(separator, ", ")
			}
			a.write(v+"/"+k[0], "%s = %s", k[0], k[1])
		}
		a.write(v, " }")
	}
	a.write("", "}")
	a.end("")
}

// promote writes a [promote] table, at the end of the file or before all others.
func (a *cohortAuthor) promote(end bool) {
	if (a.IntN(2) == 0) != end {
		return
	}
	keys := [][2]string{{"from", `"other"`}, {"after", `"48h"`}, {"rollout", a.one("5", `{ duration = "2h" }`, `[ { percent = 1 }, { after = "1h", percent = 2 } ]`)}}
	for _, k := range [][2]string{{"not", a.one("[]", `["1.0.0+b"]`, "[\n  'über',\n]")}, {"promoted", a.name("#1")}, {"since", "{ " + a.name("it's") + " = " + a.instant() + " }"}} {
		if a.IntN(2) == 0 {
			keys = append(keys, k)
		}
	}
	a.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	before := "promote."
	if end {
		a.above("promote")
		a.write("promote", "[promote]")
		a.end("promote")
		before = ""
	}
	for _, k := range keys {
		a.write("promote/"+k[0], "%s%s = %s", before, k[0], k[1])
		a.end("promote/" + k[0])
	}
}

// cohort writes the whole file.
func (a *cohortAuthor) cohort(devices []string) string {
	a.write("", "# c0.\n")
	if len(devices) > 0 || a.IntN(2) == 0 {
		between := a.one(", ", ",", ",\n  ", ", # one\n")
		text := a.one("", "\n", " ")
		for i, s := range devices {
			if text += `"` + s + `"`; i < len(devices)-1 {
				text += between
			}
		}
		a.write("devices", "devices = [%s%s]", text, a.one("", "\n", " "))
		a.end("")
	}
	if a.IntN(2) == 0 {
		a.write("", "version_check = false")
		a.end("")
	}
	end := a.IntN(2) == 0
	if !end {
		a.promote(false)
	}
	var versions []string
	for _, v := range oddVersions {
		if a.IntN(3) == 0 {
			versions = append(versions, v)
		}
	}
	switch write := a.IntN(4); {
	case write == 0 && len(versions) > 0:
		a.inline(versions)
	case write == 1:
		for _, v := range versions {
			a.dotted(v)
		}
	default:
		if a.IntN(3) == 0 {
			a.write("", "[activate]\n")
		}
		for _, v := range versions {
			a.section(v)
		}
	}
	if end {
		a.promote(true)
	}
	var text strings.Builder
	for _, p := range a.pieces {
		text.WriteString(p.text)
	}
	return text.String()
}
