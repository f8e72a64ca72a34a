package releases

import (
	"maps"
	"slices"
	"time"
)

// steps reads a rollout in steps, which begins at an instant unless that is zero.
func (t *table) steps(n *node, hint string, begin time.Time) (r Rollout) {
	if len(n.items) == 0 {
		t.fault(n.offset, hint, "rollout has no steps")
	}
	var before *Step
	for _, item := range n.items {
		if !t.is(item, "a step", hint, tableKind) {
			continue
		}
		s, ok := t.file.table(item, "rollout").step(before, begin)
		if !ok {
			continue
		}
		if s.At.IsZero() {
			r.Held = append(r.Held, s)
		} else {
			r.Steps = append(r.Steps, s)
		}
		before = &s
	}
	return r
}

const stepHint = "write { at = 2026-12-01T09:00:00Z, percent = 10 }"

// step reads one step behind another one, which is nil for the first. Where
// begin is not zero, that is when the first begins.
func (t *table) step(before *Step, begin time.Time) (s Step, ok bool) {
	begun := !begin.IsZero()
	if begun {
		t.unbegun("at", "passed")
	}
	at, atNode := t.instant("at")
	after, afterNode := t.duration("after", 0)
	p := t.number("percent", "write percent = 10")
	var gate *node
	s.Gate, gate = t.text("gate")
	s.Passed, _ = t.instant("passed")
	t.rest()
	whole := t.node.offset
	_, stated := t.node.member("at")
	_, relative := t.node.member("after")
	if begun && before == nil && !relative {
		at, atNode, stated = begin, t.node, true
	}
	switch {
	case !stated && !relative && begun:
		t.fault(whole, `write { after = "24h", percent = 10 }`, "a step behind the first has no after")
	case !stated && !relative:
		t.fault(whole, stepHint, "a step has no at")
	case stated && relative:
		t.fault(whole, "at is an instant, after a time since the step before", "a step has both at and after")
	case relative && before == nil:
		t.fault(whole, stepHint, "the first step has no step before it to come after")
	case afterNode != nil && after <= 0:
		t.fault(afterNode.offset, `write a time such as "24h"`, "after %q is not over 0", afterNode.text)
	}
	if _, there := t.node.member("percent"); !there {
		t.fault(whole, stepHint, "a step has no percent")
	}
	if gate == nil && !s.Passed.IsZero() {
		t.fault(whole, "passed says when a gate let the step begin: name it with gate", "a step has passed and no gate")
	}
	if atNode == nil && (afterNode == nil || before == nil) || p == nil {
		return s, false
	}
	s.Percent, s.After, s.Due = t.percent(p, "percent", shareHint), after, at
	if before != nil && relative {
		if s.Due = before.At.Add(after); before.At.IsZero() {
			s.Due = time.Time{}
		}
	}
	held := before != nil && before.At.IsZero()
	if s.At = s.Due; s.Gate != "" && s.Passed.IsZero() || held {
		s.At = time.Time{}
	} else if s.Passed.After(s.Due) {
		s.At = s.Passed
	}
	if s.Gate == "" && !held {
		s.Due = time.Time{}
	}
	if before != nil {
		t.follows(before, s, at, atNode, p)
	}
	return s, true
}

// follows reports a step that does not come after the one before it, or is less.
func (t *table) follows(before *Step, s Step, at time.Time, atNode, p *node) {
	if atNode != nil && !at.After(latest(before.At, before.Due)) && !(before.At.IsZero() && before.Due.IsZero()) {
		t.fault(atNode.offset, "put the steps in the order of time", "step at %s is not after the one before it", atNode.text)
	}
	if s.Percent < before.Percent {
		t.fault(p.offset, "a rollout only grows; to take a release back, write aborted = \"why\"",
			"percent %s is under the %v of the step before it", p.text, before.Percent)
	}
}

// unbegun reports keys of a rollout that has a beginning of its own, where it
// begins with a promotion.
func (t *table) unbegun(keys ...string) {
	for _, key := range keys {
		if m, there := t.node.member(key); there {
			t.fault(m.offset, "leave "+key+" out", "%s is known once the release is promoted, which is when this rollout begins", key)
		}
	}
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// gated reports gates that nobody defines.
func (l *loader) gated(t *table) {
	m, _ := t.node.member("rollout")
	if m.value == nil {
		return
	}
	for _, item := range m.value.items {
		l.defines(t, item)
	}
}

// defines reports the gate that a table names where nobody defines it.
func (l *loader) defines(t *table, of *node) {
	g, _ := of.member("gate")
	if _, known := l.fleet.Gates[textOf(g)]; known || textOf(g) == "" {
		return
	}
	hint := "define it in cairn.toml: [gate." + textOf(g) + `] with source = "adoption", "file", "command" or "prometheus"`
	if near := Nearest(textOf(g), slices.Sorted(maps.Keys(l.fleet.Gates))); near != "" {
		hint = "did you mean \"" + near + "\"?"
	}
	t.fault(g.value.offset, hint, "no gate is called %q", textOf(g))
}

func textOf(m member) string {
	if m.value == nil || m.value.kind != stringKind {
		return ""
	}
	return m.value.text
}
