// Package adoption tells from requests alone how far a release has come: who
// runs it, who still asks on an older version, and who fell silent. It knows no
// device: it counts what was asked for, by version folder, bucket and hour.
package adoption

import (
	"bytes"
	"strings"
	"time"

	"cairn/manifest"
	"cairn/releases"
)

// Request is one that was answered, or many alike of one slot ([Slot]).
type Request struct {
	At     int64  // of the first, in seconds since 1970
	Last   int64  // of the last
	Times  int64  // how many there are
	Key    []byte // that was asked for, or from which a door answered a question
	Door   bool   // the latter
	Status int
	Bytes  int64 // that were sent, for all of them
	Counts bool  // the device says that it is its first poll of a week
}

// Tally counts requests. It keeps no more than its fleet gives it to keep: what
// is not known there is one number.
type Tally struct {
	fleet   *releases.Fleet
	layout  manifest.Layout
	known   map[manifest.Target][]string
	since   int64
	until   int64
	slot    int64              // seconds; divides a day
	folders map[string]*series // by what lies between latest/ and the bucket
	sums    sums
	payload map[string]*payload // by the digits in its key
}

// sums are counts of requests that nothing more is kept of.
type sums struct {
	requests, foreign, outside int64 // for keys of the fleet, for others, at other times
	other                      int64 // polls on versions, or for targets and cohorts, that are not known
	first, last                int64 // instants
	status                     map[int]int64
}

// series is the polls on one version.
type series struct {
	place    place
	listed   bool // its version is known
	slots    map[int64][]uint32
	at       int64 // the slot that was counted last
	recent   []uint32
	weekly   map[int64]int64 // first polls of a week that devices count themselves, by slot
	requests int64
}

// place is what a folder of answers is for.
type place struct {
	target  manifest.Target
	cohort  string
	version string // "" for a device that states none
}

type payload struct {
	size  int64
	bytes map[int64]int64 // that were sent, by slot
}

// mostUnlisted bounds the versions that are told though nobody listed them.
const mostUnlisted = 1000

// New is an empty tally of what a fleet is asked in a period.
func New(f *releases.Fleet, since, until time.Time) *Tally {
	t := &Tally{
		fleet: f, layout: manifest.LayoutOf(f), known: manifest.Known(f),
		since: since.Unix(), until: until.Unix(),
		folders: map[string]*series{}, payload: map[string]*payload{},
		sums: sums{status: map[int]int64{}},
	}
	t.slot = Slot(t.layout)
	for _, p := range f.Payloads() {
		t.payload[p.SHA256[:32]] = &payload{p.Size, map[int64]int64{}}
	}
	return t
}

const day = 24 * 3600 // seconds

// Slot is how many seconds are counted together: the more buckets there are, the
// more, so that all of it stays small.
func Slot(l manifest.Layout) int64 {
	return map[int]int64{1: 3600, 2: 3600, 3: 6 * 3600, 4: day}[l.BucketDigits]
}

// Add counts a request with GET.
func (t *Tally) Add(r *Request) {
	rest, ours := bytes.CutPrefix(r.Key, []byte(t.layout.Prefix))
	if ours {
		rest, ours = bytes.CutPrefix(rest, []byte("/v1/"))
	}
	switch {
	case !ours:
		t.Skip(r.Times)
		return
	case r.At < t.since || r.At >= t.until:
		t.sums.outside += r.Times
		return
	}
	t.sums.requests += r.Times
	if t.sums.first == 0 || r.At < t.sums.first {
		t.sums.first = r.At
	}
	t.sums.last = max(t.sums.last, r.Last)
	missing := false // as expected: the version has no folder
	if folder, ok := bytes.CutPrefix(rest, []byte("latest/")); ok {
		missing = t.poll(r, folder)
	} else if sha, ok := bytes.CutPrefix(rest, []byte("payloads/")); ok && len(sha) > 32 && r.Status < 300 {
		if p := t.payload[string(sha[:32])]; p != nil {
			p.bytes[r.At/t.slot] += r.Bytes
		}
	}
	if r.Status >= 400 && !missing {
		t.sums.status[r.Status] += r.Times
	}
}

// poll counts a request below latest/, and says whether it found nothing there
// as it may.
func (t *Tally) poll(r *Request, key []byte) (missing bool) {
	slash := bytes.LastIndexByte(key, '/')
	if slash < 0 {
		return false
	}
	bucket := t.bucket(key[slash+1:])
	s, seen := t.folders[string(key[:slash])]
	if bucket < 0 {
		return false
	}
	if !seen {
		s = t.register(string(key[:slash]))
	}
	absent := r.Status == 404 || r.Status == 403 // S3 says 403 of what is not there
	switch {
	case r.Status >= 400 && !absent:
		return false
	case s == nil && !r.Door && bytes.HasSuffix(key[:slash], []byte("/"+manifest.OtherSegment)):
		return false // it asked for its version before, and was told 404
	case s == nil:
		t.sums.other += r.Times
		return absent
	}
	s.add(r.At/t.slot, bucket, t.layout.Buckets(), r.Times)
	if r.Counts {
		if s.weekly == nil {
			s.weekly = map[int64]int64{}
		}
		s.weekly[r.At/t.slot] += r.Times
	}
	return absent
}

// bucket is the one that a file name begins with, -1 for none.
func (t *Tally) bucket(name []byte) int {
	n := t.layout.BucketDigits
	if len(name) <= n || name[n] != '.' {
		return -1
	}
	bucket := 0
	for _, c := range name[:n] {
		digit := strings.IndexByte("0123456789abcdef", c)
		if digit < 0 {
			return -1
		}
		bucket = bucket<<4 | digit
	}
	return bucket
}

// register begins the series of a folder that is asked for the first time; nil
// where nobody would know what to make of it.
func (t *Tally) register(folder string) *series {
	at, ok := t.layout.Parse(t.layout.Prefix + "/v1/latest/" + folder + "/" + t.layout.BucketName(0) + string(manifest.Text))
	if !ok || at.VersionSegment == manifest.OtherSegment || t.known[at.Target] == nil || t.fleet.Cohort(at.Cohort) == nil {
		return nil
	}
	s := &series{place: place{at.Target, at.Cohort, ""}, slots: map[int64][]uint32{}, listed: true}
	if at.VersionSegment != manifest.NoneSegment {
		s.place.version, _ = releases.Unescape(at.VersionSegment)
		s.listed = false
		for _, v := range t.known[at.Target] {
			s.listed = s.listed || v == s.place.version
		}
	}
	if !s.listed {
		unlisted := 0
		for _, other := range t.folders {
			if other != nil && !other.listed {
				unlisted++
			}
		}
		if unlisted >= mostUnlisted {
			return nil
		}
	}
	t.folders[folder] = s
	return s
}

func (s *series) add(slot int64, bucket, buckets int, times int64) {
	if s.recent == nil || s.at != slot {
		if s.recent = s.slots[slot]; s.recent == nil {
			s.recent = make([]uint32, buckets)
			s.slots[slot] = s.recent
		}
		s.at = slot
	}
	s.recent[bucket] += uint32(times)
	s.requests += times
}

// Skip counts requests that are no device's question.
func (t *Tally) Skip(times int64) { t.sums.foreign += times }
