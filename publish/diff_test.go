package publish_test

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"cairn/publish"
	"cairn/publish/memstore"
	"cairn/releases"
	"cairn/releases/fleettest"
)

// small is a fleet of one hardware version and an old one, with four releases
// and three cohorts, as it is after some changes.
func small(changes ...func(*releases.Fleet)) *releases.Fleet {
	f := &releases.Fleet{
		Project: releases.Project{
			Slug: "small", BaseURL: "https://ota.example.com", Prefix: "ota/small",
			Order: releases.SemVer, Unknown: releases.OrderedUnknown, BucketDigits: 1, CohortDigits: 1,
		},
		Software: map[string]releases.Software{"fw": {KnownVersions: []string{"0.9.0"}}},
		Cache:    releases.Cache{Answers: time.Minute, Cohorts: 5 * time.Minute},
		Guard:    releases.Guard{MaxExposureIncrease: 100, MaxDeletes: 100},
	}
	for _, version := range []string{"1.0.0", "1.1.0", "1.2.0"} {
		r := &releases.Release{Version: version, Notes: "What is new: " + strings.Repeat(version+" is better. ", 5)}
		r.Payloads = append(r.Payloads, image("mp", version, ""))
		if version == "1.0.0" {
			r.Payloads = append(r.Payloads, image("evt", version, ""))
		} else {
			r.Payloads = append(r.Payloads, image("mp", version, "1.0.0"))
		}
		f.Releases = append(f.Releases, r)
	}
	f.Cohorts = []*releases.Cohort{cohortOf(f, "beta", 6, 100, 100, 100), cohortOf(f, "default", 0, 100, 50, 0), cohortOf(f, "gamma", 3, 100, 100, 50)}
	for _, change := range changes {
		change(f)
	}
	return f
}

func image(hardware, version, from string) *releases.Payload {
	p := &releases.Payload{SoftwareType: "fw", HardwareVersion: hardware, From: from, Name: version + from + ".bin", File: "yes"}
	if from != "" && version == "1.2.0" {
		p.File, p.URL = "", "https://cdn.example.com/"+p.Name
	}
	return p
}

// cohortOf is a cohort that lists so many devices, with these percentages of
// the fleet's releases.
func cohortOf(f *releases.Fleet, slug string, devices int, percents ...float64) *releases.Cohort {
	c := &releases.Cohort{Slug: slug, VersionCheck: true, Devices: releases.DevicesOf(serialsNamed(slug, devices)...)}
	for i, percent := range percents {
		r := f.Releases[i]
		c.Activations = append(c.Activations, releases.Activation{Release: r, Rollout: releases.Rollout{Fixed: percent}, Seed: slug + "/" + r.Version})
	}
	return c
}

func serialsNamed(slug string, n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf("%s-%d", strings.ToUpper(slug), i))
	}
	return all
}

func release(f *releases.Fleet, version string) *releases.Release {
	i := slices.IndexFunc(f.Releases, func(r *releases.Release) bool { return r.Version == version })
	return f.Releases[i]
}

func activation(f *releases.Fleet, cohort, version string) *releases.Activation {
	c := f.Cohort(cohort)
	i := slices.IndexFunc(c.Activations, func(a releases.Activation) bool { return a.Release.Version == version })
	return &c.Activations[i]
}

// changes are what an engineer may do to the small fleet.
var changes = []struct {
	name string
	make func(*releases.Fleet)
}{
	{"nothing", func(*releases.Fleet) {}},
	{"abort in default", func(f *releases.Fleet) { activation(f, "default", "1.1.0").Aborted = "it smokes" }},
	{"abort in beta", func(f *releases.Fleet) { activation(f, "beta", "1.2.0").Aborted = "it smokes" }},
	{"withdraw one", func(f *releases.Fleet) { release(f, "1.1.0").Withdrawn = "it smokes" }},
	{"withdraw all", func(f *releases.Fleet) {
		for _, r := range f.Releases {
			r.Withdrawn = "all smoke"
		}
	}},
	{"roll out", func(f *releases.Fleet) { activation(f, "default", "1.1.0").Rollout.Fixed = 100 }},
	{"roll out the last", func(f *releases.Fleet) { activation(f, "default", "1.2.0").Rollout.Fixed = 30 }},
	{"release with must-pass-through", func(f *releases.Fleet) {
		r := &releases.Release{Version: "2.0.0", MustPassThrough: true, Payloads: []*releases.Payload{image("mp", "2.0.0", ""), image("mp", "2.0.0", "0.8.0")}}
		f.Releases = append(f.Releases, r)
		for _, c := range f.Cohorts {
			c.Activations = append(c.Activations, releases.Activation{Release: r, Rollout: releases.Rollout{Fixed: 60}, Seed: c.Slug})
		}
	}},
	{"must-pass-through after all", func(f *releases.Fleet) { release(f, "1.0.0").MustPassThrough = true }},
	{"a release leaves", func(f *releases.Fleet) {
		for _, c := range f.Cohorts {
			c.Activations = c.Activations[:2]
		}
		f.Releases = f.Releases[:2]
	}},
	{"the first release leaves", func(f *releases.Fleet) {
		for _, c := range f.Cohorts {
			c.Activations = c.Activations[1:]
		}
		f.Releases = f.Releases[1:]
	}},
	{"a hardware version leaves", func(f *releases.Fleet) {
		for _, r := range f.Releases {
			r.Payloads = slices.DeleteFunc(r.Payloads, func(p *releases.Payload) bool { return p.HardwareVersion == "mp" })
		}
	}},
	{"devices change places", func(f *releases.Fleet) {
		beta, gamma := f.Cohort("beta"), f.Cohort("gamma")
		ours, theirs := slices.Collect(beta.Devices.Serials()), slices.Collect(gamma.Devices.Serials())
		ours[0], theirs[0], ours[1] = theirs[0], ours[0], "DELTA-1"
		beta.Devices, gamma.Devices = releases.DevicesOf(ours...), releases.DevicesOf(theirs...)
		activation(f, "beta", "1.2.0").Rollout.Fixed = 0
		activation(f, "gamma", "1.1.0").Aborted = "it smokes"
	}},
	{"all devices leave", func(f *releases.Fleet) {
		f.Cohort("beta").Devices = releases.Devices{}
		activation(f, "default", "1.1.0").Rollout.Fixed = 10
	}},
	{"a cohort leaves", func(f *releases.Fleet) { f.Cohorts = f.Cohorts[:2] }},
	{"a cohort comes", func(f *releases.Fleet) {
		f.Cohorts = append(f.Cohorts, cohortOf(f, "omega", 5, 100, 0, 100))
		f.Cohort("beta").Devices = releases.DevicesOf(serialsNamed("beta", 3)...)
	}},
	{"many devices", func(f *releases.Fleet) {
		f.Cohort("beta").Devices = releases.DevicesOf(serialsNamed("beta", 300)...)
		activation(f, "beta", "1.1.0").Rollout.Fixed = 20
	}},
	{"eager answers", func(f *releases.Fleet) {
		f.Project.Eager = true
		activation(f, "default", "1.2.0").Rollout.Fixed = 5
		activation(f, "gamma", "1.2.0").NotEager = true
	}},
	{"versions known", func(f *releases.Fleet) {
		f.Software["fw"] = releases.Software{KnownVersions: []string{"0.8.0", "7.7.7"}}
	}},
	{"hold the unknown", func(f *releases.Fleet) { f.Project.Unknown = releases.HoldUnknown }},
	{"lower versions too", func(f *releases.Fleet) { f.Cohort("default").VersionCheck = false }},
	{"other cache", func(f *releases.Fleet) { f.Cache.Answers = time.Hour }},
	{"short notes", func(f *releases.Fleet) {
		for _, r := range f.Releases {
			r.Notes = ""
		}
	}},
	{"long notes", func(f *releases.Fleet) { release(f, "1.0.0").Notes = strings.Repeat("All is new. ", 100) }},
	{"other image", func(f *releases.Fleet) { release(f, "1.1.0").Payloads[0].Size = 1 }},
	{"image stored", func(f *releases.Fleet) { release(f, "1.1.0").Payloads[0].File = "" }},
}

// plan is what makes a store that holds one fleet hold another.
func plan(t testing.TB, before, after *releases.Fleet) *publish.Plan {
	t.Helper()
	first := publish.NewPlan(newWorld(t, "before", before, fleettest.Start).site, &publish.Inventory{}, true)
	return publish.NewPlan(newWorld(t, "after", after, fleettest.Start).site, first.Result(fleettest.Start), true)
}

func changed(name string) func(*releases.Fleet) {
	for _, c := range changes {
		if c.name == name {
			return c.make
		}
	}
	panic("no change is named " + name)
}

// counts is the number of operations for each reason.
func counts(p *publish.Plan) map[publish.Reason]int { return maps.Collect(p.Counts()) }

// whys counts the operations of a plan on keys that hold a text, by what they
// do and why.
func whys(p *publish.Plan, holding string) map[string]int {
	counts := map[string]int{}
	for o := range p.Ops() {
		if !strings.Contains(o.Object.Key, holding) {
			continue
		}
		what := "put"
		if o.Delete() {
			what = "delete"
		}
		counts[fmt.Sprintf("%s, %s: %s", what, o.Why(), o.Phase)]++
	}
	return counts
}

// TestEachOperationHasItsReason counts them on 16 buckets, of which default
// offers 1.1.0 to 8. An offer has four objects, a marker two.
func TestEachOperationHasItsReason(t *testing.T) {
	type counts map[string]int
	for _, test := range []struct {
		before, after string
		holding       string
		want          counts
	}{
		{"nothing", "nothing", "", counts{}},
		{"nothing", "image stored", "", counts{}},
		{"nothing", "abort in default", "", counts{
			"put, withdraws 1.1.0: answers": 48, "delete, withdraws 1.1.0: answers": 16, "put, withdraws 1.1.0: fallback answers": 40,
		}},
		{"abort in default", "nothing", "", counts{"put, changed: answers": 48, "put, new: answers": 16, "put, changed: fallback answers": 40}},
		{"abort in default", "withdraw one", "/default/", counts{}},
		{"nothing", "roll out", "", counts{"put, changed: answers": 48, "put, new: answers": 16, "put, changed: fallback answers": 40}},
		{"nothing", "other image", "/payloads/", counts{"put, new: payloads": 1}},
		{"nothing", "other cache", "/payloads/", counts{}},
		{"nothing", "other cache", "/cohorts/", counts{}},
		{"nothing", "other cache", "/mp/default/_other/", counts{"put, headers changed: fallback answers": 80}},
		{"many devices", "nothing", "/cohorts/", counts{"put, changed: cohort index": 16, "delete, gone: cohort index": 32}},
		{"nothing", "a cohort comes", "/omega/_none/", counts{"put, new: answers in new buckets": 40}},
		{"nothing", "a cohort comes", "/omega/_other/", counts{"put, new: fallback answers in new buckets": 50}},
		{"a cohort comes", "nothing", "/omega/_other/", counts{"delete, gone: fallback answers": 50}},
		{"a cohort comes", "nothing", "/omega/_none/", counts{"delete, gone: answers": 20, "delete, gone: deletions": 20}},
		{"a hardware version leaves", "nothing", "/mp/default/_other/", counts{"put, new: fallback answers": 80}},
		{"a hardware version leaves", "nothing", "/evt/", counts{}},
		{"nothing", "withdraw all", "/evt/default/1.0.0/", counts{"delete, gone: deletions": 32}},
		{"nothing", "withdraw all", "/evt/default/_other/", counts{
			"put, withdraws 1.0.0: fallback answers": 48, "delete, withdraws 1.0.0: fallback answers": 32,
		}},
	} {
		got := whys(plan(t, small(changed(test.before)), small(changed(test.after))), test.holding)
		if !maps.Equal(got, test.want) {
			t.Errorf("%s, then %s, keys with %q: %v, want %v", test.before, test.after, test.holding, got, test.want)
		}
	}
}

func TestHeadersCountWhereTheStoreKeepsThem(t *testing.T) {
	p := plan(t, small(), small(changed("other cache")))
	answers := 0
	for o := range p.Site.Objects() {
		if strings.Contains(o.Key, "/latest/") {
			answers++
		}
	}
	if p.Len() != answers || counts(p)[publish.HeadersChanged] != answers || p.Unchanged() != p.Site.Len()-answers {
		t.Errorf("%d operations for %d answers, %d unchanged of %d", p.Len(), answers, p.Unchanged(), p.Site.Len())
	}
	if p := publish.NewPlan(p.Site, p.Live, false); p.Len() > 0 {
		t.Errorf("%d operations where there are no headers", p.Len())
	}
}

func TestWithdrawalsComeFirstInEachPhase(t *testing.T) {
	t.Parallel()
	mixed := 0
	for i, a := range changes {
		b := changes[(i+9)%len(changes)]
		p := plan(t, small(a.make), small(b.make))
		rank := func(o publish.Op) int {
			urgency, urgent := map[publish.Reason]int{publish.Withdraws: 0, publish.InDoubt: 1}[o.Reason]
			if !urgent {
				urgency = 2
			}
			return 10*int(o.Phase) + urgency
		}
		ops := slices.Collect(p.Ops())
		for i := 1; i < len(ops); i++ {
			last, o := ops[i-1], ops[i]
			if rank(o) < rank(last) {
				t.Fatalf("%s, then %s: %s, which %s, comes after %s, which is %s", a.name, b.name, o.Object.Key, o.Why(), last.Object.Key, last.Why())
			}
			if last.Phase == o.Phase && last.Reason == publish.Withdraws && o.Reason != publish.Withdraws {
				mixed++
			}
		}
	}
	if mixed == 0 {
		t.Error("no phase has both")
	}
}

func TestWhatIsInDoubtIsWrittenAgain(t *testing.T) {
	t.Parallel()
	for _, c := range changes {
		p := plan(t, small(), small(c.make))
		again := publish.NewPlan(p.Site, p.InDoubt(fleettest.Start), true)
		if keys := slices.Sorted(slices.Values(keysOf(again))); !slices.Equal(keys, slices.Sorted(slices.Values(keysOf(p)))) {
			t.Errorf("%s: %d operations, then %d", c.name, p.Len(), len(keys))
		}
		if n := counts(again); n[publish.New]+n[publish.Changed]+n[publish.HeadersChanged] > 0 {
			t.Errorf("%s: some of %v is not in doubt", c.name, whys(again, ""))
		}
	}
	p := plan(t, small(), small(changed("roll out")))
	// The 8 buckets that may or may not have been offered it count as well.
	aborted := newWorld(t, "aborted", small(changed("abort in default")), fleettest.Start)
	got := whys(publish.NewPlan(aborted.site, p.InDoubt(fleettest.Start), true), "")
	want := map[string]int{"put, withdraws 1.1.0: answers": 96, "delete, withdraws 1.1.0: answers": 32, "put, withdraws 1.1.0: fallback answers": 80}
	if !maps.Equal(got, want) {
		t.Errorf("an abort after a crash: %v, want %v", got, want)
	}
}

// TestABucketWithoutOneOfItsFormsIsStillNew has a publish that died before the
// cohort index, in the middle of an answer: what is missing comes before the
// index, too.
func TestABucketWithoutOneOfItsFormsIsStillNew(t *testing.T) {
	before := newWorld(t, "before", small(), fleettest.Start)
	after := newWorld(t, "after", small(changed("a cohort comes")), fleettest.Start)
	for _, form := range []string{".below.txt", ".json", ".txt"} {
		store := &memstore.Store{}
		apply(t, before.site, store)
		var missing []string
		for o := range after.site.Objects() {
			switch name := path.Base(o.Key); {
			case !strings.Contains(o.Key, "/omega/"):
			case strings.Contains(o.Key, "/_other/") && name[1:] == form:
				missing = append(missing, o.Key)
			default:
				if err := store.Put(t.Context(), o.Key, *o.Content, o.Header); err != nil {
					t.Fatal(err)
				}
			}
		}
		var planned []string
		for o := range compare(t, after.site, store).Ops() {
			if strings.Contains(o.Object.Key, "/omega/") {
				planned = append(planned, o.Object.Key)
				if o.Phase != publish.NewFallbacks {
					t.Errorf("%s comes with the %s", o.Object.Key, o.Phase)
				}
			}
		}
		if len(missing) == 0 || !slices.Equal(planned, missing) {
			t.Errorf("without %s: %q, want %q", form, planned, missing)
		}
	}
}

// TestEagerDevices has guards and stops look at those who ask eagerly.
func TestEagerDevices(t *testing.T) {
	eager := func(change func(*releases.Fleet)) *releases.Fleet {
		return small(func(f *releases.Fleet) { f.Project.Eager = true }, change)
	}
	begun := func(percent float64) func(*releases.Fleet) {
		return func(f *releases.Fleet) { activation(f, "default", "1.2.0").Rollout.Fixed = percent }
	}
	limits := publish.Limits{Guard: releases.Guard{MaxExposureIncrease: 10, MaxDeletes: 100}}
	// They are not counted, or all of default would be newly exposed.
	if p := proposal(t, limits, eager(begun(0)), eager(begun(7))); p.Tripped() != nil {
		t.Error(p.Tripped())
	}
	// What is taken back from them is withdrawn, before the rest.
	paused := eager(func(f *releases.Fleet) {
		begun(7)(f)
		activation(f, "default", "1.2.0").Paused = fleettest.Start
	})
	p := plan(t, eager(begun(7)), paused)
	got := whys(p, "/_eager.")
	withdrawn := 0
	for why, n := range got {
		if strings.Contains(why, "withdraws 1.2.0") {
			withdrawn += n
		}
	}
	if withdrawn == 0 || withdrawn != p.Len() {
		t.Errorf("%v of %d", got, p.Len())
	}
	// An abort that is stopped by guards reaches them at once.
	stopped := eager(func(f *releases.Fleet) {
		begun(7)(f)
		activation(f, "default", "1.2.0").Aborted = "it smokes"
		activation(f, "gamma", "1.2.0").Rollout.Fixed = 100
	})
	stop := proposal(t, limits, eager(begun(7)), stopped).Stop()
	if got := whys(stop.Plan, "default/1.0.0/_eager.txt"); got["put, withdraws 1.2.0: answers"] != 1 {
		t.Errorf("%v", got)
	}
	if got := whys(stop.Plan, "/gamma/"); len(got) > 0 {
		t.Errorf("it touches %v", got)
	}
	// There is no way back unseen, whether a state tells or a listing.
	if got := trips(t, proposal(t, limits, eager(begun(0)), small())); !strings.Contains(got.Error(), "eager would change from true to false") {
		t.Error(got)
	}
}
