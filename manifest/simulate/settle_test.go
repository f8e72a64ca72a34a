package simulate_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"time"

	"cairn/manifest"
	"cairn/manifest/simulate"
	"cairn/releases"
	"cairn/releases/fleettest"

	"github.com/google/go-cmp/cmp"
)

// published is a tree as a web server shows it. It notes what is asked for.
type published struct {
	tree *manifest.Tree
	with map[string]string // keys that have another content, "-" for none
	mu   sync.Mutex
	asks map[string]int
}

func publish(f *releases.Fleet, at time.Time) *published {
	return &published{tree: manifest.New(f, at), with: map[string]string{}, asks: map[string]int{}}
}

func (p *published) Get(_ context.Context, key string) ([]byte, error) {
	p.mu.Lock()
	p.asks["GET "+key]++
	p.mu.Unlock()
	missing := &fs.PathError{Op: "get", Path: key, Err: fs.ErrNotExist}
	if content, ok := p.with[key]; ok {
		if content == "-" {
			return nil, missing
		}
		return []byte(content), nil
	}
	at, ok := p.tree.Layout.Parse(key)
	if !ok {
		return nil, missing
	}
	if at.Class == manifest.CohortIndex {
		return p.tree.Shard(manifest.Index(at.Shard)), nil
	}
	return p.tree.Get(at)
}

func (p *published) Has(_ context.Context, key string) error {
	p.mu.Lock()
	p.asks["HEAD "+key]++
	p.mu.Unlock()
	if p.with[key] == "-" {
		return fs.ErrNotExist
	}
	return nil
}

func settle(t *testing.T, f *releases.Fleet, o simulate.Options, source simulate.Source) *simulate.Result {
	t.Helper()
	if o.From.IsZero() {
		o.From = start
	}
	r, err := simulate.Settle(context.Background(), f, o, source, 4)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestSettlesWhereRunEnds compares what a fleet gets of a published tree with
// what it gets in process, once time stands still; with no request too many.
func TestSettlesWhereRunEnds(t *testing.T) {
	for seed := range uint64(30) {
		f := fleettest.Random(seed)
		if len(manifest.Targets(f)) == 0 {
			continue
		}
		// Nothing changes after the week.
		o := simulate.Options{Devices: 300, Seed: seed, From: fleettest.Start.Add(20 * 24 * time.Hour), For: 40 * time.Hour, Poll: time.Hour, Eager: 0.2}
		source := publish(f, o.From)
		got, want := settle(t, f, o, source), run(t, f, o)
		requests := 0
		for ask, n := range source.asks {
			if requests += n; n > 1 {
				t.Errorf("fleet %d: %s %d times", seed, ask, n)
			}
		}
		if int(got.Requests) != requests {
			t.Errorf("fleet %d: %d requests, %d are told of", seed, requests, got.Requests)
		}
		failing := func(r *simulate.Result) map[simulate.Check]int {
			n := failing(r)
			delete(n, simulate.Down) // in a loop the one may go down later than the other sees
			return n
		}
		if diff := cmp.Diff(failing(want), failing(got)); diff != "" {
			t.Errorf("fleet %d: failures (-run +settle):\n%s", seed, diff)
		}
		ends := func(r *simulate.Result) map[string]int {
			ends := map[string]int{}
			if failing(r)[simulate.Loop] > 0 {
				return nil
			}
			for _, c := range r.Cohorts {
				for v, n := range c.Devices[len(c.Devices)-1] {
					if n > 0 {
						ends[fmt.Sprintf("%s %v %q", c.Cohort, c.Eager, r.Versions[v])] = n
					}
				}
			}
			return ends
		}
		if diff := cmp.Diff(ends(want), ends(got)); diff != "" {
			t.Errorf("fleet %d: devices (-run +settle):\n%s", seed, diff)
		}
		if got.Settled != want.Settled || got.Held != want.Held || got.Kept != want.Kept || !cmp.Equal(got.KeptBy, want.KeptBy) || got.Lost != want.Lost {
			t.Errorf("fleet %d: %d, %d, %d and %d, %d, %d", seed, got.Settled, got.Held, got.Lost, want.Settled, want.Held, want.Lost)
		}
		svg(t, got)
	}
}

// TestPublishedFaults breaks what is published.
func TestPublishedFaults(t *testing.T) {
	const latest = "demo/v1/latest/main/mp/"
	const json = `{"version":%q,"artifacts":[{"url":%q}]}`
	offer := func(key, version, url string) map[string]string {
		return map[string]string{key + ".txt": url, key + ".json": fmt.Sprintf(json, version, url)}
	}
	f := define(t, `
1.0.0 full
1.1.0 full
default [activate."1.0.0"]; [activate."1.1.0"]
beta devices = ["A"]; [activate."1.0.0"]
`)
	hash := manifest.Hash("A")
	bucket := hash[:1]
	for _, row := range []struct {
		name  string
		start string
		with  map[string]string
		want  string
	}{
		{"as it should be", "1.0.0", nil, ""},
		{"no answers", "1.0.0", map[string]string{latest + "beta/1.0.0/" + bucket + ".txt": "-", latest + "beta/_other/" + bucket + ".below.txt": "-"},
			"answer: 1.0.0: neither " + latest + "beta/1.0.0/" + bucket + ".txt nor " + latest + "beta/_other/" + bucket + ".below.txt is there"},
		{"what it runs", "1.0.0", offer(latest+"beta/1.0.0/"+bucket, "1.0.0", "https://x"), "same: 1.0.0: so says what is published"},
		{"down", "1.1.0", offer(latest+"beta/1.1.0/"+bucket, "0.9.0", "https://x"), "down: 1.1.0 → 0.9.0: so says what is published; elsewhere: 1.1.0 → 0.9.0 → 1.0.0: by the definitions it ends with 1.1.0, in cohort beta"},
		{"in circles", "0.9.0", func() map[string]string {
			with := offer(latest+"beta/_other/"+bucket, "1.0.0+b", "https://x")
			with[latest+"beta/_other/"+bucket+".below.txt"] = "1.0.0+b\nhttps://x"
			for k, v := range offer(latest+"beta/1.0.0_2bb/"+bucket, "0.9.0", "https://y") {
				with[k] = v
			}
			return with
		}(), "down: 0.9.0 → 1.0.0+b → 0.9.0: so says what is published; loop: 0.9.0 → 1.0.0+b → 0.9.0: so says what is published"},
		{"another release", "none", offer(latest+"beta/_none/"+bucket, "1.1.0", "https://x"), "elsewhere: no version → 1.1.0: by the definitions it ends with 1.0.0, in cohort beta"},
		{"another cohort", "1.0.0", map[string]string{"demo/v1/cohorts/" + hash[:2] + ".txt": ""},
			"elsewhere: 1.0.0 → 1.1.0: by the definitions it ends with 1.0.0, in cohort beta"},
		{"an index that a device can read", "1.0.0", map[string]string{"demo/v1/cohorts/" + hash[:2] + ".txt": "\n" + hash[1:] + " gone\n" + hash + "\n" + hash + " beta\n" + hash + " gone\n"}, ""},
		{"a cohort of which nobody knows", "1.0.0", map[string]string{"demo/v1/cohorts/" + hash[:2] + ".txt": hash + " gone\n"},
			"answer: 1.0.0: neither " + latest + "gone/1.0.0/" + bucket + ".txt nor " + latest + "gone/_other/" + bucket + ".below.txt is there"},
		{"no JSON", "none", map[string]string{latest + "beta/_none/" + bucket + ".json": "-"},
			"answer: no version: " + latest + "beta/_none/" + bucket + ".json is not there, though " + latest + "beta/_none/" + bucket + ".txt is"},
		{"half a JSON", "none", map[string]string{latest + "beta/_none/" + bucket + ".json": `{"version":"1.0.0"`},
			"answer: no version: " + latest + "beta/_none/" + bucket + ".json is no answer"},
		{"two minds", "none", map[string]string{latest + "beta/_none/" + bucket + ".txt": "https://x"},
			"answer: no version: " + latest + "beta/_none/" + bucket + ".txt and " + latest + "beta/_none/" + bucket + ".json name different payloads"},
		{"no payload", "none", func() map[string]string {
			with := offer(latest+"beta/_none/"+bucket, "1.0.0", "https://ota.example.com/demo/p")
			with["demo/p"] = "-"
			return with
		}(), "answer: no version: the payload of 1.0.0 is not there: https://ota.example.com/demo/p"},
	} {
		t.Run(row.name, func(t *testing.T) {
			source := publish(f, start)
			source.with = row.with
			r := settle(t, f, simulate.Options{Devices: 1, Start: on(row.start)}, source)
			var got []string
			for _, f := range r.Failures {
				var path []string
				for _, v := range f.First[0].Path {
					path = append(path, simulate.Label(v))
				}
				got = append(got, fmt.Sprintf("%s: %s: %s", f.Check, strings.Join(path, " → "), f.First[0].Why))
			}
			if diff := cmp.Diff(row.want, strings.Join(got, "; ")); diff != "" {
				t.Error(diff)
			}
			svg(t, r)
		})
	}
}

// TestSourceFails ends with the source's error.
func TestSourceFails(t *testing.T) {
	f := define(t, "1.0.0 full\ndefault [activate.\"1.0.0\"]")
	source := publish(f, start)
	for i := range source.tree.Layout.Shards() {
		source.with[source.tree.Layout.CohortKey(source.tree.Layout.ShardName(i))] = "-"
	}
	_, err := simulate.Settle(context.Background(), f, simulate.Options{Devices: 5, From: start}, source, 4)
	if !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	_, err = simulate.Settle(context.Background(), f, simulate.Options{Devices: 5, From: start}, broken{}, 4)
	if !errors.Is(err, errBroken) {
		t.Error(err)
	}
}

var errBroken = errors.New("it is broken")

type broken struct{}

func (broken) Get(_ context.Context, key string) ([]byte, error) {
	if strings.Contains(key, "/cohorts/") {
		return nil, nil
	}
	return nil, errBroken
}

func (broken) Has(context.Context, string) error { return errBroken }
