package conformance_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"cairn/publish/edge"
	"cairn/publish/edge/conformance"
	"cairn/publish/edge/conformance/conformancetest"
	"cairn/publish/memstore"
)

// mutation is an edge that is wrong in one thing, and the cases that must
// notice.
type mutation struct {
	name   string
	caught string // by a case of such a name
	broken breakage
}

func TestMutationsAreCaught(t *testing.T) {
	fridges, strange := example(t), odd(t)
	fridgeCases, strangeCases := conformance.Cases(fridges.Fleet, fridges.At), conformance.Cases(strange.Fleet, strange.At)
	fridgeStore, strangeStore := stored(t, fridges, &memstore.Store{}), stored(t, strange, &memstore.Store{})
	for _, m := range slices.Concat(answerMutations, queryMutations, negotiationMutations, treeMutations) {
		t.Run(m.name, func(t *testing.T) { caught(t, fridges, fridgeStore, fridgeCases, m.broken, m.caught) })
	}
	for _, m := range oddMutations {
		t.Run(m.name, func(t *testing.T) { caught(t, strange, strangeStore, strangeCases, m.broken, m.caught) })
	}
}

// caught asks a broken edge.
func caught(t *testing.T, s *conformancetest.Sample, source edge.Source, cases []conformance.Case, broken breakage, by string) {
	t.Helper()
	if broken.source != nil {
		source = broken.source(source)
	}
	var h http.Handler = handler(s, source)
	if broken.handler != nil {
		h = broken.handler(h)
	}
	server := httptest.NewUnstartedServer(h)
	if broken.wire != nil {
		server.Listener = listener{server.Listener, broken.wire}
	}
	server.Start()
	defer server.Close()
	notice(t, server.URL, cases, by)
}

// notice checks that a case of some name fails, for another reason than that
// this machine is slow.
func notice(t *testing.T, url string, cases []conformance.Case, by string) {
	t.Helper()
	named := regexp.MustCompile(by)
	cases = slices.DeleteFunc(slices.Clone(cases), func(c conformance.Case) bool { return !named.MatchString(c.Name) })
	r := run(t, url, cases, conformance.Options{Timeout: 2 * time.Second})
	failed := slices.DeleteFunc(r.Failed, func(f conformance.Failure) bool { return strings.HasPrefix(f.Wrong[0], "no whole answer") })
	if len(failed) == 0 {
		t.Errorf("not caught by %d cases %s", len(cases), by)
		return
	}
	t.Logf("%d of %d: %s", len(failed), len(cases), failed[0])
}
