package publish_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"cairn/publish/memstore"
	"cairn/releases"
	"cairn/releases/fleettest"
)

// TestRequestsUntilNobodyIsOffered counts the requests of an abort at 50 % until
// the last that withdraws, alone and beside a rollout that goes on. Each object
// that offers the release takes one, and the state three before them. Beside
// others, _other comes after what is in the folders of versions.
func TestRequestsUntilNobodyIsOffered(t *testing.T) {
	t.Parallel()
	const aborted, grows, forState = "1.19.0", "1.17.0", 3
	at := func(percent float64, changes ...func(*releases.Fleet)) *world {
		f := fleettest.Large(10_000)
		activation(f, "default", aborted).Rollout.Fixed = 50
		activation(f, "default", grows).Rollout.Fixed = percent
		for _, change := range changes {
			change(f)
		}
		return newWorld(t, "", f, fleettest.Start)
	}
	abort := func(f *releases.Fleet) { activation(f, "default", aborted).Aborted = "it smokes" }
	for _, percent := range []float64{10, 60} {
		store := &memstore.Store{}
		if _, err := (attempt{now: fleettest.Start, name: "ada"}).run(store, at(10)); err != nil {
			t.Fatal(err)
		}
		offer, offering := fmt.Sprintf(`"version":%q`, aborted), map[string]bool{}
		for key, o := range snapshot(t, store) {
			if strings.Contains(key, "/default/") && strings.HasSuffix(key, ".json") && strings.Contains(o.Body, offer) {
				offering[strings.TrimSuffix(key, "json")] = true
			}
		}
		var requests, last, lastOfVersions int
		withdrawn, ofVersions := map[string]bool{}, map[string]bool{}
		store.Fault = func(op memstore.Op, key string) (bool, error) {
			requests++
			slash := strings.LastIndexByte(key, '/') + 1
			bucket, _, _ := strings.Cut(key[slash:], ".")
			if offering[key[:slash]+bucket+"."] {
				withdrawn[key], last = true, requests
				if !strings.Contains(key, "/_other/") {
					ofVersions[key], lastOfVersions = true, requests
				}
			}
			return true, nil
		}
		if _, err := (attempt{now: fleettest.Start.Add(time.Hour), name: "bob"}).run(store, at(percent, abort)); err != nil {
			t.Fatal(err)
		}
		store.Fault = nil
		for key, o := range snapshot(t, store) {
			if strings.Contains(key, "/default/") && strings.Contains(o.Body, offer) {
				t.Errorf("%s still offers it", key)
			}
		}
		if len(withdrawn) < 4*len(offering) || lastOfVersions != len(ofVersions)+forState {
			t.Errorf("beside %v %%: the last of %d objects in the folders of versions is request %d", percent, len(ofVersions), lastOfVersions)
		}
		if percent == 10 && last != len(withdrawn)+forState {
			t.Errorf("the last of %d objects is request %d", len(withdrawn), last)
		}
	}
}
