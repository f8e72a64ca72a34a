package publish

import (
	"cmp"
	"hash/maphash"
	"slices"
	"strings"
	"time"

	"cairn/manifest"
)

// Inventory is what is known of the objects below a prefix: as a state records
// it, or a listing shows it. Answers repeat, so a folder is a row of buckets
// that point into a table of distinct answers.
type Inventory struct {
	Answers  []Answer       // distinct; the first is that of nothing at all
	Folders  []Folder       // ascending by key, then digits
	Payloads []KnownPayload // ascending by key
	// Signed is the signed form; nil where nothing is known of it.
	Signed *KnownSigned

	// Foreign are keys that are none of cairn's, and Leftovers what an
	// interrupted write left behind. Only a listing shows them.
	Foreign, Leftovers []string

	relocated []Relocation          // nil where nobody has asked
	leaving   map[cohortBucket]bool // likewise
}

// Folder is the objects of a folder of answers, or of the cohort index.
type Folder struct {
	Key     string   // slash included
	Digits  int      // of the names of its buckets or shards, 1 to 4; 0 for [manifest.EagerBucket] alone
	Buckets []uint16 // the buckets or shards, ascending
	Answers []uint32 // for each of them its place in the inventory's answers
}

// Answer is the objects of one bucket, or of one shard of the cohort index.
type Answer struct {
	Variants [variants]Variant
	// Offers is the versions of the releases that it offers, ascending: one,
	// or none for a device that is up to date; more where it is in doubt.
	Offers []string
}

// forms lists the forms of an answer in the order of their keys. The cohort
// index has the text form only.
var forms = [...]manifest.Form{manifest.Below, manifest.JSON, manifest.Text}

// An answer has a variant for each form in each encoding, in the order of
// their keys.
const variants = len(forms) * len(encodings)

// The forms' places in [forms].
const belowForm, jsonForm, textForm = 0, 1, 2

func variantOf(form, encoding int) int { return form*len(encodings) + encoding }

// VariantSuffix is how the key of an answer's i-th variant ends, ".json.br".
func VariantSuffix(i int) string { return string(formOf(i)) + string(EncodingOf(i)) }

// EncodingOf is the encoding of an answer's i-th variant.
func EncodingOf(i int) manifest.Encoding { return encodings[i%len(encodings)] }

func formOf(i int) manifest.Form { return forms[i/len(encodings)] }

// variantAt is the place of a variant in its answer, by its location.
func variantAt(at manifest.Location) int {
	form := at.Form
	if at.Class == manifest.CohortIndex {
		form = manifest.Text
	}
	return variantOf(slices.Index(forms[:], form), slices.Index(encodings[:], at.Encoding))
}

// Variant is what is known of one object: an answer in one form and encoding.
type Variant struct {
	Presence Presence
	Size     int64    // in bytes
	MD5      [16]byte // RFC 1321
	Header   Header
}

// Presence says how well an object is known.
type Presence uint8

// The presences, from no to yes.
const (
	Absent       Presence = iota
	MaybePresent          // a publish that did not end may have put or removed it
	MaybeChanged          // it is there, and such a publish may have replaced it
	Present
)

// KnownPayload is a payload in the bucket.
type KnownPayload struct {
	Key  string
	Size int64    // in bytes
	MD5  [16]byte // zero where it isn't known
	// Header is empty where it isn't known.
	Header Header
	// Doubtful says that what did not end may have put or deleted it.
	Doubtful bool
	// UnreferencedSince is when a publish first found that no release names
	// it; zero while one does.
	UnreferencedSince time.Time
}

// Len is the number of objects that are there, as far as is known.
func (l *Inventory) Len() int {
	per := make([]int, len(l.Answers))
	for i := range l.Answers {
		for _, v := range l.Answers[i].Variants {
			if v.Presence != Absent {
				per[i]++
			}
		}
	}
	n := len(l.Payloads) + l.Signed.Len()
	for _, f := range l.Folders {
		for _, a := range f.Answers {
			n += per[a]
		}
	}
	return n
}

// Folder finds a folder; nil where nothing is there.
func (l *Inventory) Folder(key string, digits int) *Folder {
	i, found := slices.BinarySearchFunc(l.Folders, Folder{Key: key, Digits: digits}, compareFolders)
	if !found {
		return nil
	}
	return &l.Folders[i]
}

func compareFolders(a, b Folder) int {
	return cmp.Or(strings.Compare(a.Key, b.Key), cmp.Compare(a.Digits, b.Digits))
}

// Answer is the place of a bucket's answer in the inventory's: 0, that of
// nothing, where the folder hasn't the bucket, or is nil.
func (f *Folder) Answer(bucket uint16) uint32 {
	if f == nil {
		return 0
	}
	if int(bucket) < len(f.Buckets) && f.Buckets[bucket] == bucket {
		return f.Answers[bucket] // it has all buckets up to here
	}
	if i, found := slices.BinarySearch(f.Buckets, bucket); found {
		return f.Answers[i]
	}
	return 0
}

// key is the key of a variant of the folder's i-th answer.
func (f *Folder) key(i, variant int) string {
	l := manifest.Layout{BucketDigits: f.Digits}
	return f.Key + l.BucketName(int(f.Buckets[i])) + VariantSuffix(variant)
}

// Location is what the folder is for: its class, and of answers the target,
// the cohort and the version segment.
func (f *Folder) Location(l manifest.Layout) manifest.Location {
	l.BucketDigits, l.CohortDigits = f.Digits, f.Digits
	at, _ := l.Parse(f.key(0, variantOf(textForm, 0)))
	return at
}

// Payload finds a payload by its key; nil where it isn't there.
func (l *Inventory) Payload(key string) *KnownPayload {
	i, found := slices.BinarySearchFunc(l.Payloads, key, func(p KnownPayload, key string) int { return strings.Compare(p.Key, key) })
	if !found {
		return nil
	}
	return &l.Payloads[i]
}

// answerTable keeps each distinct answer once.
type answerTable struct {
	answers []Answer
	seed    maphash.Seed
	index   map[uint64]uint32 // by the hash, or the next that is free
}

// newAnswerTable has some answers, and room for so many.
func newAnswerTable(room int, answers ...Answer) *answerTable {
	t := &answerTable{make([]Answer, 0, room+1), maphash.MakeSeed(), map[uint64]uint32{}}
	t.intern(Answer{})
	for _, a := range answers {
		t.intern(a)
	}
	return t
}

func (t *answerTable) intern(a Answer) uint32 {
	for hash := maphash.Comparable(t.seed, a.Variants); ; hash++ {
		i, ok := t.index[hash]
		if !ok {
			i = t.add(a)
			t.index[hash] = i
		}
		if known := &t.answers[i]; known.Variants == a.Variants && slices.Equal(known.Offers, a.Offers) {
			return i
		}
	}
}

// add adds an answer that is like no other.
func (t *answerTable) add(a Answer) uint32 {
	t.answers = append(t.answers, a)
	return uint32(len(t.answers) - 1)
}

// Text is the text form without an encoding.
func (a *Answer) Text() Variant { return a.Variants[variantOf(textForm, 0)] }

// presence is how certain it is that a device finds the answer of an _other
// folder, in each form.
func (a *Answer) presence() Presence {
	least := Present
	for form := range forms {
		least = min(least, a.Variants[variantOf(form, 0)].Presence)
	}
	return least
}
