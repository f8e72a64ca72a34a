package publish

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"sync"
	"time"

	"cairn/manifest"
	"cairn/releases/signing"

	"github.com/klauspost/compress/zstd"
)

// The state is one JSON object under Zstandard (RFC 8878, with its checksum),
// which makes little of what repeats. Fields may be added: who doesn't know one
// loses it with the next write. What a reader must know needs a new format.
const stateFormat, formatPrefix = 4, "cairn state "

type stateJSON struct {
	Format string    `json:"format"` // [formatPrefix] and the number
	Prefix string    `json:"prefix"`
	Done   *Stamp    `json:"done,omitempty"`
	Doing  *Stamp    `json:"doing,omitempty"`
	Lease  *Lease    `json:"lease,omitempty"`
	Late   *lateJSON `json:"late,omitempty"`
	inventoryJSON
}

type lateJSON struct {
	Until time.Time `json:"until"`
	inventoryJSON
}

type inventoryJSON struct {
	Answers answersJSON `json:"answers"`
	foldersJSON
	Payloads []payloadJSON `json:"payloads"`
	Signed   *signedJSON   `json:"signed,omitempty"`
}

// signedJSON is the signed form; binary values are in Base64.
type signedJSON struct {
	Origin     string     `json:"origin,omitempty"`
	Generation uint32     `json:"generation"`
	Epoch      uint32     `json:"epoch"`
	Issued     uint32     `json:"issued"`
	Expires    uint32     `json:"expires"`
	Latest     []byte     `json:"latest"`
	Cohorts    []byte     `json:"cohorts"`
	HeadNote   noteJSON   `json:"head_note,omitzero"`
	KeysNote   noteJSON   `json:"keys_note,omitzero"`
	Doubtful   bool       `json:"doubtful,omitempty"`
	Parts      []partJSON `json:"parts"`
}

type noteJSON struct {
	Size int64  `json:"size"`
	MD5  string `json:"md5"`
}

type partJSON struct {
	Digest       string    `json:"digest"` // its first 32 hex digits
	Size         int64     `json:"size"`
	Doubtful     bool      `json:"doubtful,omitempty"`
	UnnamedSince time.Time `json:"unnamed_since,omitzero"`
}

// answersJSON is distinct answers, in columns: of tens of thousands, one object
// each would take ten times the room and the time. Binary values are in Base64.
type answersJSON struct {
	Headers  []Header   `json:"headers"`  // distinct
	Offers   [][]string `json:"offers"`   // of each answer
	Variants []uint16   `json:"variants"` // of each answer those that it has: a bit for each, the lowest for the first
	// Of each of those variants:
	Presence []Presence `json:"presence"`
	Size     []int64    `json:"size"`
	MD5      []byte     `json:"md5"`    // 16 bytes
	Header   []uint16   `json:"header"` // its place in Headers
}

type payloadJSON struct {
	Key               string    `json:"key"`
	Size              int64     `json:"size"`
	MD5               string    `json:"md5,omitempty"`
	Header            Header    `json:"header,omitzero"`
	Doubtful          bool      `json:"doubtful,omitempty"`
	UnreferencedSince time.Time `json:"unreferenced_since,omitzero"`
}

// A coder takes megabytes to make, and may be used by several at once.
var (
	zstdWriter = sync.OnceValue(func() *zstd.Encoder {
		w, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBetterCompression), zstd.WithEncoderConcurrency(1))
		if err != nil {
			panic(err) // the options are constants
		}
		return w
	})
	zstdReader = sync.OnceValue(func() *zstd.Decoder {
		r, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxState))
		if err != nil {
			panic(err)
		}
		return r
	})
)

// maxState bounds what a state may take in memory, in bytes: that of a million
// answers takes some megabytes.
const maxState = 1 << 30

// Encode is the state as the bytes of an object, the same for the same state.
func (s *State) Encode() []byte {
	out := stateJSON{Format: fmt.Sprint(formatPrefix, stateFormat), Prefix: s.Prefix, Doing: s.Doing, Lease: s.Lease, inventoryJSON: encodeInventory(s.Live)}
	if !s.Done.Published.IsZero() {
		out.Done = &s.Done
	}
	if s.Late != nil {
		out.Late = &lateJSON{s.Late.Until, encodeInventory(s.Late.Keys)}
	}
	text, err := json.Marshal(out)
	if err != nil {
		panic(err) // nothing in it can't be JSON
	}
	return zstdWriter().EncodeAll(text, nil)
}

func encodeInventory(l *Inventory) (out inventoryJSON) {
	out.Answers = encodeAnswers(l.Answers[1:])
	out.foldersJSON = encodeFolders(l)
	for _, p := range l.Payloads {
		out.Payloads = append(out.Payloads, payloadJSON{p.Key, p.Size, encodeMD5(p.MD5), p.Header, p.Doubtful, p.UnreferencedSince})
	}
	if l.Signed != nil {
		out.Signed = encodeSigned(l.Signed)
	}
	return out
}

func encodeSigned(k *KnownSigned) *signedJSON {
	h := k.Head
	out := &signedJSON{
		h.Origin, h.Generation, h.Epoch, h.Issued, h.Expires, h.Latest[:], h.Cohorts[:],
		noteJSON{k.HeadNote.Size, encodeMD5(k.HeadNote.MD5)}, noteJSON{k.KeysNote.Size, encodeMD5(k.KeysNote.MD5)}, k.Doubtful, nil,
	}
	for _, p := range k.Parts {
		out.Parts = append(out.Parts, partJSON{hex.EncodeToString(p.Name[:]), p.Size, p.Doubtful, p.UnnamedSince})
	}
	return out
}

func (s *signedJSON) decode() (*KnownSigned, error) {
	k := &KnownSigned{Head: signing.Head{Origin: s.Origin, Generation: s.Generation, Epoch: s.Epoch, Issued: s.Issued, Expires: s.Expires}, Doubtful: s.Doubtful}
	if len(s.Latest) != len(k.Head.Latest) || len(s.Cohorts) != len(k.Head.Cohorts) {
		return nil, errors.New("a root has not 32 bytes")
	}
	k.Head.Latest, k.Head.Cohorts = [32]byte(s.Latest), [32]byte(s.Cohorts)
	var err1, err2 error
	k.HeadNote.Size, k.KeysNote.Size = s.HeadNote.Size, s.KeysNote.Size
	k.HeadNote.MD5, err1 = decodeMD5(s.HeadNote.MD5)
	k.KeysNote.MD5, err2 = decodeMD5(s.KeysNote.MD5)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	for _, p := range s.Parts {
		name, err := decodeMD5(p.Digest)
		if err != nil || name == [16]byte{} {
			return nil, errDangling
		}
		k.Parts = append(k.Parts, KnownPart{Name: name, Size: p.Size, Doubtful: p.Doubtful, UnnamedSince: p.UnnamedSince})
	}
	if !ascends(k.Parts, func(a, b KnownPart) int { return a.compare(b.Name) }) {
		return nil, errOrder
	}
	return k, nil
}

func encodeAnswers(answers []Answer) (out answersJSON) {
	headers := interned[Header]{}
	for i := range answers {
		var has uint16
		for j, v := range answers[i].Variants {
			if v.Presence == Absent {
				continue
			}
			has |= 1 << j
			header, added := headers.of(v.Header)
			if added {
				out.Headers = append(out.Headers, v.Header)
			}
			out.Presence, out.Size = append(out.Presence, v.Presence), append(out.Size, v.Size)
			out.MD5, out.Header = append(out.MD5, v.MD5[:]...), append(out.Header, uint16(header))
		}
		out.Offers, out.Variants = append(out.Offers, answers[i].Offers), append(out.Variants, has)
	}
	return out
}

func encodeMD5(sum [16]byte) string {
	if sum == [16]byte{} {
		return ""
	}
	return hex.EncodeToString(sum[:])
}

// ErrNewerState is the error of a state that a later version of cairn wrote.
var ErrNewerState = errors.New("the state was written by a newer cairn: use that one, or --rescan")

// ErrOlderState is the error of a state that an earlier version of cairn wrote.
var ErrOlderState = errors.New("it was written by an older cairn")

// DecodeState is the inverse of [State.Encode], for the state of a prefix. It
// checks all that a reader relies on: a state may be cut off, or come from
// somewhere else. With [ErrOlderState] it gives what versions have in common:
// what was published, and who is at work, but no object.
func DecodeState(b []byte, prefix string) (*State, error) {
	text, err := zstdReader().DecodeAll(b, nil)
	if err != nil {
		return nil, fmt.Errorf("it is damaged: %w", err)
	}
	var in stateJSON
	err = json.Unmarshal(text, &in) // a value of another type leaves the others as they are
	number, ok := strings.CutPrefix(in.Format, formatPrefix)
	format, _ := strconv.Atoi(number)
	switch {
	case format > stateFormat:
		return nil, ErrNewerState
	case ok && format < stateFormat && in.Prefix == prefix:
		return in.state(&Inventory{Answers: make([]Answer, 1)}, nil), ErrOlderState
	case err != nil:
		return nil, fmt.Errorf("it is damaged: %w", err)
	case !ok:
		return nil, errors.New("it is not a state of cairn's")
	}
	if in.Prefix != prefix {
		return nil, fmt.Errorf("it is the state of another prefix, %q", in.Prefix)
	}
	live, err := in.inventory(prefix)
	var late *Late
	if err == nil && in.Late != nil {
		late = &Late{Until: in.Late.Until}
		late.Keys, err = in.Late.inventory(prefix)
	}
	if err != nil {
		return nil, fmt.Errorf("it is damaged: %w", err)
	}
	return in.state(live, late), nil
}

func (in *stateJSON) state(live *Inventory, late *Late) *State {
	s := &State{Prefix: in.Prefix, Live: live, Doing: in.Doing, Lease: in.Lease, Late: late}
	if in.Done != nil {
		s.Done = *in.Done
	}
	return s
}

var (
	errDangling = errors.New("it points at what isn't there")
	errOutside  = errors.New("it names what is outside the prefix")
	errOrder    = errors.New("it is out of order")
	errRoom     = errors.New("it would take too much memory")
)

func (in *inventoryJSON) inventory(prefix string) (*Inventory, error) {
	answers, err := in.Answers.decode()
	if err != nil {
		return nil, err
	}
	live := &Inventory{Answers: answers}
	layout := manifest.Layout{Prefix: prefix}
	if live.Folders, err = in.foldersJSON.decode(len(answers)); err != nil {
		return nil, err
	}
	for i := range live.Folders {
		if err := live.Folders[i].check(layout); err != nil {
			return nil, err
		}
	}
	for _, p := range in.Payloads {
		sum, err := decodeMD5(p.MD5)
		if err != nil {
			return nil, err
		}
		if at, ok := layout.ParseAny(p.Key); !ok || at.Class != manifest.Payload && at.Class != manifest.Rendered {
			return nil, errOutside
		}
		live.Payloads = append(live.Payloads, KnownPayload{p.Key, p.Size, sum, p.Header, p.Doubtful, p.UnreferencedSince})
	}
	if !ascends(live.Folders, compareFolders) ||
		!ascends(live.Payloads, func(a, b KnownPayload) int { return strings.Compare(a.Key, b.Key) }) {
		return nil, errOrder
	}
	if in.Signed != nil {
		if live.Signed, err = in.Signed.decode(); err != nil {
			return nil, err
		}
	}
	return live, nil
}

// decode gives the answers, nothing first.
func (in *answersJSON) decode() ([]Answer, error) {
	n := 0
	for _, has := range in.Variants {
		n += bits.OnesCount16(has)
	}
	if len(in.Offers) != len(in.Variants) || len(in.Presence) != n || len(in.Size) != n || len(in.MD5) != 16*n || len(in.Header) != n {
		return nil, errDangling
	}
	answers := make([]Answer, 1+len(in.Variants))
	next := 0
	for i, has := range in.Variants {
		answers[1+i].Offers = in.Offers[i]
		for ; has != 0; has &= has - 1 {
			j, at := bits.TrailingZeros16(has), next
			next++
			if j >= variants || in.Presence[at] == Absent || in.Presence[at] > Present || int(in.Header[at]) >= len(in.Headers) {
				return nil, errDangling
			}
			answers[1+i].Variants[j] = Variant{in.Presence[at], in.Size[at], [16]byte(in.MD5[16*at:]), in.Headers[in.Header[at]]}
		}
	}
	return answers, nil
}

// check is an error where a folder is not one of the layout's prefix.
func (f *Folder) check(l manifest.Layout) error {
	if f.Digits < 0 || f.Digits > 4 || int(f.Buckets[len(f.Buckets)-1]) >= 1<<(4*f.Digits) {
		return errDangling
	}
	l.BucketDigits, l.CohortDigits = f.Digits, f.Digits
	if at, ok := l.Parse(f.key(0, variantOf(textForm, 0))); !ok || at.Class == manifest.Payload {
		return errOutside
	}
	return nil
}

// ascends says whether the values ascend, none twice.
func ascends[T any](all []T, compare func(a, b T) int) bool {
	for i := 1; i < len(all); i++ {
		if compare(all[i-1], all[i]) >= 0 {
			return false
		}
	}
	return true
}

func decodeMD5(text string) (sum [16]byte, err error) {
	if text == "" {
		return sum, nil
	}
	b, err := hex.DecodeString(text)
	if err == nil && len(b) != len(sum) {
		err = errors.New("an MD5 has not 32 digits")
	}
	copy(sum[:], b)
	return sum, err
}
