package publish

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"
)

// The state is one JSON object under Zstandard (RFC 8878, with its checksum).
// Rows of buckets that are alike in their pattern share it, and the tables
// hold each header, content and kind once.
const stateFormat = "cairn state 1"

type stateJSON struct {
	Format   string        `json:"format"`
	Prefix   string        `json:"prefix"`
	Done     *Stamp        `json:"done,omitempty"`
	Doing    *Stamp        `json:"doing,omitempty"`
	Lease    *Lease        `json:"lease,omitempty"`
	Headers  []Header      `json:"headers"`
	Cells    []cellJSON    `json:"cells"`
	Kinds    [][]int       `json:"kinds"`    // of each cell the place in Cells, from 1; 0 for none
	Slots    [][]uint16    `json:"slots"`    // each less the one before it
	Patterns [][]uint32    `json:"patterns"` // of each slot the place in the folder's kinds
	Folders  []folderJSON  `json:"folders"`
	Payloads []payloadJSON `json:"payloads"`
}

type cellJSON struct {
	Presence Presence `json:"presence"`
	Size     int64    `json:"size,omitempty"`
	MD5      string   `json:"md5,omitempty"`
	Header   int      `json:"header"`
	Offers   string   `json:"offers,omitempty"`
}

type folderJSON struct {
	Key     string `json:"key"`
	Digits  int    `json:"digits"`
	Slots   int    `json:"slots"`
	Pattern int    `json:"pattern"`
	Kinds   []int  `json:"kinds"` // in the order in which the slots first show them
}

type payloadJSON struct {
	Key     string     `json:"key"`
	Size    int64      `json:"size"`
	MD5     string     `json:"md5,omitempty"`
	Header  Header     `json:"header,omitzero"`
	Perhaps bool       `json:"perhaps,omitempty"`
	Unnamed *time.Time `json:"unnamed,omitempty"`
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

// interned numbers distinct values in the order in which they come.
type interned[K comparable] map[K]int

func (t interned[K]) of(k K) (i int, added bool) {
	i, ok := t[k]
	if !ok {
		i = len(t)
		t[k] = i
	}
	return i, !ok
}

// Encode is the state as the bytes of an object, the same for the same state.
func (s *State) Encode() []byte {
	out := stateJSON{Format: stateFormat, Prefix: s.Prefix, Doing: s.Doing, Lease: s.Lease}
	if !s.Done.Published.IsZero() {
		out.Done = &s.Done
	}
	headers, cellOf, kindOf := interned[Header]{}, interned[Cell]{}, interned[uint32]{}
	slotsOf, patternOf := interned[string]{}, interned[string]{}
	cell := func(c Cell) int {
		if c == (Cell{}) {
			return 0
		}
		i, added := cellOf.of(c)
		if added {
			h, added := headers.of(c.Header)
			if added {
				out.Headers = append(out.Headers, c.Header)
			}
			out.Cells = append(out.Cells, cellJSON{c.Presence, c.Size, hexMD5(c.MD5), h, c.Offers})
		}
		return i + 1
	}
	kind := func(k uint32) int {
		i, added := kindOf.of(k)
		if added {
			row := make([]int, cells)
			for c := range row {
				row[c] = cell(s.Live.Kinds[k][c])
			}
			out.Kinds = append(out.Kinds, row)
		}
		return i
	}
	for _, f := range s.Live.Folders {
		deltas := make([]uint16, len(f.Slots))
		for i, slot := range f.Slots {
			deltas[i] = slot
			if i > 0 {
				deltas[i] -= f.Slots[i-1]
			}
		}
		slots, added := slotsOf.of(bytesOf(deltas))
		if added {
			out.Slots = append(out.Slots, deltas)
		}
		places := interned[uint32]{}
		folder := folderJSON{Key: f.Key, Digits: f.Digits, Slots: slots}
		pattern := make([]uint32, len(f.Kinds))
		for i, k := range f.Kinds {
			place, added := places.of(k)
			if added {
				folder.Kinds = append(folder.Kinds, kind(k))
			}
			pattern[i] = uint32(place)
		}
		folder.Pattern, added = patternOf.of(bytesOf(pattern))
		if added {
			out.Patterns = append(out.Patterns, pattern)
		}
		out.Folders = append(out.Folders, folder)
	}
	for _, p := range s.Live.Payloads {
		row := payloadJSON{Key: p.Key, Size: p.Size, MD5: hexMD5(p.MD5), Header: p.Header, Perhaps: p.Perhaps}
		if !p.Unnamed.IsZero() {
			row.Unnamed = &p.Unnamed
		}
		out.Payloads = append(out.Payloads, row)
	}
	text, err := json.Marshal(out)
	if err != nil {
		panic(err) // nothing in it can't be JSON
	}
	return zstdWriter().EncodeAll(text, nil)
}

func bytesOf[T uint16 | uint32](values []T) string {
	b := make([]byte, 0, 4*len(values))
	for _, v := range values {
		b = append(b, byte(v), byte(v>>8), byte(uint32(v)>>16), byte(uint32(v)>>24))
	}
	return string(b)
}

func hexMD5(sum [16]byte) string {
	if sum == [16]byte{} {
		return ""
	}
	return hex.EncodeToString(sum[:])
}

// ErrNewerState is the error of a state that a later version of cairn wrote.
var ErrNewerState = errors.New("the state was written by a newer cairn: use that one, or --rescan")

// DecodeState is the inverse of [State.Encode], for the state of a prefix. It
// checks all that a reader relies on: a state may be cut off, or come from
// somewhere else.
func DecodeState(b []byte, prefix string) (*State, error) {
	text, err := zstdReader().DecodeAll(b, nil)
	if err != nil {
		return nil, fmt.Errorf("it is damaged: %w", err)
	}
	var in stateJSON
	err = json.Unmarshal(text, &in) // a value of another type leaves the others as they are
	if in.Format != stateFormat && strings.HasPrefix(in.Format, "cairn state ") {
		return nil, ErrNewerState
	}
	if err != nil {
		return nil, fmt.Errorf("it is damaged: %w", err)
	}
	if in.Format != stateFormat {
		return nil, errors.New("it is not a state of cairn's")
	}
	if in.Prefix != prefix {
		return nil, fmt.Errorf("it is the state of another prefix, %q", in.Prefix)
	}
	live, err := in.live()
	if err != nil {
		return nil, fmt.Errorf("it is damaged: %w", err)
	}
	s := &State{Prefix: in.Prefix, Live: live, Doing: in.Doing, Lease: in.Lease}
	if in.Done != nil {
		s.Done = *in.Done
	}
	return s, nil
}

var (
	errDangling = errors.New("it points at what isn't there")
	errOutside  = errors.New("it names what is outside the prefix")
)

func (in *stateJSON) live() (*Live, error) {
	live := &Live{}
	table := make([]Cell, len(in.Cells)+1)
	for i, c := range in.Cells {
		if c.Header < 0 || c.Header >= len(in.Headers) || c.Presence > Present {
			return nil, errDangling
		}
		sum, err := parseMD5(c.MD5)
		if err != nil {
			return nil, err
		}
		table[i+1] = Cell{c.Presence, c.Size, sum, in.Headers[c.Header], c.Offers}
	}
	kinds := newKindTable()
	kindOf := make([]uint32, len(in.Kinds))
	for i, row := range in.Kinds {
		var k Kind
		if len(row) != cells {
			return nil, errDangling
		}
		for c, at := range row {
			if at < 0 || at >= len(table) {
				return nil, errDangling
			}
			k[c] = table[at]
		}
		kindOf[i] = kinds.intern(k)
	}
	live.Kinds = kinds.kinds
	slots := make([][]uint16, len(in.Slots))
	for i, deltas := range in.Slots {
		at := 0
		for j, d := range deltas {
			if at += int(d); at > 0xffff || j > 0 && d == 0 {
				return nil, errDangling
			}
			slots[i] = append(slots[i], uint16(at))
		}
	}
	for _, f := range in.Folders {
		if !strings.HasPrefix(f.Key, in.Prefix+"/v1/") || !strings.HasSuffix(f.Key, "/") {
			return nil, errOutside
		}
		if f.Slots < 0 || f.Slots >= len(slots) || f.Pattern < 0 || f.Pattern >= len(in.Patterns) || f.Digits < 1 || f.Digits > 4 {
			return nil, errDangling
		}
		folder := Folder{Key: f.Key, Digits: f.Digits, Slots: slots[f.Slots]}
		pattern := in.Patterns[f.Pattern]
		if n := len(folder.Slots); n == 0 || n != len(pattern) || int(folder.Slots[n-1]) >= 1<<(4*f.Digits) {
			return nil, errDangling
		}
		folder.Kinds = make([]uint32, len(pattern))
		for i, place := range pattern {
			if int(place) >= len(f.Kinds) || f.Kinds[place] < 0 || f.Kinds[place] >= len(kindOf) {
				return nil, errDangling
			}
			folder.Kinds[i] = kindOf[f.Kinds[place]]
		}
		live.Folders = append(live.Folders, folder)
	}
	for _, p := range in.Payloads {
		sum, err := parseMD5(p.MD5)
		if err != nil {
			return nil, err
		}
		if !strings.HasPrefix(p.Key, in.Prefix+"/v1/") {
			return nil, errOutside
		}
		row := LivePayload{Key: p.Key, Size: p.Size, MD5: sum, Header: p.Header, Perhaps: p.Perhaps}
		if p.Unnamed != nil {
			row.Unnamed = *p.Unnamed
		}
		live.Payloads = append(live.Payloads, row)
	}
	ascending := ascends(live.Folders, compareFolders) &&
		ascends(live.Payloads, func(a, b LivePayload) int { return strings.Compare(a.Key, b.Key) })
	if !ascending {
		return nil, errors.New("it is out of order")
	}
	return live, nil
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

func parseMD5(text string) (sum [16]byte, err error) {
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
