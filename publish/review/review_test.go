package review_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"cairn/manifest"
	"cairn/publish"
	"cairn/publish/memstore"
	"cairn/publish/review"
	"cairn/releases"
	"cairn/releases/fleettest"
)

var now = time.Date(2026, 12, 2, 12, 0, 0, 0, time.UTC)

func site(f *releases.Fleet, at time.Time) *publish.Site {
	return publish.NewSite(manifest.New(f, at), f.Cache, fstest.MapFS{})
}

// planned is the plan that leads from one site to another.
func planned(t *testing.T, from, to *publish.Site) *publish.Plan {
	t.Helper()
	live, err := publish.Scan(t.Context(), to, &memstore.Store{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if from != nil {
		first := publish.NewPlan(from, live, true)
		live = first.Result(now)
	}
	return publish.NewPlan(to, live, true)
}

// offered is what the devices of a folder's version find in a bucket, or if they
// ask eagerly, for -1.
func offered(tree *manifest.Tree, t manifest.Target, cohort, segment string, bucket int) string {
	for _, s := range []string{segment, manifest.OtherSegment} {
		f := tree.Folder(tree.Layout.AnswerFolder(t, cohort, s))
		if f == nil {
			continue
		}
		name := manifest.EagerBucket
		if bucket >= 0 {
			name = tree.Layout.BucketName(bucket)
		}
		if i := f.IndexOf(name); i >= 0 {
			return review.Offer{Version: tree.Bodies[f.Bodies[i]].Version()}.String()
		}
	}
	return "no answer"
}

// segments are the version folders that a move's devices look into.
func segments(m review.Move) []string {
	var all []string
	for _, v := range m.Current {
		all = append(all, releases.Escape(v))
	}
	if m.None {
		all = append(all, manifest.NoneSegment)
	}
	if m.Unknown {
		all = append(all, manifest.OtherSegment)
	}
	return all
}

// TestMovesAreWhatDevicesFind compares, for every version and bucket of random
// fleets at two instants, the review with what the two trees answer.
func TestMovesAreWhatDevicesFind(t *testing.T) {
	changed, lower, ahead := 0, 0, 0
	for seed := range uint64(40) {
		f := fleettest.Random(seed)
		from, to := site(f, now.Add(-30*24*time.Hour)), site(f, now.Add(time.Duration(seed)*24*time.Hour))
		r := review.New(planned(t, from, to), f, now)
		groups := 0
		for _, folder := range to.Tree.Folders {
			if folder.VersionSegment == manifest.OtherSegment {
				groups++
			}
		}
		if len(r.Groups) != groups {
			t.Fatalf("%d: %d groups, want %d", seed, len(r.Groups), groups)
		}
		weight := -1
		for _, g := range r.Groups {
			told, eagerly := map[string]map[string]int{}, map[string]string{}
			for _, m := range g.Moves {
				if m.Eager {
					for _, segment := range segments(m) {
						eagerly[segment] = m.Before.String() + " → " + m.After.String()
					}
					continue
				}
				if !m.Same() {
					changed++
				}
				for _, segment := range segments(m) {
					if told[segment] == nil {
						told[segment] = map[string]int{}
					}
					told[segment][m.Before.String()+" → "+m.After.String()] += m.Buckets
				}
			}
			others := to.Tree.Folder(to.Tree.Layout.AnswerFolder(g.Target, g.Cohort, manifest.OtherSegment))
			for segment, moves := range told {
				want := map[string]int{}
				for _, bucket := range others.Buckets {
					want[offered(from.Tree, g.Target, g.Cohort, segment, int(bucket))+" → "+offered(to.Tree, g.Target, g.Cohort, segment, int(bucket))]++
				}
				if f.Project.Eager && g.From == g.Cohort {
					before, after := offered(from.Tree, g.Target, g.Cohort, segment, -1), offered(to.Tree, g.Target, g.Cohort, segment, -1)
					change := before + " → " + after
					if before == after || want[change] > 0 {
						change = "" // nothing to tell
					} else {
						ahead++
					}
					if eagerly[segment] != change {
						t.Errorf("%d: cohort %s, %v, %s: eager devices go %q, want %q", seed, g.Cohort, g.Target, segment, eagerly[segment], change)
					}
				}
				if !maps.Equal(want, moves) {
					t.Errorf("%d: cohort %s, %v, %s: %v, want %v", seed, g.Cohort, g.Target, segment, moves, want)
				}
			}
			if want := len(to.Tree.Known[g.Target]) + 2; len(told) < want {
				t.Errorf("%d: cohort %s, %v: %d versions of %d are told", seed, g.Cohort, g.Target, len(told), want)
			}
			w := 2
			if g.Changed() {
				w = 1
			}
			for _, m := range g.Moves {
				if m.Withdrawn || m.After.Missing {
					w = min(w, 0)
				}
				below := func(v string) bool {
					return !m.Same() && m.After.Version != "" && f.Project.Order.Compare(m.After.Version, v) < 0
				}
				if slices.ContainsFunc(m.Current, below) {
					w = -1
					lower++
				}
				if m.Down != slices.ContainsFunc(m.Current, below) || m.Down && slices.ContainsFunc(m.Current, func(v string) bool { return !below(v) }) {
					t.Errorf("%d: %+v is said to move down: %t", seed, m, m.Down)
				}
			}
			if w < weight {
				t.Errorf("%d: a graver group comes later", seed)
			}
			weight = w
		}
	}
	if changed < 100 || lower < 10 || ahead < 5 {
		t.Errorf("only %d changes were looked at, %d of them down, %d for eager devices alone", changed, lower, ahead)
	}
}

func TestMarkdownStaysShort(t *testing.T) {
	f := fleettest.Large(100_000)
	at := fleettest.Start
	r := review.New(planned(t, nil, site(f, at)), f, at)
	r.Groups = slices.Repeat(r.Groups, 20)
	for i := range 1000 {
		r.Upcoming = append(r.Upcoming, review.Upcoming{At: at.Add(time.Duration(i) * time.Hour), Cohort: "c", Version: "1.0.0", Percent: 1})
	}
	r.To = "s3://bucket"
	r.Guard = strings.Repeat("too much\n", 20)
	var b strings.Builder
	if err := r.Markdown(&b); err != nil {
		t.Fatal(err)
	}
	if n := b.Len(); n > review.MaxMarkdown || n < review.MaxMarkdown/2 {
		t.Errorf("%d bytes", n)
	}
	for _, want := range []string{"<details>", "groups of devices more", "Next, each", "[!WARNING]", "requests, about"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in it", want)
		}
	}
	if open, closed := strings.Count(b.String(), "<details>"), strings.Count(b.String(), "</details>"); open != closed {
		t.Errorf("%d details are opened, %d closed", open, closed)
	}
}

func TestMarkupInVersionsIsText(t *testing.T) {
	r := review.Review{At: now, Groups: []review.Group{{Cohort: "c", Moves: []review.Move{{
		Current: []string{"1|<b>`x`"}, Change: review.Change{After: review.Offer{Version: "*2* @all"}}, Buckets: 1, Percent: 100, Devices: -1,
	}}}}}
	var b strings.Builder
	if err := r.Markdown(&b); err != nil {
		t.Fatal(err)
	}
	want := "| + | 1\\|&lt;b&gt;\\`x\\` | up to date | \\*2\\* &#64;all | 100 % | 1 |  |\n"
	if !strings.Contains(b.String(), want) {
		t.Errorf("no %q in\n%s", want, b.String())
	}
}

func TestCostIsWhatTheRequestsTake(t *testing.T) {
	f := fleettest.Random(1)
	f.Prices = releases.Prices{Put: 5, Get: 0.4, Delete: 1, Currency: "EUR"}
	plan := planned(t, nil, site(f, now))
	r := review.New(plan, f, now)
	want := (float64(plan.Len()+publish.StatePuts)*5 + 0.4) / 1000
	if r.Objects.Requests != plan.Len()+publish.StatePuts+1 || fmt.Sprintf("%.6f", r.Objects.Cost) != fmt.Sprintf("%.6f", want) {
		t.Errorf("%d requests cost %f, want %f", r.Objects.Requests, r.Objects.Cost, want)
	}
}

func TestDevicesThatFindNothingAnyMoreAreTold(t *testing.T) {
	f := fleettest.Random(3)
	from := site(f, now)
	for _, r := range f.Releases {
		for _, p := range r.Payloads {
			p.HardwareVersion += "-new"
		}
	}
	r := review.New(planned(t, from, site(f, now)), f, now)
	lost := 0
	for _, g := range r.Groups {
		for _, m := range g.Moves {
			if m.After.Missing {
				lost++
			}
		}
		if first := g.Moves[0]; lost == 0 && !first.Down {
			t.Errorf("%+v comes before what ends without an answer", first)
		}
	}
	if lost == 0 {
		t.Errorf("no move of %d groups ends without an answer", len(r.Groups))
	}
}
