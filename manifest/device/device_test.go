package device_test

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"cairn/manifest"
	"cairn/manifest/device"
	"cairn/releases"
	"cairn/releases/fleettest"
	"cairn/releases/signing"
)

func key(name string, b byte) *signing.Private {
	return signing.NewPrivate(name, bytes.Repeat([]byte{b}, 32))
}

// bucket is what a device can read, by key.
type bucket map[string][]byte

func (b bucket) get(key string) ([]byte, int, error) {
	if body, ok := b[key]; ok {
		return body, http.StatusOK, nil
	}
	return nil, http.StatusNotFound, nil
}

// publisher signs a fleet.
type publisher struct {
	t                   testing.TB
	origin              string
	root, spare, third  *signing.Private
	online, next, thief *signing.Private
	valid               uint32
	keys                *signing.Keys
	fleet               *releases.Fleet
}

func newPublisher(t testing.TB, fleet *releases.Fleet) *publisher {
	origin := fleet.Project.KeyName()
	p := &publisher{
		t: t, origin: origin, fleet: fleet, valid: 14 * 86400,
		root: key(signing.RootName(origin), 1), spare: key(signing.RootName(origin), 2), third: key(signing.RootName(origin), 3),
		online: key(origin, 11), next: key(origin, 12), thief: key(origin, 13),
	}
	p.keys = p.statement(1, 1, p.online)
	return p
}

func (p *publisher) statement(generation, threshold uint32, online ...*signing.Private) *signing.Keys {
	k := &signing.Keys{Origin: p.origin, Generation: generation, Threshold: threshold, Issued: seconds(start), Expires: seconds(start.AddDate(1, 0, 0))}
	for _, o := range online {
		k.Online = append(k.Online, o.Key)
	}
	return k
}

var start = fleettest.Start

func seconds(at time.Time) uint32 { return uint32(at.Unix()) }

func noteBy(text []byte, by ...*signing.Private) []byte {
	n := &signing.Note{Text: text}
	for _, k := range by {
		n.Signatures = append(n.Signatures, signing.Signature{Name: k.Name, ID: k.ID, Bytes: k.Sign(text)})
	}
	return n.Bytes()
}

// publish puts what the fleet says at an instant into a bucket.
func (p *publisher) publish(b bucket, at time.Time, signers ...*signing.Private) signing.Head {
	p.t.Helper()
	tree := manifest.New(p.fleet, at)
	form, err := tree.Signed()
	if err != nil {
		p.t.Fatal(err)
	}
	for _, part := range form.Parts {
		b[tree.Layout.PartKey(part.Digest)] = part.Body
	}
	head := signing.Head{
		Origin: p.origin, Generation: p.keys.Generation, Epoch: seconds(at), Issued: seconds(at), Expires: seconds(at) + p.valid,
		Latest: form.Latest, Cohorts: form.Cohorts,
	}
	b[tree.Layout.KeysKey()] = noteBy(p.keys.Text(), p.root)
	p.sign(b, head, signers...)
	return head
}

func (p *publisher) sign(b bucket, head signing.Head, signers ...*signing.Private) {
	if len(signers) == 0 {
		signers = []*signing.Private{p.online}
	}
	b[manifest.LayoutOf(p.fleet).HeadKey()] = noteBy(head.Text(), signers...)
}

func (p *publisher) device(d manifest.Device) *device.Device {
	return &device.Device{
		Layout: manifest.LayoutOf(p.fleet), Order: p.fleet.Project.Order, Origin: p.origin,
		Roots: []signing.Key{p.root.Key, p.spare.Key}, RootThreshold: 1, Device: d,
	}
}

// TestAgrees has random fleets, and devices in all of their places: each gets
// what the unsigned tree answers.
func TestAgrees(t *testing.T) {
	statuses := map[device.Status]int{}
	for seed := range uint64(fleettest.Rounds(25, 100)) {
		f := fleettest.Random(seed)
		dice := rand.New(rand.NewPCG(seed, 9))
		at := start.Add(time.Duration(dice.IntN(170)) * time.Hour)
		p, b := newPublisher(t, f), bucket{}
		p.publish(b, at)
		tree := manifest.New(f, at)
		targets := manifest.Targets(f)
		for i := range 150 {
			d := manifest.Device{
				Serial: fmt.Sprint("SN-", i), Target: targets[dice.IntN(len(targets))],
				CurrentVersion: append(fleettest.Versions[f.Project.Order], "", "0.0.1", "99")[dice.IntN(12)],
			}
			for _, c := range f.Cohorts {
				if n := c.Devices.Len(); n > 0 && dice.IntN(3) == 0 {
					d.Serial = c.Devices.Serial(dice.IntN(n))
				}
			}
			d.Eager = f.Project.Eager && dice.IntN(2) == 0
			c, _ := f.CohortOf(d.Serial)
			_, want, found := tree.Find(c.Slug, tree.Layout.LooksIn(d), d)
			dev := p.device(d)
			got := dev.Poll(b.get)
			statuses[got.Status]++
			size := int64(0)
			if want.Payload != nil {
				size = want.Payload.Size
			}
			if !found || got.Reason != nil || got.URL != string(want.Text) || got.Size != size || got.Cohort != c.Slug {
				t.Fatalf("seed %d, %+v: %+v, want %s", seed, d, got, want.Text)
			}
			// Asked again, one that is up to date reads the head alone.
			if got.Status == device.UpToDate {
				if again := dev.Poll(b.get); again.Status != device.UpToDate || len(again.Steps) != 1 {
					t.Fatalf("seed %d, %+v: asked again, %+v", seed, d, again)
				}
				// Nor does it believe that of the other question.
				if dev.Eager = !d.Eager; f.Project.Eager {
					_, want, _ := tree.Find(c.Slug, tree.Layout.LooksIn(dev.Device), dev.Device)
					if other := dev.Poll(b.get); other.URL != string(want.Text) || other.Reason != nil {
						t.Fatalf("seed %d, %+v: asked otherwise, %+v, want %s", seed, d, other, want.Text)
					}
				}
			}
		}
	}
	if statuses[device.UpToDate] < 100 || statuses[device.Install] < 100 {
		t.Errorf("%v", statuses)
	}
}

// scene is a fleet that has published twice, an update on offer since the
// second time, and a device that has seen the first.
type scene struct {
	*publisher
	*testing.T
	first, now  bucket
	head, older signing.Head
	*device.Device
	at time.Time
}

func newScene(t *testing.T) *scene {
	f := fleettest.Large(3000)
	f.Cohorts[1].Activations = f.Cohorts[1].Activations[:1]
	f.Cohorts[0].Activations = f.Cohorts[0].Activations[:2]
	s := &scene{publisher: newPublisher(t, f), T: t, first: bucket{}, at: start.Add(48 * time.Hour)}
	s.older = s.publish(s.first, start)
	more := fleettest.Large(3000)
	for i := range f.Cohorts {
		f.Cohorts[i].Activations = more.Cohorts[i].Activations[:4-i]
		for j := range f.Cohorts[i].Activations {
			a := &f.Cohorts[i].Activations[j]
			a.Rollout.Fixed = 100
			a.Release = f.Releases[slices.IndexFunc(f.Releases, func(r *releases.Release) bool { return r.Version == a.Release.Version })]
		}
	}
	s.now = maps.Clone(s.first)
	s.head = s.publish(s.now, s.at)
	s.Device = s.device(manifest.Device{Serial: "SN-1", Target: manifest.Targets(f)[0], CurrentVersion: "1.0.0"})
	s.Now = seconds(start) + 60
	s.wants("the first publish", s.first, device.UpToDate)
	s.Now = seconds(s.at) + 60
	return s
}

// wants polls, and is the one place where a device would install something.
func (s *scene) wants(what string, b bucket, want ...device.Status) device.Answer {
	s.Helper()
	return s.polls(what, b.get, want...)
}

func (s *scene) polls(what string, get device.Fetch, want ...device.Status) device.Answer {
	s.Helper()
	got := s.Poll(get)
	if !slices.Contains(want, got.Status) || got.Status != device.Install && got.URL != "" {
		s.Errorf("%s: %s (%v), want %v", what, got.Status, got.Reason, want)
	}
	return got
}

// recovers sees that an attack has left nothing behind: the device gets what it
// is to get as soon as the bucket is right.
func (s *scene) recovers() {
	s.Helper()
	if got := s.wants("afterwards", s.now, device.Install); !strings.Contains(got.URL, "1.2.0") && !strings.Contains(got.URL, "1.1.0") {
		s.Errorf("afterwards it installs %s", got.URL)
	}
}

// parts are the keys of all parts of a bucket.
func (s *scene) parts(b bucket) (keys []string) {
	for k := range b {
		if !strings.HasSuffix(k, ".txt") {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys
}

// with is the bucket with some objects replaced; nil takes one away.
func with(b bucket, key string, body []byte) bucket {
	c := maps.Clone(b)
	if delete(c, key); body != nil {
		c[key] = body
	}
	return c
}

// TestAttacks has the threats of docs/signing.md, by their names there. After
// each the device is as it was.
func TestAttacks(t *testing.T) {
	attacks := map[string]func(s *scene){
		"forged or altered update": func(s *scene) {
			head := s.now[s.Layout.HeadKey()]
			for i := range head {
				for _, bit := range []byte{1, 4, 32} {
					b := slices.Clone(head)
					b[i] ^= bit
					s.wants(fmt.Sprintf("the head with another byte %d", i), with(s.now, s.Layout.HeadKey(), b), device.Refused)
				}
			}
			forged := s.head
			forged.Latest[0] ^= 1
			s.wants("another root", with(s.now, s.Layout.HeadKey(), noteBy(forged.Text(), s.thief)), device.Refused)
		},
		"forged up to date, emptied": func(s *scene) {
			s.wants("an empty head", with(s.now, s.Layout.HeadKey(), []byte{}), device.Refused)
			for _, k := range s.parts(s.now) {
				got := s.Poll(with(s.now, k, []byte{}).get)
				if got.Status == device.UpToDate {
					s.Errorf("%s is empty: up to date", k)
				}
				s.forget()
			}
			s.wants("everything is empty", bucket{}, device.RetryLater)
		},
		"answer withheld": func(s *scene) {
			for _, status := range []int{403, 404, 410, 500, 204, 304} {
				s.polls("every part is withheld", func(key string) ([]byte, int, error) {
					if !strings.HasSuffix(key, ".txt") {
						return nil, status, nil
					}
					return s.now.get(key)
				}, device.RetryLater)
			}
			s.polls("the line is dead", func(string) ([]byte, int, error) { return nil, 0, fmt.Errorf("no route to host") }, device.RetryLater)
		},
		"answer of another project": func(s *scene) {
			f := fleettest.Large(3000)
			f.Project.Prefix = "other"
			other := newPublisher(s.T, f)
			theirs := bucket{}
			other.publish(theirs, s.at)
			for _, name := range []string{"head.txt", "keys.txt"} {
				s.wants(name+" of another project", with(s.now, s.Layout.SignedFolder()+name, theirs["other/v1/signed/"+name]), device.Refused, device.Install)
			}
			s.forget()
			head := s.head
			head.Origin = other.origin
			s.wants("under the same key", with(s.now, s.Layout.HeadKey(), noteBy(head.Text(), s.online)), device.Refused)
		},
		"moved to another cohort, parts swapped, cut, lengthened": func(s *scene) {
			want := s.wants("untouched", s.now, device.Install)
			for _, step := range want.Steps {
				for i := 0; i < step.Size && !strings.HasSuffix(step.Key, ".txt"); i++ {
					s.forget()
					body := slices.Clone(s.now[step.Key])
					body[i] ^= 1 << (i % 8)
					s.wants(fmt.Sprintf("%s with another byte %d", step.Key, i), with(s.now, step.Key, body), device.RetryLater)
				}
			}
			keys := s.parts(s.now)
			for i, k := range keys {
				for what, body := range map[string][]byte{
					"swapped":    s.now[keys[(i+1)%len(keys)]],
					"cut":        s.now[k][:len(s.now[k])-1],
					"lengthened": append(slices.Clone(s.now[k]), '\n'),
					"altered":    append([]byte{s.now[k][0] ^ 1}, s.now[k][1:]...),
				} {
					s.forget()
					if got := s.Poll(with(s.now, k, body).get); got.Status != device.RetryLater && (got.Status != device.Install || got.URL != want.URL) {
						s.Errorf("%s %s: %+v", k, what, got)
					}
				}
			}
			s.forget()
		},
		"rollback: an older signed head": func(s *scene) {
			s.wants("the new head", s.now, device.Install)
			s.wants("the older head again", s.first, device.Refused)
			s.forget()
			s.wants("and after a reset", s.first, device.Refused)
			fresh := s.device(s.Device.Device)
			fresh.Built = s.head.Issued - 3600
			if got := fresh.Poll(s.first.get); got.Status != device.Refused {
				s.Errorf("firmware that was built later: %s", got.Status)
			}
		},
		"freeze, with a clock": func(s *scene) {
			s.wants("the new head", s.now, device.Install)
			s.Now = s.head.Expires
			s.wants("on the last day", s.now, device.Install)
			s.Now = s.head.Expires + 1
			s.wants("for ever", s.now, device.Stale)
			s.Now = seconds(s.at) + 60
		},
		"freeze, with an uptime counter": func(s *scene) {
			s.Now = 0
			s.wants("the new head", s.now, device.Install)
			s.Uptime = s.valid
			s.wants("on the last day", s.now, device.Install)
			s.Uptime = s.valid + 1
			s.wants("for ever", s.now, device.Stale)
			s.Uptime = 0
		},
		"a clock that is not set": func(s *scene) {
			s.Now = 1000
			s.wants("in 1970", s.now, device.Install)
			s.Uptime = s.valid + 1
			s.wants("for ever", s.now, device.Stale)
			s.Uptime = 0
		},
		"mix-and-match of parts from several publishes": func(s *scene) {
			for _, k := range s.parts(s.first) {
				if _, both := s.now[k]; both {
					continue
				}
				s.Errorf("%s is gone", k)
			}
			s.wants("the new head, the old parts", with(s.first, s.Layout.HeadKey(), s.now[s.Layout.HeadKey()]), device.RetryLater)
			mixed := s.head
			mixed.Latest = s.older.Latest
			s.wants("a head of both", with(s.now, s.Layout.HeadKey(), bytes.Replace(s.now[s.Layout.HeadKey()], s.head.Text(), mixed.Text(), 1)), device.Refused)
		},
		"old keys statement served with a new head": func(s *scene) {
			old := s.now[s.Layout.KeysKey()]
			s.keys = s.statement(2, 1, s.next)
			s.publish(s.now, s.at.Add(time.Hour), s.next)
			s.wants("old keys", with(s.now, s.Layout.KeysKey(), old), device.Refused)
			if s.Epoch != s.older.Epoch {
				s.Errorf("old keys have taken the epoch to %d", s.Epoch)
			}
			s.wants("no keys", with(s.now, s.Layout.KeysKey(), nil), device.RetryLater)
			s.wants("keys that a stranger signed", with(s.now, s.Layout.KeysKey(), noteBy(s.keys.Text(), s.online, s.thief)), device.Refused)
		},
		"online key stolen": func(s *scene) {
			s.wants("the new head", s.now, device.Install)
			theirs := s.head
			theirs.Epoch, theirs.Issued, theirs.Expires = math.MaxUint32, seconds(s.at), math.MaxUint32
			theirs.Latest = s.older.Latest
			stolen := maps.Clone(s.now)
			s.sign(stolen, theirs, s.online)
			s.wants("a fast-forward", stolen, device.UpToDate)
			s.wants("the true head, now an old one", s.now, device.Refused)
			s.keys = s.statement(2, 1, s.next)
			s.publish(s.now, s.at.Add(time.Hour), s.next)
			s.wants("rotated: the fast-forward is undone", s.now, device.Install)
			s.wants("the thief's head", stolen, device.Refused)
			theirs.Generation = 2
			s.sign(stolen, theirs, s.online)
			s.wants("the thief's head of the new generation", stolen, device.Refused)
			stolen[s.Layout.KeysKey()] = s.now[s.Layout.KeysKey()]
			s.wants("with the new keys beside it", stolen, device.Refused)
		},
		"online key stolen, threshold 2": func(s *scene) {
			s.keys = s.statement(2, 2, s.online, s.next)
			head := s.publish(s.now, s.at.Add(time.Hour), s.online)
			s.wants("one signature", s.now, device.Refused)
			s.sign(s.now, head, s.online, s.online)
			s.wants("the same twice", s.now, device.Refused)
			s.sign(s.now, head, s.online, s.thief)
			s.wants("with a stranger's", s.now, device.Refused)
			s.sign(s.now, head, s.thief, s.next, s.online)
			s.wants("both, in another order, beside a stranger's", s.now, device.Install)
		},
		"root key stolen, threshold 2 of 3": func(s *scene) {
			s.Roots, s.RootThreshold = []signing.Key{s.root.Key, s.spare.Key, s.third.Key}, 2
			s.keys = s.statement(2, 1, s.thief)
			s.publish(s.now, s.at.Add(time.Hour), s.thief)
			s.wants("one root", s.now, device.Refused)
			s.now[s.Layout.KeysKey()] = noteBy(s.keys.Text(), s.root, s.root)
			s.wants("one root twice", s.now, device.Refused)
			s.keys = s.statement(2, 1, s.next)
			s.publish(s.now, s.at.Add(time.Hour), s.next)
			s.now[s.Layout.KeysKey()] = noteBy(s.keys.Text(), s.third, s.root)
		},
		"root key lost": func(s *scene) {
			s.keys = s.statement(2, 1, s.next)
			s.publish(s.now, s.at.Add(time.Hour), s.next)
			s.now[s.Layout.KeysKey()] = noteBy(s.keys.Text(), s.spare)
			s.wants("the spare has signed", s.now, device.Install)
		},
		"keys statement expired": func(s *scene) {
			s.Now = s.keys.Expires + 1
			long := s.head
			long.Expires = math.MaxUint32
			endless := maps.Clone(s.now)
			s.sign(endless, long)
			s.wants("with a head that is not", endless, device.Stale)
			fresh := s.device(s.Device.Device)
			fresh.Now = s.Now
			if got := fresh.Poll(endless.get); got.Status != device.Stale {
				s.Errorf("a device that has no keys yet: %s", got.Status)
			}
			if fresh.Generation != 0 {
				s.Error("a device has taken over keys that are over")
			}
			s.Now = seconds(s.at) + 60
		},
		"clock of a publisher wrong": func(s *scene) {
			ahead := s.head
			ahead.Epoch, ahead.Issued = s.head.Epoch+86400, s.head.Issued+86400
			wrong := maps.Clone(s.now)
			s.sign(wrong, ahead)
			s.wants("a day ahead", wrong, device.Install)
			next, err := s.keys.NextEpoch(ahead, s.head.Issued+60)
			if err != nil {
				s.Fatal(err)
			}
			healed := s.head
			healed.Issued, healed.Epoch = s.head.Issued+60, next
			s.sign(s.now, healed)
			s.wants("the next, of a clock that is right", s.now, device.Install)
		},
		"a head of the oldest epoch": func(s *scene) {
			zero := s.head
			zero.Epoch = 0
			fresh := s.device(s.Device.Device)
			b := maps.Clone(s.now)
			s.sign(b, zero)
			if got := fresh.Poll(b.get); got.Status != device.Refused {
				s.Errorf("epoch 0: %s", got.Status)
			}
		},
	}
	for name, attack := range attacks {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			attack(s)
			s.recovers()
		})
	}
}

// forget is a reset: what is in memory is gone.
func (s *scene) forget() {
	was := s.Device
	s.Device = s.device(was.Device)
	s.Roots, s.RootThreshold = was.Roots, was.RootThreshold
	s.Generation, s.Epoch, s.Keys, s.Now = was.Generation, was.Epoch, was.Keys, was.Now
}
