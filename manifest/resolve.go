package manifest

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"cairn/releases"
)

// Device is a device as it describes itself.
type Device struct {
	Serial         string
	Target         Target
	CurrentVersion string // "" where it states none
	Eager          bool   // it asks for what has begun to roll out; no where the project has no such answers
}

// Decision is what a device gets, and why.
type Decision struct {
	Release *releases.Release // nil where there is nothing to install
	Payload *releases.Payload // likewise
	Rule    Rule
	// Held is what keeps the device from a higher release in reach, or from all;
	// nil where nothing does.
	Held *Held
}

// Version is what the device reports once it has installed what it gets; "" for
// nothing.
func (d Decision) Version() string {
	if d.Release == nil {
		return ""
	}
	return d.Release.VersionOf(d.Payload.SoftwareType)
}

// Rule is what decided, after docs/contract.md section 3.
type Rule int

// The rules, the first that applies decides.
const (
	// UpToDate: nothing else applied.
	UpToDate Rule = iota
	// ByDelta: a delta from the current version, to the highest version.
	ByDelta
	// ByMustPassThrough: the lowest must-pass-through version above the
	// current one.
	ByMustPassThrough
	// ByHighest: the highest version, where it is above the current one, or
	// merely another one without version_check.
	ByHighest
	// NoVersion: the highest version, for a device that states none.
	NoVersion
	// UnknownBelow: the lowest must-pass-through version or else the highest
	// version, for a version that is not known and is below that.
	UnknownBelow
	// UnknownNotBelow: nothing, for a version that is not known and is not
	// below that.
	UnknownNotBelow
	// UnknownHold: nothing, for a version that is not known.
	UnknownHold
	// Blocked: nothing, since a block keeps what is above from the device.
	Blocked
	// BelowMinVersion: nothing, since the current version is below the
	// min_version of what is above.
	BelowMinVersion
	// DeadEnd: nothing, since the current version is a dead end.
	DeadEnd
	// NeedUnmet: nothing, since the component above needs other software, which
	// the current version does not tell to be there.
	NeedUnmet
	// UnknownConditional: nothing, for a device that states no version, or one
	// that is not known, since what it would get is not for all versions.
	UnknownConditional
)

// String is the rule's name, for programs: "must-pass-through".
func (r Rule) String() string {
	return [...]string{"up-to-date", "delta", "must-pass-through", "highest", "no-version", "unknown-below", "unknown-not-below", "unknown-hold",
		"blocked", "below-min-version", "dead-end", "need-unmet", "unknown-conditional"}[r]
}

// Because is the rule for readers, as the end of a sentence.
func (r Rule) Because() string {
	switch r {
	case ByDelta:
		return "a delta leads from the current version to it"
	case ByMustPassThrough:
		return "it is the lowest must-pass-through release above the current version"
	case ByHighest:
		return "it is the highest release in reach"
	case NoVersion:
		return "it is the highest release in reach, and the device states no version"
	case UnknownBelow:
		return "the current version is not listed here, and it is what _other offers"
	case UnknownNotBelow:
		return "the current version is not listed here, and not below what _other offers"
	case UnknownHold:
		return `the current version is not listed here, and unknown_version is "hold"`
	case Blocked:
		return "the way up from the current version is blocked"
	case BelowMinVersion:
		return "the current version is below the min_version of what is above it"
	case DeadEnd:
		return "the current version is a dead end"
	case NeedUnmet:
		return "what is above needs other software, which the current version does not tell to be there"
	case UnknownConditional:
		return "what it would get is not for all versions, and its own is not listed here"
	}
	return "no release in reach has anything new for the device"
}

// Because is why the device gets that, as the end of a sentence, with what
// keeps it from all there is.
func (d Decision) Because() string {
	switch {
	case !d.Kept():
		return d.Rule.Because()
	case d.Rule == UnknownConditional:
		return d.Rule.Because() + ": " + d.Held.String()
	}
	return d.Held.String()
}

// Kept says whether the definitions keep the device where it is: its version is
// a dead end, or what is above is blocked, or not for all versions.
func (d Decision) Kept() bool { return d.Held != nil && d.Payload == nil }

// Resolve decides what a device gets at an instant. It is a pure function of
// its arguments.
func Resolve(f *releases.Fleet, d Device, at time.Time) Decision {
	cohort, _ := f.CohortOf(d.Serial)
	layout := LayoutOf(f)
	bucket := Index(layout.Bucket(Hash(d.Serial)))
	r := resolverOf(f)
	if d.Eager && f.Project.Eager {
		return r.resolve(d, cohort, eagerReach(cohort, at))
	}
	var reach []*releases.Release
	for _, a := range cohort.Activations {
		if a.Offers() && int(layout.Ranks(a.Seed)[bucket]) < releases.Buckets(a.Percent(at), layout.Buckets()) {
			reach = append(reach, a.Release)
		}
	}
	return r.resolve(d, cohort, reach)
}

// resolve decides what a device gets of the releases in reach, which ascend.
func (r *resolver) resolve(d Device, c *releases.Cohort, reach []*releases.Release) Decision {
	decision := r.decide(r.candidates(d.Target, reach), r.standing(d.Target, d.CurrentVersion), c.VersionCheck)
	if decision.Rule == UnknownBelow && c.VersionCheck && !r.order.Below(d.CurrentVersion, decision.Version()) {
		return Decision{Rule: UnknownNotBelow}
	}
	return decision
}

// resolver knows a fleet's payloads by what they are made for, and its
// versions by their rank in the order, so that they compare as integers.
type resolver struct {
	order   releases.Order
	unknown releases.UnknownVersion
	rank    map[string]standing
	targets []Target // ascending
	known   map[Target][]string
	made    map[Target]map[*releases.Release][]candidate
	edges   map[Target]*edges // nil where nothing keeps devices of the target
}

func resolverOf(f *releases.Fleet) *resolver {
	r := &resolver{
		order:   f.Project.Order,
		unknown: f.Project.Unknown,
		rank:    map[string]standing{},
		known:   map[Target][]string{},
		made:    map[Target]map[*releases.Release][]candidate{},
		edges:   map[Target]*edges{},
	}
	for release, p := range f.Payloads() {
		t := targetOf(p)
		if r.made[t] == nil {
			r.made[t] = map[*releases.Release][]candidate{}
			r.known[t] = slices.Clone(f.Software[t.SoftwareType].KnownVersions)
		}
		r.made[t][release] = nil
		r.known[t] = append(r.known[t], release.VersionOf(t.SoftwareType))
		if p.Delta() {
			r.known[t] = append(r.known[t], p.From)
		}
	}
	var versions []string
	for t, known := range r.known {
		for _, release := range f.Releases {
			if release.Concerns(t.SoftwareType) {
				known = append(known, release.Names()...)
			}
		}
		r.targets = append(r.targets, t)
		slices.SortFunc(known, f.Project.Order.Compare)
		r.known[t] = slices.Compact(known)
		versions = append(versions, r.known[t]...)
	}
	slices.SortFunc(r.targets, func(a, b Target) int {
		return cmp.Or(strings.Compare(a.SoftwareType, b.SoftwareType), strings.Compare(a.HardwareVersion, b.HardwareVersion))
	})
	slices.SortFunc(versions, f.Project.Order.Compare)
	for rank, version := range slices.Compact(versions) {
		r.rank[version] = standing(rank)
	}
	place := map[*releases.Release]int{}
	for i, release := range f.Releases {
		place[release] = i
	}
	for release, p := range f.Payloads() {
		made := r.made[targetOf(p)]
		made[release] = append(made[release], candidate{release, p, r.rank[release.VersionOf(p.SoftwareType)], r.rank[p.From], place[release]})
	}
	for _, t := range r.targets {
		r.edges[t] = r.edgesOf(f, t)
	}
	return r
}

func targetOf(p *releases.Payload) Target { return Target{p.SoftwareType, p.HardwareVersion} }

// standing is where a device stands in the order of versions.
type standing int

const (
	none    standing = -2 // it states no version
	unknown standing = -1 // its version is not known
)

func (r *resolver) standing(t Target, current string) standing {
	if current == "" {
		return none
	}
	if !slices.Contains(r.known[t], current) {
		return unknown
	}
	return r.rank[current]
}

// candidate is a payload that a device may get.
type candidate struct {
	release *releases.Release
	payload *releases.Payload
	rank    standing // of the version that it brings
	from    standing // of a delta
	place   int      // of the release among all of the fleet
}

// candidates is what a device may get, each ascending by the rank of the version.
// Of two releases with one version, the higher one has it.
type candidates struct {
	full  []candidate
	must  []candidate // of full: those that are must-pass-through
	delta []candidate // ascending by the version that they patch, first
	edges *edges
}

// candidates picks a target's payloads out of the releases in reach, which
// ascend.
func (r *resolver) candidates(t Target, reach []*releases.Release) candidates {
	c := candidates{edges: r.edges[t]}
	for _, release := range reach {
		for _, x := range r.made[t][release] {
			if x.payload.Delta() {
				c.delta = append(c.delta, x)
				continue
			}
			c.full = append(c.full, x)
			if release.MustPassThrough {
				c.must = append(c.must, x)
			}
		}
	}
	byRank := func(a, b candidate) int { return cmp.Compare(a.rank, b.rank) }
	slices.SortStableFunc(c.full, byRank)
	slices.Reverse(c.must) // the first of a rank is the highest release's
	slices.SortStableFunc(c.must, byRank)
	slices.SortStableFunc(c.delta, func(a, b candidate) int { return cmp.Or(cmp.Compare(a.from, b.from), byRank(a, b)) })
	return c
}

// decide is the rules of docs/contract.md section 3, and of its appendix on
// edges.
func (r *resolver) decide(c candidates, at standing, versionCheck bool) Decision {
	take := func(x candidate, rule Rule) Decision {
		return Decision{Release: x.release, Payload: x.payload, Rule: rule}
	}
	if at == unknown && r.unknown == releases.HoldUnknown {
		return Decision{Rule: UnknownHold}
	}
	if at == none || at == unknown {
		x, rule := c.blind(at)
		switch held := c.edges.holds(at, x); {
		case held != nil:
			return Decision{Rule: UnknownConditional, Held: held}
		case x == nil:
			return Decision{}
		}
		return take(*x, rule)
	}
	if dead := c.edges.deadEnd(at); dead != nil {
		return Decision{Rule: DeadEnd, Held: dead}
	}
	c, lowest, held := c.open(at)
	x, rule := c.known(at, versionCheck || held != nil)
	switch {
	case x == nil && held != nil:
		return Decision{Rule: held.rule(), Held: held}
	case x == nil:
		return Decision{}
	}
	d := take(*x, rule)
	if held != nil && lowest > x.rank {
		d.Held = held
	}
	return d
}

// blind is what a device gets whose version nobody knows; nil for nothing.
func (c candidates) blind(at standing) (*candidate, Rule) {
	switch {
	case at == unknown && len(c.must) > 0:
		return &c.must[0], UnknownBelow
	case len(c.full) == 0:
		return nil, UpToDate
	case at == unknown:
		return &c.full[len(c.full)-1], UnknownBelow
	}
	return &c.full[len(c.full)-1], NoVersion
}

// known is what a device gets that runs a known version; nil for nothing.
func (c candidates) known(at standing, versionCheck bool) (*candidate, Rule) {
	allowed := func(x candidate) bool { return x.rank > at || x.rank != at && !versionCheck }
	above, _ := slices.BinarySearchFunc(c.delta, at+1, func(x candidate, from standing) int { return cmp.Compare(x.from, from) })
	for i := above - 1; i >= 0 && c.delta[i].from == at; i-- {
		if allowed(c.delta[i]) {
			return &c.delta[i], ByDelta
		}
	}
	for i := range c.must {
		if c.must[i].rank > at {
			return &c.must[i], ByMustPassThrough
		}
	}
	if n := len(c.full); n > 0 && allowed(c.full[n-1]) {
		return &c.full[n-1], ByHighest
	}
	return nil, UpToDate
}
