package releases

import (
	"bytes"
	"cmp"
	"io/fs"
	"iter"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"
)

const (
	serialHint  = "a device serial is letters, digits, - and _, at most 128 characters"
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
		l.list(t.file, c, false, func(yield func(int, string) bool) {
			for _, item := range n.items {
				if t.is(item, "a device serial", hint, stringKind) && !yield(item.offset, item.text) {
					return
				}
			}
		})
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
	text, err := fs.ReadFile(l.fsys, name)
	if err != nil {
		t.fault(n.offset, "name a text file, relative to "+t.path+", with one serial a line", "devices_file %q: %s", stated, reason(err))
		return
	}
	c.DevicesFile = name
	f := &file{name, text, &l.faults}
	l.texts[name] = f
	l.list(f, c, true, serialLines(text))
}

// serialLines goes through a devices file: the offset and the serial of each
// line that has one.
func serialLines(text []byte) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		all := string(text)
		rest := strings.TrimPrefix(all, "\uFEFF")
		for rest != "" {
			line, after, _ := strings.Cut(rest, "\n")
			serial, _, _ := strings.Cut(line, "#")
			if s := strings.TrimSpace(serial); s != "" {
				offset := len(all) - len(rest) + strings.Index(line, s)
				if !yield(offset, s) {
					return
				}
			}
			rest = after
		}
	}
}

// list adds serials to a cohort.
func (l *loader) list(f *file, c *Cohort, inFile bool, serials iter.Seq2[int, string]) {
	line, counted, bad := 1, 0, 0
	for offset, serial := range serials {
		line += bytes.Count(f.text[counted:offset], []byte("\n"))
		counted = offset
		if ValidSerial(serial) {
			c.Devices = append(c.Devices, Device{serial, int32(line), inFile})
		} else if bad++; bad <= maxSerials {
			f.fault(offset, serialHint, "%q is no device serial", excerpt(serial, 0))
		}
	}
	if bad > maxSerials {
		f.fault(counted, serialHint, "%d more of these are no device serials", bad-maxSerials)
	}
}

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
	const hint = "a device is in one cohort, once: take it out of one of the two"
	faults := 0
	for i := 1; i < len(all); i++ {
		if all[i].hash != all[i-1].hash {
			continue
		}
		a, b := all[i-1], all[i]
		ca, cb := l.fleet.Cohorts[a.cohort], l.fleet.Cohorts[b.cohort]
		da, db := &ca.Devices[a.device], &cb.Devices[b.device]
		if da.Serial != db.Serial && ca == cb {
			continue
		}
		if faults++; faults > maxSerials {
			continue
		}
		first, _ := l.find(ca.Place(da), da.Serial)
		place, source := l.find(cb.Place(db), db.Serial)
		message := "device serial \"" + db.Serial + "\" is also in " + first.String()
		if da.Serial != db.Serial {
			message = "device serial \"" + db.Serial + "\" has the same hash as \"" + da.Serial + "\" in " + first.String() + ", of another cohort"
		}
		l.faults = append(l.faults, &Fault{place, message, source, hint})
	}
	if faults > maxSerials {
		l.fault("cohorts", hint, "%d more device serials stand in two places", faults-maxSerials)
	}
}

// find gives the column of a serial, and the line that it is on.
func (l *loader) find(p Place, serial string) (Place, string) {
	text := l.texts[p.File].text
	start := offsetOf(text, p.Line, 1)
	return locate(p.File, text, start+max(0, bytes.Index(text[start:], []byte(serial))))
}
