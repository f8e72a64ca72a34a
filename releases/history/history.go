// Package history tells what an edit of the definitions has changed, in words.
// It knows neither git nor what devices got of it.
package history

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"time"

	"cairn/releases"
)

// Changes compares the definitions before and after an edit, at the instant of
// the edit: what was offered, to whom, and how far. Each is a line for people:
// "1.1.0, default: 10 → 25 %". An edit that changes no answer may have none.
func Changes(before, after *releases.Fleet, at time.Time) (all []string) {
	if before.Project != after.Project {
		all = append(all, "the project's settings change")
	}
	for _, p := range pairs(byVersion(before), byVersion(after)) {
		all = append(all, release(p.before, p.after)...)
	}
	for _, p := range pairs(bySlug(before), bySlug(after)) {
		all = append(all, cohort(p.before, p.after, at)...)
	}
	return all
}

// lines are told one after the other.
type lines []string

func (l *lines) add(format string, args ...any) { *l = append(*l, fmt.Sprintf(format, args...)) }

// release tells what changed of one release.
func release(was, is *releases.Release) (all lines) {
	switch {
	case was == nil:
		all.add("release %s comes", is.Version)
		return all
	case is == nil:
		all.add("release %s goes", was.Version)
		return all
	}
	if was.Withdrawn != is.Withdrawn {
		all.add("%s %s", is.Version, either(is.Withdrawn, "withdrawn everywhere: %s", "no longer withdrawn"))
	}
	for _, edge := range without(was.Edges(), is.Edges()) {
		all.add("no longer: %s %s", is.Version, edge)
	}
	for _, edge := range without(is.Edges(), was.Edges()) {
		all.add("%s %s", is.Version, edge)
	}
	if was.MustPassThrough != is.MustPassThrough {
		all.add("%s %s", is.Version, map[bool]string{true: "must be passed through", false: "need not be passed through any more"}[is.MustPassThrough])
	}
	if !reflect.DeepEqual(was.Components, is.Components) {
		all.add("the components of %s change", is.Version)
	}
	if !reflect.DeepEqual(payloads(was), payloads(is)) {
		all.add("the payloads of %s change", is.Version)
	}
	return all
}

// cohort tells what changed of one cohort and its activations.
func cohort(was, is *releases.Cohort, at time.Time) (all lines) {
	switch {
	case was == nil:
		was = &releases.Cohort{}
		all.add("cohort %s comes", is.Slug)
	case is == nil:
		all.add("cohort %s goes", was.Slug)
		return all
	case otherList(was, is):
		all.add("%s: another list of devices, %s", is.Slug, cmp.Or(is.DevicesFile, is.File))
	case was.Devices.Len() != is.Devices.Len():
		all.add("%s: %d → %d devices", is.Slug, was.Devices.Len(), is.Devices.Len())
	case was.VersionCheck != is.VersionCheck:
		all.add("%s: version_check = %t", is.Slug, is.VersionCheck)
	}
	for _, a := range pairs(activations(was), activations(is)) {
		for _, text := range rollout(a.before, a.after, at) {
			all.add("%s, %s: %s", a.key, is.Slug, text)
		}
	}
	return all
}

// otherList says whether a cohort's list is another object in a bucket, which an
// outline does not count.
func otherList(was, is *releases.Cohort) bool {
	return (releases.Remote(was.DevicesFile) || releases.Remote(is.DevicesFile)) &&
		(was.DevicesFile != is.DevicesFile || was.DevicesSHA256 != is.DevicesSHA256)
}

// without is what of some texts is not among others.
func without(all, others []string) []string {
	return slices.DeleteFunc(all, func(text string) bool { return slices.Contains(others, text) })
}

// rollout tells what changed of one activation, nil for none.
func rollout(was, is *releases.Activation, at time.Time) (all []string) {
	from, to := share(was, at), share(is, at)
	if from != to {
		all = append(all, percent(from)+" → "+percent(to)+" %")
	}
	switch {
	case is == nil:
		return append(all, "no longer activated")
	case was == nil:
		was = &releases.Activation{}
		if from == to {
			all = append(all, "activated")
		}
	case from == to && !reflect.DeepEqual(was.Rollout, is.Rollout):
		all = append(all, "another schedule")
	}
	if was.Aborted != is.Aborted {
		all = append(all, either(is.Aborted, "aborted: %s", "no longer aborted"))
	}
	if !was.Paused.Equal(is.Paused) {
		all = append(all, map[bool]string{true: "goes on", false: "paused"}[is.Paused.IsZero()])
	}
	if was.Seed != is.Seed && was.Release != nil {
		all = append(all, "another seed: other devices come first")
	}
	return all
}

func share(a *releases.Activation, at time.Time) float64 {
	if a == nil || !a.Offers() {
		return 0
	}
	return a.Percent(at)
}

func percent(f float64) string { return strconv.FormatFloat(f, 'g', 4, 64) }

// either is a format with a reason, or what is said where there is none.
func either(reason, format, none string) string {
	if reason == "" {
		return none
	}
	return fmt.Sprintf(format, reason)
}

// pair is what has a key, before and after; nil where there is none.
type pair[T any] struct {
	key           string
	before, after *T
}

func pairs[T any](before, after map[string]*T) (all []pair[T]) {
	keys := maps.Clone(before)
	maps.Copy(keys, after)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		all = append(all, pair[T]{key, before[key], after[key]})
	}
	return all
}

func byVersion(f *releases.Fleet) map[string]*releases.Release {
	all := map[string]*releases.Release{}
	for _, r := range f.Releases {
		all[r.Version] = r
	}
	return all
}

func bySlug(f *releases.Fleet) map[string]*releases.Cohort {
	all := map[string]*releases.Cohort{}
	for _, c := range f.Cohorts {
		all[c.Slug] = c
	}
	return all
}

func activations(c *releases.Cohort) map[string]*releases.Activation {
	all := map[string]*releases.Activation{}
	for i := range c.Activations {
		all[c.Activations[i].Release.Version] = &c.Activations[i]
	}
	return all
}

// payloads is what tells payloads apart, without reading them.
func payloads(r *releases.Release) (all [][6]string) {
	for _, p := range r.Files() {
		all = append(all, [6]string{p.SoftwareType, p.HardwareVersion, p.From, p.Name, p.URL, p.SHA256})
	}
	return all
}
