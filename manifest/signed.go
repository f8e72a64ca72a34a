package manifest

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"iter"
	"math"
	"math/bits"
	"slices"
	"strings"

	"cairn/releases"
)

// Signed is the signed form of a tree: two roots that commit to every answer
// and to the cohort index, and the parts between them and the answers. Whoever
// has signed the roots has signed it all.
type Signed struct {
	Latest  [32]byte // root above the rows of all version folders
	Cohorts [32]byte // root above the shards of the cohort index that list a device
	Parts   []Part   // distinct, ascending by digest
	// NoRoom is what the format had no room for, of the form for a stop: whom it
	// concerns is up to date by it. Nil for nothing.
	NoRoom error
}

// Part is a file of the signed form, which its digest names: an inner node, a
// bin, a row or a shard of the cohort index.
type Part struct {
	Digest [32]byte // SHA-256 of the body
	Body   []byte
}

// Part finds a part by its digest; nil where there is none.
func (s *Signed) Part(digest [32]byte) *Part {
	if p := s.Named([16]byte(digest[:16])); p != nil && p.Digest == digest {
		return p
	}
	return nil
}

// Named finds a part by what its key has of the digest; nil where there is
// none.
func (s *Signed) Named(name [16]byte) *Part {
	i, found := slices.BinarySearchFunc(s.Parts, name, func(p Part, name [16]byte) int { return bytes.Compare(p.Digest[:16], name[:]) })
	if !found {
		return nil
	}
	return &s.Parts[i]
}

// Leaf says whether it is a row or a shard, which a device reads for what it
// says, not for where it leads to.
func (p *Part) Leaf() bool { return p.Body[0] != innerNode && p.Body[0] != bin }

// What parts begin with. A shard begins with a hex digit.
const (
	innerNode = 'I'
	bin       = 'B'
	answerRow = 'R'
)

// Limits of the format.
const (
	binSize   = 64             // entries in a bin of several places
	MostLines = 127            // different answers in a row: one has at most seven bits
	rowDigits = 3              // of a bucket's name that a row covers at most
	MostBytes = math.MaxUint32 // of a payload
)

// Signed makes the signed form. Its error names what the format has no room
// for.
func (t *Tree) Signed() (*Signed, error) { return t.signed(sha256.Sum256, false) }

// SignedStop makes the form for a stop, which nothing may hold up: an answer for
// which there is no room is left out.
func (t *Tree) SignedStop() (*Signed, error) { return t.signed(sha256.Sum256, true) }

func (t *Tree) signed(sum func([]byte) [32]byte, stop bool) (*Signed, error) {
	b := signedBuilder{tree: t, sum: sum, stop: stop, parts: map[[16]byte]Part{}, questions: map[[8]byte]string{}, numbers: map[string]uint32{}}
	latest, err := b.rows()
	if err != nil {
		return nil, err
	}
	cohorts, err := b.shards()
	if err != nil {
		return nil, err
	}
	s := &Signed{NoRoom: b.noRoom}
	if s.Latest, err = b.root(latest); err != nil {
		return nil, err
	}
	if s.Cohorts, err = b.root(cohorts); err != nil {
		return nil, err
	}
	for _, p := range b.parts {
		s.Parts = append(s.Parts, p)
	}
	slices.SortFunc(s.Parts, func(x, y Part) int { return bytes.Compare(x.Digest[:], y.Digest[:]) })
	return s, nil
}

type signedBuilder struct {
	tree      *Tree
	sum       func([]byte) [32]byte
	parts     map[[16]byte]Part // by what their keys have of the digests
	questions map[[8]byte]string
	stop      bool  // what there is no room for is left out
	noRoom    error // the first of it

	lines   []string          // distinct, without their line breaks
	numbers map[string]uint32 // of the lines, from 1
}

// signedEntry leads from a question to the part that answers it.
type signedEntry struct {
	place  [32]byte // where in the tree of parts it is
	key    [8]byte
	digest [32]byte
}

func (b *signedBuilder) entry(place [32]byte, question string, part []byte) (signedEntry, error) {
	sum := b.sum([]byte(question))
	key := [8]byte(sum[:8])
	if other, taken := b.questions[key]; taken {
		return signedEntry{}, fmt.Errorf("%s and %s cannot be told apart in the signed form: their SHA-256 begin with the same 16 digits; rename one", other, question)
	}
	b.questions[key] = question
	digest, err := b.put(part)
	return signedEntry{place, key, digest}, err
}

func (b *signedBuilder) put(body []byte) ([32]byte, error) {
	digest := b.sum(body)
	name := [16]byte(digest[:16])
	there, ok := b.parts[name]
	if ok && there.Digest != digest {
		return digest, fmt.Errorf("two parts of the signed form have one key: their SHA-256 are %x and %x", there.Digest, digest)
	}
	if !ok {
		b.parts[name] = Part{digest, body}
	}
	return digest, nil
}

// rows puts the rows of all version folders.
func (b *signedBuilder) rows() (entries []signedEntry, err error) {
	var track string
	var place [32]byte
	plain, below := make([]uint32, len(b.tree.Bodies)), make([]uint32, len(b.tree.Bodies))
	answers := make([]uint32, b.tree.Layout.Buckets()) // the number of each bucket's, 0 for none
	for i := range b.tree.Folders {
		f := &b.tree.Folders[i]
		question := strings.TrimSuffix(b.question(f.Key), "/")
		if of := strings.TrimSuffix(question, "/"+f.VersionSegment); of != track {
			track, place = of, b.sum([]byte(of))
		}
		numbers, conditional := plain, f.VersionSegment == OtherSegment && !f.AnyVersion
		if conditional {
			numbers = below
		}
		eager, err := b.number(f, numbers, conditional, answers)
		if err != nil {
			return nil, err
		}
		for of, row := range b.rowsOf(question, answers, eager) {
			part, lines := b.row(row)
			if lines > MostLines && b.left(fmt.Errorf("%s has %d different answers, and a row of the signed form at most %d: roll out fewer releases at a time", of, lines, MostLines)) {
				return nil, b.noRoom
			}
			entry, err := b.entry(place, of, part)
			if err != nil {
				return nil, err
			}
			entries = append(entries, entry)
		}
	}
	return entries, nil
}

// number fills in the numbers of a folder's answers, by bucket, and gives that of
// the one to devices which ask eagerly, if it has one. It numbers what has no
// number yet.
func (b *signedBuilder) number(f *Folder, numbers []uint32, conditional bool, answers []uint32) (eager []uint32, err error) {
	clear(answers)
	for j, body := range f.Bodies {
		if body != 0 && numbers[body] == 0 {
			if numbers[body], err = b.line(&b.tree.Bodies[body], conditional); err != nil {
				return nil, err
			}
		}
		if j < len(f.Buckets) {
			answers[f.Buckets[j]] = numbers[body]
		} else {
			eager = append(eager, numbers[body])
		}
	}
	return eager, nil
}

// rowsOf goes through the rows of a folder, by their questions. The answer to
// those who ask eagerly is a row in which all buckets are alike.
func (b *signedBuilder) rowsOf(question string, answers, eager []uint32) iter.Seq2[string, []uint32] {
	layout := b.tree.Layout
	size := 1 << (4 * min(layout.BucketDigits, rowDigits))
	return func(yield func(string, []uint32) bool) {
		for _, answer := range eager {
			if !yield(question+"/"+EagerBucket, slices.Repeat([]uint32{answer}, size)) {
				return
			}
		}
		for first := 0; first < len(answers); first += size {
			of := question
			if layout.BucketDigits > rowDigits {
				of += "/" + layout.BucketName(first)[:layout.BucketDigits-rowDigits]
			}
			if !yield(of, answers[first:first+size]) {
				return
			}
		}
	}
}

// left notes what there is no room for, and says whether that is the end.
func (b *signedBuilder) left(err error) bool {
	if b.noRoom == nil {
		b.noRoom = err
	}
	return !b.stop
}

// question is what is asked for at a key.
func (b *signedBuilder) question(key string) string {
	return strings.TrimPrefix(key, b.tree.Layout.Prefix+"/v1/")
}

// line numbers the line of an answer. A conditional one is for versions below
// that of the release.
func (b *signedBuilder) line(body *Body, conditional bool) (uint32, error) {
	if body.Payload.Size > MostBytes {
		if b.left(fmt.Errorf("%s has %d bytes, and a row of the signed form states at most %d", body.Text, body.Payload.Size, MostBytes)) {
			return 0, b.noRoom
		}
		return 0, nil
	}
	line := fmt.Sprintf("%s %d %s", body.Payload.SHA256, body.Payload.Size, body.Text)
	if conditional {
		line += " " + releases.Escape(body.Version())
	}
	if b.numbers[line] == 0 {
		b.lines = append(b.lines, line)
		b.numbers[line] = uint32(len(b.lines))
	}
	return b.numbers[line], nil
}

// row is a row of answers, given as the numbers of their lines, 0 for none. It
// also gives how many lines there are. Those for which there is no room are none.
func (b *signedBuilder) row(answers []uint32) (row []byte, n int) {
	var lines []uint32
	last, number := uint32(0), 0 // neighbours are often alike
	numbers := make([]uint8, len(answers))
	for bucket, line := range answers {
		if line != last {
			if last, number = line, slices.Index(lines, line)+1; number == 0 && line != 0 {
				lines = append(lines, line)
				number = len(lines)
			}
			if number > MostLines {
				number = 0
			}
		}
		numbers[bucket] = uint8(number)
	}
	n, lines = len(lines), lines[:min(len(lines), MostLines)]
	planes, width := bits.Len(uint(len(lines))), (len(answers)+7)/8
	row = make([]byte, 2+planes*width, 2+planes*width+128*len(lines))
	row[0], row[1] = answerRow, byte(planes)
	for bucket, number := range numbers {
		for plane := 2 + bucket/8; number != 0; plane, number = plane+width, number>>1 {
			row[plane] |= number & 1 << (bucket % 8)
		}
	}
	for _, line := range lines {
		row = append(append(row, b.lines[line-1]...), '\n')
	}
	return row, n
}

// shards puts the shards of the cohort index that list a device.
func (b *signedBuilder) shards() (entries []signedEntry, err error) {
	for i := range b.tree.Layout.Shards() {
		body := b.tree.Shard(i)
		if len(body) == 0 {
			continue
		}
		question := strings.TrimSuffix(b.question(b.tree.Layout.CohortKey(b.tree.Layout.ShardName(i))), ".txt")
		entry, err := b.entry(b.sum([]byte(question)), question, body)
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry)
	}
	return entries, nil
}

// root puts the tree above some entries.
func (b *signedBuilder) root(entries []signedEntry) ([32]byte, error) {
	slices.SortFunc(entries, func(x, y signedEntry) int { return bytes.Compare(x.place[:], y.place[:]) })
	return b.node(entries, 0)
}

// node puts the tree above entries that have the first digits of their places
// in common, as many as it is deep. They ascend by place.
func (b *signedBuilder) node(entries []signedEntry, depth int) ([32]byte, error) {
	if n := len(entries); n <= binSize || entries[0].place == entries[n-1].place {
		slices.SortFunc(entries, func(x, y signedEntry) int { return bytes.Compare(x.key[:], y.key[:]) })
		body := append(make([]byte, 0, 1+40*n), bin)
		for _, e := range entries {
			body = append(append(body, e.key[:]...), e.digest[:]...)
		}
		return b.put(body)
	}
	body := append(make([]byte, 0, 1+16*sha256.Size), innerNode)
	for digit := range byte(16) {
		n := 0
		for n < len(entries) && entries[n].digit(depth) == digit {
			n++
		}
		var child [32]byte // of none
		if n > 0 {
			var err error
			if child, err = b.node(entries[:n], depth+1); err != nil {
				return child, err
			}
		}
		body, entries = append(body, child[:]...), entries[n:]
	}
	return b.put(body)
}

// digit is the i-th hex digit of the place.
func (e *signedEntry) digit(i int) byte { return e.place[i/2] >> (4 * (1 - i%2)) & 15 }
