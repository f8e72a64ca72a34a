package publish

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"cairn/manifest"
)

// Live is what is known of the objects below a prefix: as a state records it,
// or a listing shows it. Answers repeat, so a folder is a row of buckets that
// point into a table of distinct kinds.
type Live struct {
	Kinds    []Kind        // distinct; the first is that of nothing at all
	Folders  []Folder      // ascending by key, then digits
	Payloads []LivePayload // ascending by key

	// Foreign are keys that are none of cairn's, and Leftovers what an
	// interrupted write left behind. Only a listing shows them.
	Foreign, Leftovers []string

	leaving map[place]bool // nil where nobody has asked
}

// Folder is the objects of a folder of answers, or of the cohort index.
type Folder struct {
	Key    string   // slash included
	Digits int      // of the names of its buckets or shards, 1 to 4
	Slots  []uint16 // the buckets or shards, ascending
	Kinds  []uint32 // for each of the slots
}

// Kind is the objects of one bucket or shard: for each form its encodings, in
// the order of their keys. The cohort index has the text form only.
type Kind [cells]Cell

const cells = len(forms) * len(encodings)

var forms = [...]manifest.Form{manifest.JSON, manifest.Text}

// The cells of an answer without an encoding.
const jsonCell, textCell = 0, len(encodings)

// presence is how certain it is that a device finds an answer, in either form.
func (k *Kind) presence() Presence { return min(k[jsonCell].Presence, k[textCell].Presence) }

// Cell is what is known of one object.
type Cell struct {
	Presence Presence
	Size     int64    // in bytes
	MD5      [16]byte // RFC 1321
	Header   Header
	// Offers is the version of the release that the answer offers, "" for
	// none; where the answer is in doubt it may be several, a line each.
	Offers string
}

// Presence says how well an object is known.
type Presence uint8

// The presences, from no to yes.
const (
	Absent   Presence = iota
	Perhaps           // a publish that did not end may have put or removed it
	Doubtful          // it is there, and such a publish may have replaced it
	Present
)

// LivePayload is a payload in the bucket.
type LivePayload struct {
	Key  string
	Size int64    // in bytes
	MD5  [16]byte // zero where it isn't known
	// Header is empty where it isn't known.
	Header Header
	// Perhaps says that a publish that did not end may have put it.
	Perhaps bool
	// Unnamed is when a publish first found that no release names it; zero
	// while one does.
	Unnamed time.Time
}

// Len is the number of objects that are there, as far as is known.
func (l *Live) Len() int {
	per := make([]int, len(l.Kinds))
	for i := range l.Kinds {
		for _, c := range l.Kinds[i] {
			if c.Presence != Absent {
				per[i]++
			}
		}
	}
	n := len(l.Payloads)
	for _, f := range l.Folders {
		for _, k := range f.Kinds {
			n += per[k]
		}
	}
	return n
}

// Folder finds a folder; nil where nothing is there.
func (l *Live) Folder(key string, digits int) *Folder {
	i, found := slices.BinarySearchFunc(l.Folders, Folder{Key: key, Digits: digits}, compareFolders)
	if !found {
		return nil
	}
	return &l.Folders[i]
}

func compareFolders(a, b Folder) int {
	return cmp.Or(strings.Compare(a.Key, b.Key), cmp.Compare(a.Digits, b.Digits))
}

// Kind is the kind at a bucket or shard.
func (f *Folder) Kind(slot uint16) uint32 {
	if f == nil {
		return 0
	}
	if i, found := slices.BinarySearch(f.Slots, slot); found {
		return f.Kinds[i]
	}
	return 0
}

// key is the key of an object in the folder.
func (f *Folder) key(slot, cell int) string {
	l := manifest.Layout{BucketDigits: f.Digits}
	return f.Key + l.BucketName(int(f.Slots[slot])) + string(forms[cell/len(encodings)]) + string(encodings[cell%len(encodings)])
}

// Payload finds a payload by its key; nil where it isn't there.
func (l *Live) Payload(key string) *LivePayload {
	i, found := slices.BinarySearchFunc(l.Payloads, key, func(p LivePayload, key string) int { return strings.Compare(p.Key, key) })
	if !found {
		return nil
	}
	return &l.Payloads[i]
}

// kindTable interns kinds.
type kindTable struct {
	kinds []Kind
	index map[Kind]uint32
}

func newKindTable(kinds ...Kind) *kindTable {
	t := &kindTable{index: map[Kind]uint32{}}
	t.intern(Kind{})
	for _, k := range kinds {
		t.intern(k)
	}
	return t
}

func (t *kindTable) intern(k Kind) uint32 {
	i, ok := t.index[k]
	if !ok {
		i = uint32(len(t.kinds))
		t.index[k] = i
		t.kinds = append(t.kinds, k)
	}
	return i
}

// Text is the text answer in its identity encoding.
func (k *Kind) Text() Cell { return k[textCell] }
