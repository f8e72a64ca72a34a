package releases

import (
	"bytes"
	"cmp"
	"iter"
	"math/bits"
	"slices"

	"github.com/cespare/xxhash/v2"
)

// Devices is the serials that a cohort lists, in their order: those in the
// cohort's own file, then those in its devices_file. Beside the text of the
// lists a device takes 16 bytes. The zero value lists none. It is a value:
// nothing changes it, and copies share what they hold.
type Devices struct {
	inline, file list
	hashes       []uint64 // ascending
	order        []uint32 // the device of each hash; equal ones ascend
}

// list is serials in a text. What follows a serial there is no part of any.
type list struct {
	text  []byte
	at    []uint32 // where each serial begins
	lines []int32  // of each, from 1, where the text is not that of the file
}

// DevicesOf lists serials as a devices_file does that has one in each line.
// They are valid.
func DevicesOf(serials ...string) Devices {
	var l list
	for _, serial := range serials {
		l.add(serial)
	}
	return devicesIn(list{}, l)
}

func devicesIn(inline, file list) Devices {
	return Devices{inline: inline, file: file}.By(xxhash.Sum64)
}

func (l *list) add(serial string) {
	l.at = append(l.at, uint32(len(l.text)))
	l.text = append(append(l.text, serial...), '\n')
}

func (l *list) serial(i int) []byte {
	from := l.text[l.at[i]:]
	return from[:inSerial(from)]
}

// inSerial is how many bytes a text begins with that a serial may have.
func inSerial(text []byte) int {
	for i, c := range text {
		if !ofSerials[c] {
			return i
		}
	}
	return len(text)
}

// ofSerials is the bytes that a serial may have.
var ofSerials = func() (in [256]bool) {
	for c := range in {
		in[c] = ofSlugCharacters(string([]byte{byte(c)}))
	}
	return in
}()

// Len is how many devices there are.
func (d Devices) Len() int { return len(d.inline.at) + len(d.file.at) }

func (d Devices) serial(i int) []byte {
	if n := len(d.inline.at); i >= n {
		return d.file.serial(i - n)
	}
	return d.inline.serial(i)
}

// Serial is the serial of the i-th device: [-a-zA-Z0-9_]+, at most 128
// characters.
func (d Devices) Serial(i int) string { return string(d.serial(i)) }

// Equal says whether two lists have the same serials in the same order.
func (d Devices) Equal(other Devices) bool {
	return slices.Equal(slices.Collect(d.Serials()), slices.Collect(other.Serials()))
}

// Serials goes through the devices in their order.
func (d Devices) Serials() iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range d.Len() {
			if !yield(d.Serial(i)) {
				return
			}
		}
	}
}

// Inline says whether the i-th device stands in the cohort's own file, and not
// in its devices_file.
func (d Devices) Inline(i int) bool { return i < len(d.inline.at) }

// Lines gives the line that each of some devices, which ascend, stands in, from
// 1.
func (d Devices) Lines(devices ...int) (lines []int) {
	line, counted := 1, 0
	for _, i := range devices {
		if d.Inline(i) {
			lines = append(lines, int(d.inline.lines[i]))
			continue
		}
		at := int(d.file.at[i-len(d.inline.at)])
		line += bytes.Count(d.file.text[counted:at], []byte("\n"))
		counted = at
		lines = append(lines, line)
	}
	return lines
}

// Find is the place of a serial among the devices, negative where it is not
// listed.
func (d Devices) Find(serial string) int {
	_, same := d.Under(16, xxhash.Sum64String(serial))
	for _, i := range same {
		if string(d.serial(int(i))) == serial {
			return int(i)
		}
	}
	return -1
}

// Under gives the devices whose hash, in hex, begins with so many digits, 0 to
// 16: the hashes, which ascend, and the device of each. Neither may be changed.
func (d Devices) Under(digits int, prefix uint64) (hashes []uint64, devices []uint32) {
	if digits == 0 {
		return d.hashes, d.order
	}
	first := prefix << (64 - 4*digits)
	last := first + (1<<(64-4*digits) - 1)
	from, _ := slices.BinarySearch(d.hashes, first)
	to := len(d.hashes)
	if last != 1<<64-1 {
		to, _ = slices.BinarySearch(d.hashes[from:], last+1)
		to += from
	}
	return d.hashes[from:to], d.order[from:to]
}

// By is the same devices as they are found by another hash than XXH64.
func (d Devices) By(hash func(serial []byte) uint64) Devices {
	n := d.Len()
	d.hashes, d.order = make([]uint64, n), make([]uint32, n)
	for i := range n {
		d.hashes[i], d.order[i] = hash(d.serial(i)), uint32(i)
	}
	SortByHash(d.hashes, d.order)
	return d
}

// SortByHash sorts what is numbered by its hashes, and where these are equal by
// number.
func SortByHash(hashes []uint64, numbers []uint32) { drawn{hashes, numbers}.sort(64) }

// drawn sorts devices by their hashes.
type drawn struct {
	hashes  []uint64
	devices []uint32
}

// sort sorts hashes that are the same but for so many bits. They are put into
// drawers by the next eight, in place: that takes half the time of a sort that
// compares.
func (d drawn) sort(differ int) {
	const few = 32
	switch n := len(d.hashes); {
	case differ == 0: // they are all the same
		slices.Sort(d.devices)
		return
	case n <= few:
		for i := 1; i < n; i++ {
			for j := i; j > 0 && d.less(j, j-1); j-- {
				d.hashes[j], d.hashes[j-1] = d.hashes[j-1], d.hashes[j]
				d.devices[j], d.devices[j-1] = d.devices[j-1], d.devices[j]
			}
		}
		return
	}
	shift := differ - 8
	var next, ends [256]int
	for _, h := range d.hashes {
		ends[byte(h>>shift)]++
	}
	begin := 0
	for drawer, count := range ends {
		next[drawer], ends[drawer] = begin, begin+count
		begin += count
	}
	for drawer := range next {
		at := next[drawer]
		for at < ends[drawer] {
			h, device := d.hashes[at], d.devices[at]
			for byte(h>>shift) != byte(drawer) {
				to := next[byte(h>>shift)]
				next[byte(h>>shift)]++
				h, d.hashes[to] = d.hashes[to], h
				device, d.devices[to] = d.devices[to], device
			}
			d.hashes[at], d.devices[at] = h, device
			at++
			next[drawer] = at
		}
	}
	begin = 0
	for _, end := range ends {
		drawn{d.hashes[begin:end], d.devices[begin:end]}.sort(shift)
		begin = end
	}
}

func (d drawn) less(i, j int) bool {
	return d.hashes[i] < d.hashes[j] || d.hashes[i] == d.hashes[j] && d.devices[i] < d.devices[j]
}

// Listing is a device that a cohort lists, by the hash of its serial.
type Listing struct {
	Hash   uint64
	Cohort int // of the fleet's
	Device int // of the cohort's
}

// Compare is the order of the definitions: by cohort, then by device.
func (x Listing) Compare(y Listing) int {
	return cmp.Or(cmp.Compare(x.Cohort, y.Cohort), cmp.Compare(x.Device, y.Device))
}

// Listed gives the devices of all cohorts whose hash, in hex, begins with so
// many digits, 0 to 16. They ascend by hash, then by cohort and device.
func (f *Fleet) Listed(digits int, prefix uint64) []Listing { return f.listed(nil, digits, prefix) }

func (f *Fleet) listed(to []Listing, digits int, prefix uint64) []Listing {
	type run struct {
		cohort  int
		hashes  []uint64
		devices []uint32
	}
	var runs []run
	n := 0
	for i, c := range f.Cohorts {
		if hashes, devices := c.Devices.Under(digits, prefix); len(hashes) > 0 {
			runs = append(runs, run{i, hashes, devices})
			n += len(hashes)
		}
	}
	to = slices.Grow(to, n)
	for len(runs) > 0 {
		least := 0
		for i := range runs {
			if runs[i].hashes[0] < runs[least].hashes[0] {
				least = i
			}
		}
		r := &runs[least]
		to = append(to, Listing{r.hashes[0], r.cohort, int(r.devices[0])})
		if r.hashes, r.devices = r.hashes[1:], r.devices[1:]; len(r.hashes) == 0 {
			runs = slices.Delete(runs, least, least+1)
		}
	}
	return to
}

// Listings goes through the devices of all cohorts as [Fleet.Listed] has them.
func (f *Fleet) Listings() iter.Seq[Listing] {
	digits := min(4, bits.Len(uint(f.Devices()/64))/4) // some hundreds at a time
	return func(yield func(Listing) bool) {
		var some []Listing
		for prefix := range uint64(1) << (4 * digits) {
			some = f.listed(some[:0], digits, prefix)
			for _, x := range some {
				if !yield(x) {
					return
				}
			}
		}
	}
}

// Devices is how many devices the cohorts list.
func (f *Fleet) Devices() (n int) {
	for _, c := range f.Cohorts {
		n += c.Devices.Len()
	}
	return n
}

// Unlisted is the fleet without the devices that its cohorts list.
func (f *Fleet) Unlisted() *Fleet {
	unlisted := *f
	unlisted.Cohorts = nil
	for _, c := range f.Cohorts {
		empty := *c
		empty.Devices = Devices{}
		unlisted.Cohorts = append(unlisted.Cohorts, &empty)
	}
	return &unlisted
}

// CohortOf is the cohort of a device, and its place among the devices that the
// cohort lists: negative for one that is in [DefaultCohort] because nothing
// lists it.
func (f *Fleet) CohortOf(serial string) (*Cohort, int) {
	for _, c := range f.Cohorts {
		if i := c.Devices.Find(serial); i >= 0 {
			return c, i
		}
	}
	return f.Cohort(DefaultCohort), -1
}

// Place says in which file and line a cohort lists its i-th device:
// "beta.txt:3".
func (c *Cohort) Place(i int) Place {
	if c.Devices.Inline(i) {
		return Place{File: c.File, Line: c.Devices.Lines(i)[0]}
	}
	return Place{File: c.DevicesFile, Line: c.Devices.Lines(i)[0]}
}
