package manifest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"cairn/releases"
)

// Tree is every answer of a fleet at an instant. It is a value: nothing in it
// depends on when or where it was made.
type Tree struct {
	Fleet    *releases.Fleet // what it is made of
	Layout   Layout
	Bodies   []Body              // distinct; the first is the marker
	Folders  []Folder            // in byte order of their keys
	Payloads []*releases.Payload // published with the tree, in byte order of their keys, each key once
	Stored   []*releases.Payload // said to be in the bucket already, likewise
	Known    map[Target][]string // the versions that are known, ascending, of each pair that has a payload
}

// Folder is a version folder: a row of buckets that point into the table of
// distinct bodies.
type Folder struct {
	Key            string // slash included
	Target         Target
	Cohort         string
	VersionSegment string
	Buckets        []uint16 // ascending
	Bodies         []uint32 // for each of the buckets; behind them, where the project has it, that of [EagerBucket]
	AnyVersion     bool     // whether in the form [Below] the offer is for any version
	Reach          *Reach   // what could be offered there, shared by the folders of the same devices
}

// Reach is which releases are in reach of the buckets of a cohort, for one
// target: activated, rolled out that far, and made for it.
type Reach struct {
	Group    []uint32              // for each of a folder's bodies, an index into Releases
	Releases [][]*releases.Release // ascending by the target's versions
}

// Reaches says whether a release with a version is in reach of those who get
// the i-th of the folder's bodies.
func (f *Folder) Reaches(i int, version string) bool {
	return slices.ContainsFunc(f.Reach.Releases[f.Reach.Group[i]], func(r *releases.Release) bool { return r.VersionOf(f.Target.SoftwareType) == version })
}

// New decides what every group of devices gets at an instant.
func New(f *releases.Fleet, at time.Time) *Tree {
	b := newBuilder(f, at)
	b.folders(f.Cohorts...)
	b.payloads()
	return b.tree
}

type builder struct {
	fleet    *releases.Fleet
	at       time.Time
	resolver *resolver
	tree     *Tree
	body     map[*releases.Payload]uint32
	ranks    map[string][]uint16 // by seed
}

func newBuilder(f *releases.Fleet, at time.Time) *builder {
	r := resolverOf(f)
	return &builder{
		fleet:    f,
		at:       at,
		resolver: r,
		tree:     &Tree{Fleet: f, Layout: LayoutOf(f), Bodies: make([]Body, 1), Known: r.known},
		body:     map[*releases.Payload]uint32{nil: 0},
		ranks:    map[string][]uint16{},
	}
}

// folders adds the folders of cohorts.
func (b *builder) folders(cohorts ...*releases.Cohort) {
	for _, c := range cohorts {
		if buckets := b.members(c); len(buckets) > 0 {
			b.cohort(c, buckets)
		}
	}
	slices.SortFunc(b.tree.Folders, func(x, y Folder) int { return strings.Compare(x.Key, y.Key) })
}

// members is the buckets in which a cohort may have a device.
func (b *builder) members(c *releases.Cohort) []uint16 {
	var buckets []uint16
	for bucket := range b.tree.Layout.Buckets() {
		if c.Slug == releases.DefaultCohort || c.Unread || b.tree.Layout.Devices(c, bucket) > 0 {
			buckets = append(buckets, uint16(bucket))
		}
	}
	return buckets
}

// cohort adds the folders of a cohort.
func (b *builder) cohort(c *releases.Cohort, buckets []uint16) {
	divided := map[string]*division{} // by the activations that concern a target
	for _, target := range b.resolver.targets {
		made := b.resolver.made[target]
		concerned, which := *c, make([]byte, len(c.Activations))
		concerned.Activations = nil
		for i, a := range c.Activations {
			if len(made[a.Release]) > 0 {
				concerned.Activations, which[i] = append(concerned.Activations, a), 1
			}
		}
		into := divided[string(which)]
		if into == nil {
			into = b.divide(&concerned, buckets)
			divided[string(which)] = into
		}
		groups, group := into.groups, into.group
		rows := make([]candidates, len(groups))
		reach := &Reach{group, make([][]*releases.Release, len(groups))}
		for g, of := range groups {
			rows[g] = b.resolver.candidates(target, of)
			reach.Releases[g] = slices.Clone(of)
			slices.SortStableFunc(reach.Releases[g], func(x, y *releases.Release) int { return cmp.Compare(made[x][0].rank, made[y][0].rank) })
		}
		row := func(at standing) []uint32 {
			bodies := make([]uint32, len(rows))
			for g := range rows {
				bodies[g] = b.bodyOf(b.resolver.decide(rows[g], at, c.VersionCheck))
			}
			return bodies
		}
		add := func(segment string, bodies []uint32) {
			folder := Folder{b.tree.Layout.AnswerFolder(target, c.Slug, segment), target, c.Slug, segment, buckets, make([]uint32, len(group)), !c.VersionCheck, reach}
			for i, g := range group {
				folder.Bodies[i] = bodies[g]
			}
			b.tree.Folders = append(b.tree.Folders, folder)
		}
		other := row(unknown)
		add(NoneSegment, row(none))
		add(OtherSegment, other)
		for _, version := range b.resolver.known[target] {
			if own := row(b.resolver.rank[version]); !slices.Equal(own, other) {
				add(releases.Escape(version), own)
			}
		}
	}
}

// division is a cohort's buckets by the releases that are in reach of them.
// Where the project has it, the last group is that of the devices that ask
// eagerly.
type division struct {
	groups [][]*releases.Release
	group  []uint32 // of each bucket
}

// divide divides a cohort's buckets, by its activations that concern a target:
// by all of them, each bucket would soon be a group of its own.
func (b *builder) divide(c *releases.Cohort, buckets []uint16) *division {
	groups, group := make([][]*releases.Release, 1), make([]uint32, len(buckets))
	for _, a := range c.Activations {
		n := releases.Buckets(a.Percent(b.at), b.tree.Layout.Buckets())
		if !a.Offers() || n == 0 {
			continue
		}
		if b.ranks[a.Seed] == nil {
			b.ranks[a.Seed] = b.tree.Layout.Ranks(a.Seed)
		}
		var next [][]*releases.Release
		ids := make([][2]uint32, len(groups)) // of each group those that it is split into, from 1
		for i, bucket := range buckets {
			split, reach := 0, groups[group[i]]
			if int(b.ranks[a.Seed][bucket]) < n {
				split = 1
			}
			id := &ids[group[i]][split]
			if *id == 0 {
				if split == 1 {
					reach = append(slices.Clip(reach), a.Release)
				}
				next = append(next, reach)
				*id = uint32(len(next))
			}
			group[i] = *id - 1
		}
		groups = next
	}
	if b.fleet.Project.Eager {
		group = append(group, uint32(len(groups)))
		groups = append(groups, eagerReach(c, b.at))
	}
	return &division{groups, group}
}

// eagerReach is the releases in reach of a cohort's devices that ask eagerly,
// ascending.
func eagerReach(c *releases.Cohort, at time.Time) (reach []*releases.Release) {
	for _, a := range c.Activations {
		if a.Offers() && a.CoversEager(at) {
			reach = append(reach, a.Release)
		}
	}
	return reach
}

// bodyOf is the place in the table of the answer that a decision gives.
func (b *builder) bodyOf(d Decision) uint32 {
	i, ok := b.body[d.Payload]
	if !ok {
		i = uint32(len(b.tree.Bodies))
		b.body[d.Payload] = i
		b.tree.Bodies = append(b.tree.Bodies, bodyOf(b.fleet.Project, b.tree.Layout, d.Release, d.Payload))
	}
	return i
}

// Shard is the text of the i-th shard of the cohort index. It is made anew each
// time: all of them together take more room than the lists that they are of.
func (t *Tree) Shard(i int) []byte {
	var body []byte
	listed := t.Fleet.Listed(t.Layout.CohortDigits, uint64(i))
	if len(listed) > 0 {
		line := 16 + len(" \n") + len(t.Fleet.Cohorts[listed[0].Cohort].Slug)
		body = make([]byte, 0, len(listed)*line)
	}
	for _, x := range listed {
		body = appendHash(body, x.Hash)
		body = append(append(append(body, ' '), t.Fleet.Cohorts[x.Cohort].Slug...), '\n')
	}
	return body
}

// payloads lists what the answers need beside themselves.
func (b *builder) payloads() {
	files, stored := map[string]*releases.Payload{}, map[string]*releases.Payload{}
	for _, r := range b.fleet.Releases {
		for _, p := range r.Files() {
			switch {
			case p.File != "":
				files[b.tree.Layout.PayloadKey(p.SHA256, p.Name)] = p
			case p.URL == "":
				stored[b.tree.Layout.PayloadKey(p.SHA256, p.Name)] = p
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(files)) {
		b.tree.Payloads = append(b.tree.Payloads, files[key])
		delete(stored, key)
	}
	for _, key := range slices.Sorted(maps.Keys(stored)) {
		b.tree.Stored = append(b.tree.Stored, stored[key])
	}
}

// Folder finds a folder by its key, with the slash; nil where there is none.
func (t *Tree) Folder(key string) *Folder {
	row, found := slices.BinarySearchFunc(t.Folders, key, func(f Folder, key string) int { return strings.Compare(f.Key, key) })
	if !found {
		return nil
	}
	return &t.Folders[row]
}

// Below is a body in the form [Below]; nil where the folder has no such form.
func (f *Folder) Below(b *Body) []byte {
	switch {
	case f.VersionSegment != OtherSegment:
		return nil
	case b.Release == nil:
		return []byte{}
	case f.AnyVersion:
		return fmt.Appendf(nil, "\n%s", b.Text)
	}
	return fmt.Appendf(nil, "%s\n%s", b.Version(), b.Text)
}

// BucketAt is the name of the bucket that gets the i-th of a folder's bodies,
// or [EagerBucket].
func (t *Tree) BucketAt(f *Folder, i int) string {
	if i == len(f.Buckets) {
		return EagerBucket
	}
	return t.Layout.BucketName(int(f.Buckets[i]))
}

// IndexOf is where in Bodies that of a bucket is, by the bucket's name; negative
// where the folder has no such bucket.
func (f *Folder) IndexOf(bucket string) int {
	if bucket == EagerBucket {
		if len(f.Bodies) == len(f.Buckets) {
			return -1
		}
		return len(f.Buckets)
	}
	i, found := slices.BinarySearch(f.Buckets, uint16(Index(bucket)))
	if !found {
		return -1
	}
	return i
}
