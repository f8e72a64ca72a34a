package cloudfront_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"cairn/manifest"
	"cairn/releases"
	"cairn/releases/fleettest"
	"cairn/templates/edge/cloudfront"

	"github.com/google/go-cmp/cmp"
)

// world is what devices can see: a store, and the version that each answer
// offers, "" where it is a marker. The function has an order of versions.
type world struct {
	store, answers map[string]string
	order          releases.Order
}

func worldOf(t *manifest.Tree, order releases.Order) world {
	w := world{map[string]string{}, map[string]string{}, order}
	for _, p := range cloudfront.Pairs(t) {
		w.store[p.Key] = p.Value
	}
	for _, f := range t.Folders {
		for i, bucket := range f.Buckets {
			w.answers[f.Key+t.Layout.BucketName(int(bucket))] = t.Bodies[f.Bodies[i]].Version()
		}
	}
	return w
}

// What a device can get, if it is not offered a version.
const (
	upToDate = "204"
	empty    = "200 with no body"
	later    = "403"
	unknown  = "400"
)

// ask is what the function and the bucket make of a question.
func (w world) ask(l manifest.Layout, d manifest.Device) string {
	h := manifest.Hash(d.Serial)
	cohort := w.store["d/"+h]
	if cohort == "" {
		cohort = releases.DefaultCohort
	}
	for _, version := range []string{manifest.VersionSegment(d.CurrentVersion), "_other"} {
		key := l.AnswerFolder(d.Target, cohort, version)
		value := w.store["f/"+strings.TrimSuffix(strings.TrimPrefix(key, l.Prefix+"/v1/latest/"), "/")]
		if value == "" {
			continue
		}
		bit := value[1:]
		if value[0] != '=' {
			bucket, _ := strconv.ParseUint(l.Bucket(h), 16, 16)
			digit, _ := strconv.ParseUint(value[bucket/4:bucket/4+1], 16, 8)
			bit = strconv.Itoa(int(digit >> (3 - bucket%4) & 1))
		}
		floor := w.store["b/"+strings.TrimSuffix(strings.TrimPrefix(key, l.Prefix+"/v1/latest/"), "/_other/")]
		if version == "_other" && floor != "*" && (floor == "" || !w.order.Below(d.CurrentVersion, floor[1:])) {
			return upToDate
		}
		offer, there := w.answers[key+l.Bucket(h)]
		switch {
		case bit == "1":
			return upToDate
		case !there:
			return later
		case offer == "":
			return empty
		}
		return "offers " + offer
	}
	return unknown
}

// apply gives the stores after each key of batches, as CloudFront promises no
// more.
func apply(store map[string]string, batches []cloudfront.Batch) []map[string]string {
	var states []map[string]string
	next := func() map[string]string {
		store = maps.Clone(store)
		states = append(states, store)
		return store
	}
	for _, b := range batches {
		for _, p := range b.Puts {
			next()[p.Key] = p.Value
		}
		for _, d := range b.Deletes {
			delete(next(), d.Key)
		}
	}
	return states
}

// moved is a store with the devices in their new cohorts.
func moved(old, new map[string]string) map[string]string {
	isDevice := func(key, _ string) bool { return strings.HasPrefix(key, "d/") }
	store := maps.Clone(old)
	maps.DeleteFunc(store, isDevice)
	for key, cohort := range new {
		if isDevice(key, cohort) {
			store[key] = cohort
		}
	}
	return store
}

// during are the answers after each phase of a publish, as docs/publishing.md
// has them; the first is before it.
func during(old, new map[string]string) []map[string]string {
	cohortBucket := func(key string) string {
		s := strings.Split(key, "/")
		return s[len(s)-3] + "/" + s[len(s)-1]
	}
	fallback := func(key string) bool {
		s := strings.Split(key, "/")
		return s[len(s)-2] == "_other" || s[len(s)-2] == "_none"
	}
	known := map[string]bool{}
	for key := range old {
		known[cohortBucket(key)] = true
	}
	states := []map[string]string{old}
	for _, phase := range []func(string) bool{
		func(key string) bool { return !known[cohortBucket(key)] },
		func(key string) bool { return !fallback(key) },
		fallback,
	} {
		state := maps.Clone(states[len(states)-1])
		for key, offer := range new {
			if phase(key) {
				state[key] = offer
			}
		}
		states = append(states, state)
	}
	return append(states, new)
}

// TestUpdateKeepsTheInvariants goes through every state between two fleets,
// with every key and every phase of the publish by itself.
func TestUpdateKeepsTheInvariants(t *testing.T) {
	counts := map[string]int{}
	for seed := range uint64(24) {
		from, to := fleettest.Random(seed), fleettest.Random(seed)
		at := fleettest.Start.Add(36 * time.Hour)
		switch seed % 3 {
		case 0: // other definitions
			to = fleettest.Random(seed + 1)
		case 1: // devices move, and what was offered is not any more
			beta, home := to.Cohort("beta"), to.Cohort(releases.DefaultCohort)
			beta.Devices, beta.Activations, home.Activations = releases.DevicesOf(slices.Collect(beta.Devices.Serials())[:beta.Devices.Len()/2]...), home.Activations, beta.Activations
		}
		to.Project.BucketDigits, to.Project.CohortDigits, to.Project.Prefix = 1, 1, from.Project.Prefix
		from.Project.BucketDigits, from.Project.CohortDigits = 1, 1
		oldTree, newTree := manifest.New(from, at), manifest.New(to, at.Add(12*time.Hour))
		order := to.Project.Order
		old, new, layout := worldOf(oldTree, order), worldOf(newTree, order), oldTree.Layout
		update, err := cloudfront.NewUpdate(order, cloudfront.Pairs(oldTree), cloudfront.Pairs(newTree))
		if err != nil {
			t.Fatal(err)
		}
		states := []world{old}
		last := func() world { return states[len(states)-1] }
		for _, store := range apply(old.store, update.Before) {
			states = append(states, world{store, old.answers, order})
		}
		for _, answers := range during(old.answers, new.answers) {
			states = append(states, world{last().store, answers, order})
		}
		for _, store := range apply(last().store, update.After) {
			states = append(states, world{store, new.answers, order})
		}
		if !maps.Equal(last().store, new.store) {
			t.Fatalf("seed %d: the store is not the new one", seed)
		}
		checked := from.Project.Order == order && everyVersionIsChecked(from, to)
		if checked {
			counts["checked"]++
		}
		for d := range devices(from, to) {
			was, becomes := old.ask(layout, d), new.ask(layout, d)
			arrives := world{moved(old.store, new.store), old.answers, order}.ask(layout, d)
			for i, w := range states {
				got := w.ask(layout, d)
				if got == "offers "+d.CurrentVersion {
					t.Fatalf("seed %d: %v is offered the version that it runs, in state %d of %d", seed, d, i, len(states))
				}
				if offer, ok := strings.CutPrefix(got, "offers "); ok && checked && d.CurrentVersion != "" && !order.Below(d.CurrentVersion, offer) {
					t.Fatalf("seed %d: %v is offered %s, which is not above it, in state %d of %d", seed, d, offer, i, len(states))
				}
				if !slices.Contains([]string{was, becomes, arrives, upToDate, later}, got) {
					t.Fatalf("seed %d: %v gets %s in state %d of %d; it was %s and becomes %s", seed, d, got, i, len(states), was, becomes)
				}
				kind, _, _ := strings.Cut(got, " ")
				counts[kind]++
			}
		}
		counts["states"] += len(states)
		counts["before"] += len(update.Before)
		counts["after"] += len(update.After)
	}
	t.Log(counts)
	for _, kind := range []string{"before", "after", "offers", upToDate, later, "checked"} {
		if counts[kind] == 0 {
			t.Errorf("no state has %s", kind)
		}
	}
}

func everyVersionIsChecked(fleets ...*releases.Fleet) bool {
	for _, f := range fleets {
		if slices.ContainsFunc(f.Cohorts, func(c *releases.Cohort) bool { return !c.VersionCheck }) {
			return false
		}
	}
	return true
}

// devices are those that two fleets list and some more, at every version.
func devices(fleets ...*releases.Fleet) map[manifest.Device]bool {
	serials, versions := map[string]bool{}, map[string]bool{"": true, "unheard of": true}
	for i := range 16 {
		serials[fmt.Sprintf("SN-%d", i)] = true
	}
	targets := map[manifest.Target]bool{}
	for _, f := range fleets {
		for _, c := range f.Cohorts {
			for serial := range c.Devices.Serials() {
				serials[serial] = true
			}
		}
		for target, known := range manifest.New(f, fleettest.Start).Known {
			targets[target] = true
			for _, v := range slices.Concat(known, manifest.Unlisted(f.Project.Order, known)) {
				versions[v] = true
			}
		}
	}
	all := map[manifest.Device]bool{}
	for s := range serials {
		for v := range versions {
			for target := range targets {
				all[manifest.Device{Serial: s, Target: target, CurrentVersion: v}] = true
			}
		}
	}
	return all
}

func TestUpdateBatches(t *testing.T) {
	old := []cloudfront.Pair{
		{"d/01", "beta"}, {"d/02", "beta"}, {"d/03", "beta"},
		{"f/a", "=0"}, {"f/b", "0f"}, {"f/c", "=1"}, {"f/gone", "=0"}, {"f/same", "3c"},
		{"b/any", "*"}, {"b/checked", "<1.0.0"}, {"b/gone", "<1.0.0"}, {"b/higher", "<1.9.0"}, {"b/lower", "<1.10.0"},
	}
	new := []cloudfront.Pair{
		{"d/01", "beta"}, {"d/02", "other"}, {"d/04", "beta"},
		{"f/a", "=1"}, {"f/b", "55"}, {"f/c", "a0"}, {"f/new", "=0"}, {"f/same", "3c"},
		{"b/any", "<2.0.0"}, {"b/checked", "*"}, {"b/higher", "<1.10.0"}, {"b/lower", "<1.9.0"}, {"b/new", "<1.0.0"},
	}
	got, err := cloudfront.NewUpdate(releases.SemVer, old, new)
	if err != nil {
		t.Fatal(err)
	}
	type batches = []cloudfront.Batch
	want := cloudfront.Update{
		Before: batches{{
			Puts:    []cloudfront.Put{{"f/a", "=1"}, {"f/b", "5f"}, {"b/any", "<2.0.0"}, {"b/lower", "<1.9.0"}, {"f/new", "=0"}, {"d/02", "other"}, {"d/04", "beta"}},
			Deletes: []cloudfront.Delete{{"b/gone"}, {"d/03"}},
		}},
		After: batches{{
			Puts:    []cloudfront.Put{{"f/b", "55"}, {"f/c", "a0"}, {"b/checked", "*"}, {"b/higher", "<1.10.0"}, {"b/new", "<1.0.0"}},
			Deletes: []cloudfront.Delete{{"f/gone"}},
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got, err := cloudfront.NewUpdate(releases.SemVer, old, old); err != nil || got.Before != nil || got.After != nil {
		t.Errorf("nothing changes, and yet %v %v", got, err)
	}
	for range 120 {
		new = append(new, cloudfront.Pair{Key: fmt.Sprintf("d/1%03d", len(new)), Value: "beta"})
	}
	if got, err := cloudfront.NewUpdate(releases.SemVer, old, new); err != nil || len(got.Before) != 3 || len(got.Before[0].Puts)+len(got.Before[0].Deletes) != cloudfront.MaxBatch || len(got.Before[2].Puts) != 28 {
		t.Errorf("129 keys are %d batches: %v", len(got.Before), err)
	}
	if _, err := cloudfront.NewUpdate(releases.SemVer, []cloudfront.Pair{{"f/a", "0f"}}, []cloudfront.Pair{{"f/a", "0f0f"}}); err == nil {
		t.Error("other digits of buckets are no fault")
	}
}
