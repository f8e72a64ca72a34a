package releases

import (
	"bytes"
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"
)

const (
	serialHint  = "a device serial is letters, digits, - and _, at most 128 characters"
	longHint    = "firmware built for max_serial refuses it: raise it in [project] only for firmware that is built anew"
	defaultHint = "default is every device that no other cohort lists; list them in a cohort of another name"
	maxSerials  = 20 // faults of one kind in one list; the rest is counted
)

// devices reads the serials that a cohort lists.
func (l *loader) devices(t *table, c *Cohort) {
	const hint = `write devices = ["SERIAL", …]`
	if n := t.get("devices", hint, arrayKind); n != nil {
		if c.Slug == DefaultCohort && len(n.items) > 0 {
			t.fault(n.offset, defaultHint, "cohort default lists devices")
		}
		wrong := few{}
		l.list(t.file, c, false, func(yield func(int, string) bool) {
			for _, item := range n.items {
				switch {
				case item.kind == stringKind:
					if !yield(item.offset, item.text) {
						return
					}
				case wrong.among(item.offset):
					t.is(item, "a device serial", hint, stringKind)
				}
			}
		})
		if more := wrong.more(); more > 0 {
			t.fault(wrong.next, hint, "%d more of these are no strings", more)
		}
	}
	stated, n := t.text("devices_file")
	if n == nil {
		return
	}
	if c.Slug == DefaultCohort {
		t.fault(n.offset, defaultHint, "cohort default lists devices")
	}
	name, ok := t.inside(n, stated)
	if !ok {
		return
	}
	text, err := read(l.fsys, name)
	if err != nil {
		hint := "name a text file, relative to " + t.path + ", with one serial a line"
		t.fault(n.offset, wayOut(err, hint), "devices_file %q: %s", stated, reason(err))
		return
	}
	c.DevicesFile = name
	f := &file{path: name, text: text, faults: &l.faults}
	l.texts[name] = f
	l.list(f, c, true, serialLines(text))
}

// serialLines goes through a devices file: the offset and the serial of each
// line that has one.
func serialLines(text []byte) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		offset := 0
		for line := range strings.Lines(string(text)) {
			serial, _, _ := strings.Cut(line, "#")
			if s := strings.TrimSpace(serial); s != "" && !yield(offset+strings.Index(line, s), s) {
				return
			}
			offset += len(line)
		}
	}
}

// list adds serials to a cohort.
func (l *loader) list(f *file, c *Cohort, inFile bool, serials iter.Seq2[int, string]) {
	line, counted, wrong, long := 1, 0, few{}, few{}
	for offset, serial := range serials {
		line += bytes.Count(f.text[counted:offset], []byte("\n"))
		counted = offset
		most := l.fleet.Project.MaxSerial
		switch {
		case ValidSerial(serial) && len(serial) > most:
			if long.among(offset) {
				f.fault(offset, longHint, "device serial %s has %d characters, and max_serial is %d", Quote(serial), len(serial), most)
			}
		case ValidSerial(serial):
			c.Devices = append(c.Devices, Device{serial, int32(line), inFile})
			if !inFile {
				l.inline[c] = append(l.inline[c], offset)
			}
		case wrong.among(offset):
			f.fault(offset, serialHint, "%s is no device serial", Quote(serial))
		}
	}
	if more := wrong.more(); more > 0 {
		f.fault(wrong.next, serialHint, "%d more of these are no device serials", more)
	}
	if more := long.more(); more > 0 {
		f.fault(long.next, longHint, "%d more of these are longer than max_serial", more)
	}
}

// few counts faults of one kind, of which only the first are reported.
type few struct {
	count int
	next  int // the offset of the first that is not reported
}

// among counts a fault, and says whether to report it.
func (f *few) among(offset int) bool {
	if f.count++; f.count == maxSerials+1 {
		f.next = offset
	}
	return f.count <= maxSerials
}

func (f *few) more() int { return f.count - maxSerials }

// listing is a device in a cohort, by the hash of its serial.
type listing struct {
	hash           uint64
	cohort, device int32
}

// doubled reports devices that stand in two places, and the near-impossible
// pair of serials in two cohorts that no device could tell apart, since a
// cohort shard names devices by hash.
func (l *loader) doubled() {
	var all []listing
	for i, c := range l.fleet.Cohorts {
		for j, d := range c.Devices {
			all = append(all, listing{xxhash.Sum64String(d.Serial), int32(i), int32(j)})
		}
	}
	slices.SortFunc(all, func(a, b listing) int {
		return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.cohort, b.cohort), cmp.Compare(a.device, b.device))
	})
	var pairs [][2]listing
	for i := 1; i < len(all); i++ {
		a, b := all[i-1], all[i]
		if a.hash == b.hash && (a.cohort != b.cohort || l.serial(a) == l.serial(b)) {
			pairs = append(pairs, [2]listing{a, b})
		}
	}
	slices.SortFunc(pairs, func(x, y [2]listing) int {
		return cmp.Or(cmp.Compare(x[1].cohort, y[1].cohort), cmp.Compare(x[1].device, y[1].device))
	})
	const hint = "a device is in one cohort, once: take it out of one of the two"
	for i, pair := range pairs {
		first, _ := l.find(pair[0])
		place, source := l.find(pair[1])
		if i == maxSerials {
			message := fmt.Sprintf("%d more device serials stand in two places", len(pairs)-maxSerials)
			l.faults = append(l.faults, &Fault{Place: place, Message: message, Source: source, Hint: hint})
			return
		}
		message := fmt.Sprintf("device serial %q is also in %s", l.serial(pair[1]), first)
		if first == place {
			message = fmt.Sprintf("device serial %q is in cohorts %q and %q, which list the same file", l.serial(pair[1]),
				l.fleet.Cohorts[pair[0].cohort].Slug, l.fleet.Cohorts[pair[1].cohort].Slug)
		} else if a, b := l.serial(pair[0]), l.serial(pair[1]); a != b {
			message = fmt.Sprintf("device serial %q has the same hash as %q in %s, of another cohort", b, a, first)
		}
		l.faults = append(l.faults, &Fault{Place: place, Message: message, Source: source, Hint: hint})
	}
}

func (l *loader) serial(x listing) string {
	return l.fleet.Cohorts[x.cohort].Devices[x.device].Serial
}

// find gives the place of a serial, and the line that it is on.
func (l *loader) find(x listing) (Place, string) {
	c := l.fleet.Cohorts[x.cohort]
	if inline := l.inline[c]; int(x.device) < len(inline) {
		return l.texts[c.File].locate(inline[x.device])
	}
	d, f := c.Devices[x.device], l.texts[c.DevicesFile]
	start := f.lineStarts()[d.Line-1]
	return f.locate(start + bytes.Index(f.text[start:], []byte(d.Serial)))
}
