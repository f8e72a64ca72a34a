package adoption

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"cairn/manifest"
	"cairn/releases"
)

// Report is what the requests of a period tell.
type Report struct {
	Project string        `json:"project"`
	From    time.Time     `json:"from"` // the first request that counts; zero for none
	At      time.Time     `json:"at"`   // the last
	Poll    time.Duration `json:"-"`    // from one poll of a device to its next

	Lines    int64 `json:"lines"`
	Unknown  int64 `json:"unknown_lines"`  // that say nothing of a request
	Foreign  int64 `json:"other_requests"` // for other keys, or not GET
	Outside  int64 `json:"outside"`        // requests before the period, or after it
	Requests int64 `json:"requests"`       // those that count

	Devices  float64    `json:"devices"`         // that poll now, by an estimate
	Counted  *int64     `json:"devices_counted"` // of all versions, likewise
	Rows     []Row      `json:"rows"`
	Versions []Version  `json:"versions"` // that devices run, those without a poll left out
	Other    int64      `json:"other"`    // polls on versions, or for targets and cohorts, that are not known
	Errors   []Refusals `json:"errors"`   // by status, ascending
}

// Row is how far a release has come among the devices of a cohort, of one
// software type and hardware version.
type Row struct {
	manifest.Target
	Cohort  string  `json:"cohort"`
	Release string  `json:"release"`
	Percent float64 `json:"percent"` // that are offered it, at the last request
	Devices float64 `json:"devices"` // that poll now, on any version
	Arrived float64 `json:"arrived"` // that run the release
	Waiting float64 `json:"waiting"` // that are offered it, and ask on a lower version
	// Downloads is how many whole payloads were sent, for the release and these
	// targets in all cohorts; 0 for what is hosted elsewhere. PerArrival is nil
	// where nobody has arrived in the period.
	Downloads  float64  `json:"downloads"`
	PerArrival *float64 `json:"downloads_per_arrival"`
	// Median and Late are how long it took half and 95 % of the devices of the
	// first buckets from the offer to their first poll on the release, in hours;
	// nil where that cannot be told.
	Median  *float64 `json:"median_hours"`
	Late    *float64 `json:"late_hours"`
	Silence *Silence `json:"silence"` // nil where nothing can be compared

	version  string  // that the target runs with the release
	arrivals float64 // in the period, in all cohorts
}

// Version is the devices on one version.
type Version struct {
	manifest.Target
	Cohort  string  `json:"cohort"`
	Version string  `json:"version"` // "" for devices that state none
	Listed  bool    `json:"listed"`  // the definitions know it
	Polls   int64   `json:"polls"`
	Devices float64 `json:"devices"` // that poll now, by an estimate
	// Counted is by devices that count themselves, in the last week from Thursday to
	// Thursday that the log has whole, or else in its last seven days; nil where none does.
	Counted *int64 `json:"devices_counted"`
}

// Refusals is how many requests were answered with an error.
type Refusals struct {
	Status   int   `json:"status"`
	Requests int64 `json:"requests"`
}

// Report is what was counted, of devices that poll so often.
func (t *Tally) Report(poll time.Duration) *Report {
	v := t.view(poll)
	r := &Report{
		Project: t.fleet.Project.Slug, Poll: poll,
		Foreign: t.sums.foreign, Outside: t.sums.outside, Requests: t.sums.requests, Other: t.sums.other,
		Rows: []Row{}, Versions: []Version{}, Errors: []Refusals{},
	}
	if t.sums.requests > 0 {
		r.From, r.At = time.Unix(t.sums.first, 0).UTC(), time.Unix(t.sums.last, 0).UTC()
	}
	for _, status := range slices.Sorted(maps.Keys(t.sums.status)) {
		r.Errors = append(r.Errors, Refusals{status, t.sums.status[status]})
	}
	for _, s := range t.ordered() {
		devices := v.devices(v.end, nil, s)
		r.Devices += devices
		counted := v.counted(s)
		r.Versions = append(r.Versions, Version{s.place.target, s.place.cohort, s.place.version, s.listed, s.requests, devices, counted})
		if counted != nil {
			sum := *counted
			if r.Counted != nil {
				sum += *r.Counted
			}
			r.Counted = &sum
		}
	}
	for _, target := range manifest.Targets(t.fleet) {
		for _, c := range t.fleet.Cohorts {
			for _, a := range c.Activations {
				if row, ok := v.row(target, c, a); ok {
					r.Rows = append(r.Rows, row)
				}
			}
		}
	}
	v.downloads(r.Rows)
	return r
}

// ordered is the series, by what they are for.
func (t *Tally) ordered() []*series {
	var all []*series
	for _, s := range t.folders {
		if s != nil && s.requests > 0 {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b *series) int {
		return cmp.Or(
			cmp.Compare(a.place.target.SoftwareType, b.place.target.SoftwareType), cmp.Compare(a.place.target.HardwareVersion, b.place.target.HardwareVersion),
			cmp.Compare(a.place.cohort, b.place.cohort), cmp.Compare(a.place.version, b.place.version))
	})
	return all
}

// view is a tally as it is read: in slots that are complete.
type view struct {
	*Tally
	start, end int64 // the first slot, and the one after the last
	poll       int64 // seconds
	window     int64 // slots that a poll of each device falls into
}

func (t *Tally) view(poll time.Duration) view {
	v := view{Tally: t, poll: max(1, int64(poll/time.Second))}
	// A request in the last twentieth of a slot says that the log has all of it.
	near := t.slot / 20
	v.start = (t.sums.first - near + t.slot - 1) / t.slot
	v.end = (t.sums.last + near) / t.slot
	if v.end <= v.start { // the log is shorter than a slot or two
		v.start, v.end = t.sums.first/t.slot, t.sums.last/t.slot+1
	}
	v.window = (v.poll + t.slot - 1) / t.slot
	return v
}

// perDevice is how many polls a device makes in so many slots.
func (v view) perDevice(slots int64) float64 { return float64(slots*v.slot) / float64(v.poll) }

// polls counts those of a series in some slots, of the buckets that are in; nil
// is all.
func (s *series) polls(from, to int64, in func(bucket int) bool) (n float64) {
	for slot := from; slot < to; slot++ {
		for bucket, polls := range s.slots[slot] {
			if polls > 0 && (in == nil || in(bucket)) {
				n += float64(polls)
			}
		}
	}
	return n
}

// devices estimates who polled right before a slot.
func (v view) devices(end int64, in func(bucket int) bool, all ...*series) (n float64) {
	from := max(v.start, end-v.window)
	if end <= from {
		return 0
	}
	for _, s := range all {
		n += s.polls(from, end, in)
	}
	return n / max(1, v.perDevice(end-from))
}

// counted is how many devices counted themselves in a week: that of their clocks,
// which begins with a multiple of seven days since 1970, where the log has one.
func (v view) counted(s *series) *int64 {
	if s.weekly == nil {
		return nil
	}
	const week = 7 * day
	n, from, to := int64(0), v.sums.last-week, v.sums.last
	if whole := (v.sums.last/week - 1) * week; v.sums.first < whole+v.slot {
		from, to = whole, whole+week-1
	}
	for slot, polls := range s.weekly {
		if slot >= from/v.slot && slot <= to/v.slot {
			n += polls
		}
	}
	return &n
}

// row is how far an activation has come for a target; false where it has
// nothing for it, or nobody polls.
func (v view) row(target manifest.Target, c *releases.Cohort, a releases.Activation) (Row, bool) {
	made := slices.ContainsFunc(a.Release.Payloads, func(p *releases.Payload) bool {
		return p.SoftwareType == target.SoftwareType && p.HardwareVersion == target.HardwareVersion
	})
	if !made {
		return Row{}, false
	}
	at := time.Unix(v.sums.last, 0)
	row := Row{Target: target, Cohort: c.Slug, Release: a.Release.Version}
	if a.Offers() {
		row.Percent = a.Percent(at)
	}
	version := a.Release.VersionOf(target.SoftwareType)
	row.version = version
	var all, below []*series
	var on *series
	for _, s := range v.ordered() {
		if s.place.target != target || s.place.cohort != c.Slug {
			continue
		}
		all = append(all, s)
		switch {
		case s.place.version == version:
			on = s
		case s.place.version == "" || v.fleet.Project.Order.Compare(s.place.version, version) < 0:
			below = append(below, s)
		}
	}
	if len(all) == 0 {
		return Row{}, false
	}
	row.Devices = v.devices(v.end, nil, all...)
	if on != nil {
		row.Arrived = v.devices(v.end, nil, on)
	}
	r := v.reachOf(a, on)
	if a.Offers() {
		row.Waiting = v.devices(v.end, func(b int) bool { return r.entered[b] < v.end }, below...)
		if on != nil {
			row.Median, row.Late = v.delays(r, on)
		}
		row.Silence = silenceOf(v.waves(r, all, on))
	}
	return row, true
}
