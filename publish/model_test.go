package publish_test

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"cairn/manifest"
	"cairn/publish"
	"cairn/publish/memstore"
	"cairn/releases"
	"cairn/releases/fleettest"

	"github.com/andybalholm/brotli"
)

// view is an edge: the sibling that it serves, and whether it does so where
// the identity isn't there.
type view struct {
	sibling int // of siblings; 0 for none
	lenient bool
}

var (
	siblings = [...]manifest.Encoding{manifest.Identity, manifest.Brotli, manifest.Gzip}
	views    = [...]view{{}, {1, false}, {1, true}, {2, false}, {2, true}}
)

// absent is what a device gets where there is neither an answer for its
// version nor one for any other.
const absent = "nothing is there"

// again is what an edge says that compared another answer than it found.
const again = "try again later"

// form is the keys of an object in its encodings.
type form [len(siblings)]string

func formOf(key string) (f form) {
	for i, e := range siblings {
		f[i] = key + string(e)
	}
	return f
}

// get reads an object as an edge does.
func (f *form) get(objects map[string]string, v view) (string, bool) {
	identity, ok := objects[f[0]]
	if v.sibling > 0 && (ok || v.lenient) {
		if s, ok := objects[f[v.sibling]]; ok {
			return s, true
		}
	}
	return identity, ok
}

// question is what devices of one answer ask for.
type question struct {
	serial  string
	hash    string
	bucket  string
	target  manifest.Target
	version string
	form    manifest.Form
	shard   form
	cohorts []string  // that the device may be in
	answers [][3]form // in each of them: of its version, for versions below, of any other
	order   releases.Order
	home    string // the cohort that it comes to
	allowed []string
}

func (q *question) String() string {
	return fmt.Sprintf("%s in %s with %q on %v, %s", q.serial, q.bucket, q.version, q.target, q.form)
}

func (q *question) cohort(objects map[string]string, v view) string {
	shard, _ := q.shard.get(objects, v)
	_, rest, listed := strings.Cut(shard, q.hash+" ")
	if !listed {
		return releases.DefaultCohort
	}
	cohort, _, _ := strings.Cut(rest, "\n")
	return cohort
}

func (q *question) askIn(objects map[string]string, cohort string, v view) string {
	i := slices.Index(q.cohorts, cohort)
	if i < 0 {
		return "the device is in cohort " + cohort
	}
	own, below, other := &q.answers[i][0], &q.answers[i][1], &q.answers[i][2]
	if body, ok := own.get(objects, v); ok {
		return body
	}
	body, ok := below.get(objects, v)
	if !ok {
		return absent
	}
	offered, err := manifest.ParseBelow([]byte(body))
	switch {
	case err != nil:
		return absent
	case !offered.To(q.order, []manifest.Device{{CurrentVersion: q.version}}):
		return ""
	case q.form == manifest.Text:
		return offered.URL
	}
	if body, ok := other.get(objects, v); ok && strings.Contains(body, `"url":"`+offered.URL+`"`) {
		return body
	}
	return again
}

func (q *question) ask(objects map[string]string, v view) string {
	return q.askIn(objects, q.cohort(objects, v), v)
}

// model asks for everything that devices of some worlds ask for.
type model struct {
	t         testing.TB
	baseURL   string
	layout    manifest.Layout
	questions []*question
	asked     map[string][]*question // by the keys that they read
	version   map[string]string
	payloads  map[string]bool // the keys that are there in full
	objects   map[string]string
	edges     []view            // of which one may answer otherwise than another
	raw       map[string]string // decoded, by what is stored
	seen      map[string][2]string
	failed    bool // and said so; the next ones would only repeat it
}

func newModel(t testing.TB, worlds ...*world) *model {
	first := worlds[0].fleet
	m := &model{
		t: t, baseURL: first.Project.BaseURL, layout: manifest.LayoutOf(first),
		asked: map[string][]*question{}, version: map[string]string{}, raw: map[string]string{}, seen: map[string][2]string{},
	}
	targets, versions := map[manifest.Target]bool{}, map[string]bool{"": true, "7.7.7": true, "0.0.0": true}
	for _, w := range worlds {
		maps.Copy(m.version, w.version)
		for target, known := range w.site.Tree.Known {
			targets[target] = true
			for _, v := range known {
				versions[v] = true
			}
		}
	}
	eager := map[string]bool{} // cohorts of which a device asks eagerly
	for serial, cohorts := range devicesOf(m.layout, worlds) {
		hash := manifest.Hash(serial)
		buckets := []string{m.layout.Bucket(hash)}
		if in := fmt.Sprint(cohorts); !eager[in] && slices.ContainsFunc(worlds, func(w *world) bool { return w.fleet.Project.Eager }) {
			eager[in] = true
			buckets = append(buckets, manifest.EagerBucket)
		}
		for target := range targets {
			for version := range versions {
				for _, f := range []manifest.Form{manifest.JSON, manifest.Text} {
					for _, bucket := range buckets {
						q := &question{serial: serial, hash: hash, bucket: bucket, target: target, version: version, form: f, cohorts: cohorts, order: first.Project.Order}
						q.shard = formOf(m.layout.CohortKey(m.layout.Shard(hash)))
						m.add(q)
					}
				}
			}
		}
	}
	return m
}

// devicesOf gives for each bucket a device that nothing lists, and of those
// that are listed one of each answer, with the cohorts that they are in.
func devicesOf(layout manifest.Layout, worlds []*world) map[string][]string {
	devices, answers := map[string][]string{}, map[string]bool{}
	add := func(serial string) {
		var in []string
		for _, w := range worlds {
			c, _ := w.fleet.CohortOf(serial)
			in = append(in, c.Slug)
		}
		hash := manifest.Hash(serial)
		answer := fmt.Sprint(layout.Bucket(hash), in)
		if !answers[answer] {
			answers[answer] = true
			slices.Sort(in)
			devices[serial] = slices.Compact(in)
		}
	}
	for i := 0; len(answers) < layout.Buckets(); i++ {
		add(fmt.Sprint("UNLISTED-", i))
	}
	for _, w := range worlds {
		for _, c := range w.fleet.Cohorts {
			for serial := range c.Devices.Serials() {
				add(serial)
			}
		}
	}
	return devices
}

func (m *model) add(q *question) {
	m.questions = append(m.questions, q)
	read := slices.Collect(slices.Values(q.shard[:]))
	for _, cohort := range q.cohorts {
		var at [3]form
		for i, name := range []string{
			manifest.VersionSegment(q.version) + "/" + q.bucket + string(q.form),
			manifest.OtherSegment + "/" + q.bucket + string(manifest.Below),
			manifest.OtherSegment + "/" + q.bucket + string(q.form),
		} {
			at[i] = formOf(strings.TrimSuffix(m.layout.AnswerFolder(q.target, cohort, "x"), "x/") + name)
			read = append(read, at[i][:]...)
		}
		q.answers = append(q.answers, at)
	}
	for _, key := range read {
		m.asked[key] = append(m.asked[key], q)
	}
}

// load takes a whole store for what is there, and a world for what it shall
// become: what devices get now or from its tree they may get from now on.
func (m *model) load(store publish.Store, next *world) {
	m.t.Helper()
	m.see(snapshot(m.t, store))
	tree := m.decoded(next)
	for _, q := range m.questions {
		c, _ := next.fleet.CohortOf(q.serial)
		q.home, q.allowed = c.Slug, []string{q.askIn(tree, c.Slug, view{})}
		for _, v := range m.edges {
			q.allowed = append(q.allowed, q.ask(m.objects, v))
			if there := q.askIn(m.objects, q.home, v); there != absent {
				q.allowed = append(q.allowed, there)
			}
		}
		slices.Sort(q.allowed)
		q.allowed = slices.Compact(q.allowed)
	}
}

// decoded is a world's tree, as devices read it.
func (m *model) decoded(w *world) map[string]string {
	tree := map[string]string{}
	for key, o := range w.tree {
		tree[key] = m.decode(key, o.Body)
	}
	return tree
}

// see takes such contents for what is there.
func (m *model) see(all map[string]object) {
	m.objects, m.payloads = map[string]string{}, map[string]bool{}
	for key, o := range all {
		m.update(key, o.Body)
	}
	m.edges = views[:1]
	for key, body := range m.objects {
		stem := strings.TrimSuffix(strings.TrimSuffix(key, string(manifest.Brotli)), string(manifest.Gzip))
		if identity, ok := m.objects[stem]; !ok || identity != body {
			m.edges = views[:]
		}
	}
}

func (m *model) decode(key, stored string) string {
	br := strings.HasSuffix(key, string(manifest.Brotli))
	if !br && !strings.HasSuffix(key, string(manifest.Gzip)) {
		return stored
	}
	body, ok := m.raw[stored]
	if !ok {
		var r io.Reader = brotli.NewReader(strings.NewReader(stored))
		if !br {
			r, _ = gzip.NewReader(strings.NewReader(stored))
		}
		b, err := io.ReadAll(r)
		if err != nil {
			m.fail("%s: %v", key, err)
		}
		body = string(b)
		m.raw[stored] = body
	}
	return body
}

func (m *model) update(key, stored string) {
	if at, ours := strings.CutPrefix(key, m.layout.Prefix+"/v1/payloads/"); ours {
		sum := sha256.Sum256([]byte(stored))
		m.payloads[key] = strings.HasPrefix(at, hex.EncodeToString(sum[:16])+"/")
		return
	}
	m.objects[key] = m.decode(key, stored)
}

func (m *model) fail(format string, args ...any) {
	m.t.Helper()
	if !m.failed {
		m.t.Errorf(format, args...)
	}
	m.failed = true
}

// wrote is told of each write, and asks again what it may have changed.
func (m *model) wrote(store publish.Store, key, what string) {
	m.t.Helper()
	o, err := store.Get(ctx, key)
	if err != nil {
		if m.payloads[key] {
			m.fail("%s: a payload was deleted", key)
		}
		delete(m.objects, key)
	} else {
		m.update(key, text(o))
	}
	m.edges = views[:]
	for _, q := range m.asked[key] {
		m.check(q, what, key)
	}
}

func (m *model) checkAll(when string) {
	m.t.Helper()
	for _, q := range m.questions {
		m.check(q, when, "")
	}
}

// check asks a question at each edge, and holds the answer against the
// invariants 1 to 3.
func (m *model) check(q *question, when, key string) {
	m.t.Helper()
	when = strings.TrimSpace(when + " " + key)
	for _, v := range m.edges {
		answer := q.ask(m.objects, v)
		if answer == again {
			continue
		}
		if !slices.Contains(q.allowed, answer) {
			m.fail("%s: %s gets %s at %+v, which is none of %q", when, q, m.say(answer), v, m.sayAll(q.allowed))
		}
		version, url := m.offer(answer)
		if version != "" && version == q.version {
			m.fail("%s: %s is offered the version that it runs at %+v", when, q, v)
		}
		if key, ours := strings.CutPrefix(url, m.baseURL+"/"); ours && !m.payloads[key] {
			m.fail("%s: %s is sent to %s, which is not there in full", when, q, key)
		}
	}
}

// offer is the version that an answer offers and the URL of its payload.
func (m *model) offer(answer string) (version, url string) {
	if answer == "" || answer == absent {
		return "", ""
	}
	if o, ok := m.seen[answer]; ok {
		return o[0], o[1]
	}
	if version, url = m.version[answer], answer; version == "" {
		var o struct {
			Version   string
			Artifacts []struct{ URL string }
		}
		if err := json.Unmarshal([]byte(answer), &o); err != nil || len(o.Artifacts) != 1 {
			m.t.Fatalf("%q is no answer", answer)
		}
		version, url = o.Version, o.Artifacts[0].URL
	}
	m.seen[answer] = [2]string{version, url}
	return version, url
}

func (m *model) say(answer string) string {
	switch version, url := m.offer(answer); {
	case answer == "":
		return "up to date"
	case version == "":
		return answer
	default:
		return version + " " + url[max(0, len(url)-20):]
	}
}

func (m *model) sayAll(answers []string) (all []string) {
	for _, a := range answers {
		all = append(all, m.say(a))
	}
	return all
}

func TestEveryPrefixOfAPlanKeepsTheInvariants(t *testing.T) {
	for seed := range uint64(fleettest.Rounds(3, 6)) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			follow(t, randomChain(t, seed))
		})
	}
	for i, change := range changes {
		t.Run(change.name, func(t *testing.T) {
			t.Parallel()
			before, after := newWorld(t, "before", small(), fleettest.Start), newWorld(t, change.name, small(change.make), fleettest.Start)
			next := changes[(i+1)%len(changes)]
			follow(t, []*world{before, after, newWorld(t, next.name, small(next.make), fleettest.Start), before})
		})
	}
}

// randomChain is a fleet at two instants, then another one of the same project
// and the first again.
func randomChain(t testing.TB, seed uint64) []*world {
	random := func(seed uint64) *releases.Fleet {
		f := fleettest.Random(seed)
		f.Project.BucketDigits, f.Project.CohortDigits = 1, 1+int(seed%2)
		beta := f.Cohort("beta")
		beta.Devices = releases.DevicesOf(append(slices.Collect(beta.Devices.Serials()), serialsNamed("more", int(seed%4)*40)...)...)
		return f
	}
	first, project := random(seed), random(seed).Project
	next := seed + 1000
	for ; ; next++ {
		p := random(next).Project
		p.Unknown = project.Unknown
		if p == project {
			break
		}
	}
	start := fleettest.Start
	return []*world{
		newWorld(t, "first", first, start.Add(24*time.Hour)),
		newWorld(t, "four days later", random(seed), start.Add(5*24*time.Hour)),
		newWorld(t, fmt.Sprint("seed ", next), random(next), start.Add(3*24*time.Hour)),
		newWorld(t, "first again", random(seed), start.Add(48*time.Hour)),
	}
}

// follow publishes the worlds in turn, and asks after each write.
func follow(t *testing.T, worlds []*world) {
	m, store := newModel(t, worlds...), &memstore.Store{}
	stock(t, store, worlds...)
	for i, w := range worlds {
		wrote := func(string, string) {}
		if i > 0 {
			m.load(store, w)
			wrote = func(key, what string) { m.wrote(store, key, fmt.Sprintf("%s: after %s", w.name, what)) }
		}
		a := attempt{now: fleettest.Start.Add(time.Duration(i) * time.Hour), renew: 700}
		if _, err := a.run(watched{store, wrote}, w); err != nil {
			t.Fatal(err)
		}
		m.load(store, w)
		m.checkAll(w.name + " at the end")
		holds(t, store, w)
	}
}

func TestAPayloadThatNobodyKnowsOfIsKeptIfItIsInFull(t *testing.T) {
	w := newWorld(t, "small", small(), fleettest.Start)
	key := keysOf(publish.NewPlan(w.site, &publish.Inventory{}, true))[0]
	for _, there := range []string{"half", w.tree[key].Body} {
		store, changed := &memstore.Store{}, ""
		if err := store.Put(ctx, key, publish.BytesContent([]byte(there)), publish.Header{}); err != nil {
			t.Fatal(err)
		}
		store.Changed = func(_ memstore.Op, key string) { changed += key }
		p := publish.NewPlan(w.site, &publish.Inventory{}, true)
		if err := p.Apply(ctx, store, publish.ApplyOptions{}); err != nil {
			t.Fatal(err)
		}
		if got := snapshot(t, store)[key].Body; got != w.tree[key].Body || (changed == key) != (there == "half") {
			t.Errorf("over %q: %q is there, %q has changed", there, got, changed)
		}
	}
}
