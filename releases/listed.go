package releases

import (
	"bytes"
	"fmt"
	"iter"
	"slices"
	"unicode"
)

const (
	serialHint  = "a device serial is letters, digits, - and _, at most 128 characters"
	longHint    = "firmware built for max_serial refuses it: raise it in [project] only for firmware that is built anew"
	defaultHint = "default is every device that no other cohort lists; list them in a cohort of another name"
	maxSerials  = 20 // faults of one kind in one list; the rest is counted
)

// devices reads the serials that a cohort lists.
func (l *loader) devices(t *table, c *Cohort) {
	inline := l.inlineDevices(t, c)
	c.Devices = devicesIn(inline, l.devicesFile(t, c))
}

func (l *loader) inlineDevices(t *table, c *Cohort) (listed list) {
	const hint = `write devices = ["SERIAL", …]`
	n := t.get("devices", hint, arrayKind)
	if n == nil {
		return listed
	}
	if c.Slug == DefaultCohort && len(n.items) > 0 {
		t.fault(n.offset, defaultHint, "cohort default lists devices")
	}
	wrong := few{}
	line, counted := 1, 0
	l.serials(t.file, func(yield func(int, []byte) bool) {
		for _, item := range n.items {
			switch {
			case item.kind == stringKind:
				if !yield(item.offset, []byte(item.text)) {
					return
				}
			case wrong.among(item.offset):
				t.is(item, "a device serial", hint, stringKind)
			}
		}
	}, func(offset int, serial []byte) {
		line += bytes.Count(t.file.text[counted:offset], []byte("\n"))
		counted = offset
		listed.add(string(serial))
		listed.lines = append(listed.lines, int32(line))
		l.inline[c] = append(l.inline[c], offset)
	})
	if more := wrong.more(); more > 0 {
		t.fault(wrong.next, hint, "%d more of these are no strings", more)
	}
	return listed
}

func (l *loader) devicesFile(t *table, c *Cohort) (listed list) {
	stated, n := t.text("devices_file")
	sum, digest := t.hex("devices_sha256", 64)
	switch {
	case n == nil && digest != nil:
		t.fault(digest.offset, `name the list: devices_file = "…"`, "devices_sha256 is of no devices_file")
		return listed
	case n == nil:
		return listed
	case c.Slug == DefaultCohort:
		t.fault(n.offset, defaultHint, "cohort default lists devices")
	}
	name, ok := stated, true
	if !Remote(stated) {
		name, ok = t.inside(n, stated)
	}
	if !ok {
		return listed
	}
	c.DevicesFile, c.DevicesSHA256 = name, sum
	text, ok := l.listText(t, c, n, digest)
	if c.Unread = !ok; !ok {
		return listed
	}
	f := &file{path: name, text: text, faults: &l.faults}
	l.texts[name] = f
	listed.text = text
	listed.at = make([]uint32, 0, bytes.Count(text, []byte("\n"))+1)
	l.serials(f, serialLines(text), func(offset int, _ []byte) { listed.at = append(listed.at, uint32(offset)) })
	return listed
}

// serialLines goes through a devices file: the offset and the serial of each
// line that has one.
func serialLines(text []byte) iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		for offset := 0; offset < len(text); {
			end := offset + inSerial(text[offset:])
			if end < len(text) && text[end] == '\n' && end > offset { // as almost all are
				if !yield(offset, text[offset:end]) {
					return
				}
				offset = end + 1
				continue
			}
			line, _, _ := bytes.Cut(text[offset:], []byte("\n"))
			serial, _, _ := bytes.Cut(line, []byte("#"))
			left := bytes.TrimLeftFunc(serial, unicode.IsSpace)
			if s := bytes.TrimRightFunc(left, unicode.IsSpace); len(s) > 0 && !yield(offset+len(serial)-len(left), s) {
				return
			}
			offset += len(line) + 1
		}
	}
}

// serials gives what is a device serial to add, and reports what is none.
func (l *loader) serials(f *file, serials iter.Seq2[int, []byte], add func(offset int, serial []byte)) {
	wrong, long := few{}, few{}
	most := l.fleet.Project.MaxSerial
	for offset, serial := range serials {
		valid := 0 < len(serial) && len(serial) <= MaxName && inSerial(serial) == len(serial)
		switch {
		case valid && len(serial) <= most:
			add(offset, serial)
		case valid && long.among(offset):
			f.fault(offset, longHint, "device serial %s has %d characters, and max_serial is %d", Quote(string(serial)), len(serial), most)
		case !valid && wrong.among(offset):
			f.fault(offset, serialHint, "%s is no device serial", Quote(string(serial)))
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

// doubled reports devices that stand in two places, and the near-impossible
// pair of serials in two cohorts that no device could tell apart, since a
// cohort shard names devices by hash.
func (l *loader) doubled() {
	var pairs [][2]Listing
	last := Listing{Cohort: -1}
	for x := range l.fleet.Listings() {
		if last.Cohort >= 0 && last.Hash == x.Hash && (last.Cohort != x.Cohort || bytes.Equal(l.serial(last), l.serial(x))) {
			pairs = append(pairs, [2]Listing{last, x})
		}
		last = x
	}
	slices.SortFunc(pairs, func(x, y [2]Listing) int { return x[1].Compare(y[1]) })
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
				l.fleet.Cohorts[pair[0].Cohort].Slug, l.fleet.Cohorts[pair[1].Cohort].Slug)
		} else if a, b := l.serial(pair[0]), l.serial(pair[1]); !bytes.Equal(a, b) {
			message = fmt.Sprintf("device serial %q has the same hash as %q in %s, of another cohort", b, a, first)
		}
		l.faults = append(l.faults, &Fault{Place: place, Message: message, Source: source, Hint: hint})
	}
}

func (l *loader) serial(x Listing) []byte { return l.fleet.Cohorts[x.Cohort].Devices.serial(x.Device) }

// find gives the place of a serial, and the line that it is on.
func (l *loader) find(x Listing) (Place, string) {
	c := l.fleet.Cohorts[x.Cohort]
	if c.Devices.Inline(x.Device) {
		return l.texts[c.File].locate(l.inline[c][x.Device])
	}
	return l.texts[c.DevicesFile].locate(int(c.Devices.file.at[x.Device-len(c.Devices.inline.at)]))
}
