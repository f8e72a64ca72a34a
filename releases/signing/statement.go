package signing

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Limits of statements.
const (
	maxHead   = 384 // bytes of the text of a head
	MaxOnline = 3   // keys that sign heads
	MaxRoots  = 3   // keys that sign the statement of keys
)

const (
	headKind   = "cairn head 1"
	keysKind   = "cairn keys 1"
	rootSuffix = "/root"
)

// RootName is what the root keys of an origin are called.
func RootName(origin string) string { return origin + rootSuffix }

// Head commits to all that devices get at an instant.
type Head struct {
	Origin     string
	Generation uint32 // of the keys that sign it, from 1
	Epoch      uint32 // grows from head to head, within a generation
	Issued     uint32 // seconds since 1970
	Expires    uint32 // likewise
	Latest     [sha256.Size]byte
	Cohorts    [sha256.Size]byte
}

// Text is what is signed.
func (h Head) Text() []byte {
	return fmt.Appendf(nil, "%s\n%s\n%d %d %d %d\n%s\n%s\n", headKind, h.Origin, h.Generation, h.Epoch, h.Issued, h.Expires,
		base64.StdEncoding.EncodeToString(h.Latest[:]), base64.StdEncoding.EncodeToString(h.Cohorts[:]))
}

// ParseHead reads a head, and verifies nothing. It may lack signatures.
func ParseHead(note []byte) (Head, *Note, error) {
	n, lines, err := statement(note, headKind)
	if err != nil {
		return Head{}, nil, err
	}
	if len(n.Text) > maxHead {
		return Head{}, nil, fmt.Errorf("the text has %d bytes, over %d", len(n.Text), maxHead)
	}
	h := Head{Origin: lines[1]}
	if len(lines) < 5 || !numbers(lines[2], &h.Generation, &h.Epoch, &h.Issued, &h.Expires) ||
		h.Generation == 0 || !digest(lines[3], &h.Latest) || !digest(lines[4], &h.Cohorts) {
		return Head{}, nil, errors.New("it is no head: five lines with an origin, four numbers and two roots")
	}
	return h, n, nil
}

// Keys is the statement of the keys that sign heads. Roots sign it.
type Keys struct {
	Origin     string
	Generation uint32 // from 1; each rotation adds 1
	Threshold  uint32 // of signatures on a head: 1 to the number of keys
	Issued     uint32 // seconds since 1970
	Expires    uint32 // likewise
	Online     []Key  // 1 to [MaxOnline], distinct, called as the origin is
}

// Text is what is signed.
func (k *Keys) Text() []byte {
	b := fmt.Appendf(nil, "%s\n%s\n%d %d %d %d\n", keysKind, k.Origin, k.Generation, k.Threshold, k.Issued, k.Expires)
	for _, key := range k.Online {
		b = fmt.Appendf(b, "%s\n", base64.StdEncoding.EncodeToString(append(key.ID[:], key.Public...)))
	}
	return b
}

// ParseKeys reads a statement of keys, and verifies nothing.
func ParseKeys(note []byte) (*Keys, *Note, error) {
	n, lines, err := statement(note, keysKind)
	if err != nil {
		return nil, nil, err
	}
	k := &Keys{Origin: lines[1]}
	if !numbers(lines[2], &k.Generation, &k.Threshold, &k.Issued, &k.Expires) || k.Generation == 0 {
		return nil, nil, errors.New("it is no statement of keys: the third line has no four numbers")
	}
	if len(lines) > 3+MaxOnline {
		return nil, nil, fmt.Errorf("it has %d keys, over %d", len(lines)-3, MaxOnline)
	}
	for _, line := range lines[3:] {
		b, ok := decode(line)
		if !ok || len(b) != 4+ed25519.PublicKeySize {
			return nil, nil, fmt.Errorf("%q is no key: base64 of 36 bytes", line)
		}
		key := NewKey(k.Origin, b[4:])
		if key.ID != [4]byte(b) || contains(k.Online, key) {
			return nil, nil, fmt.Errorf("the key %x has the id of another, or stands there twice", b[:4])
		}
		k.Online = append(k.Online, key)
	}
	if k.Threshold == 0 || int64(k.Threshold) > int64(len(k.Online)) {
		return nil, nil, fmt.Errorf("its threshold is %d, with %d keys", k.Threshold, len(k.Online))
	}
	return k, n, nil
}

// OpenKeys reads a statement of keys that a number of roots at least have
// signed. It does not look at its expiry.
func OpenKeys(note []byte, roots []Key, threshold int) (*Keys, error) {
	k, n, err := ParseKeys(note)
	if err != nil {
		return nil, err
	}
	for _, r := range roots {
		if r.Name != RootName(k.Origin) {
			return nil, fmt.Errorf("it is for %s, and the root is of %s", k.Origin, strings.TrimSuffix(r.Name, rootSuffix))
		}
	}
	if err := n.Verify(roots, threshold); err != nil {
		return nil, err
	}
	return k, nil
}

// OpenHead reads a head that these keys have signed: of their origin and
// generation. It looks neither at its expiry nor at its epoch.
func (k *Keys) OpenHead(note []byte) (Head, error) {
	h, n, err := ParseHead(note)
	switch {
	case err != nil:
		return Head{}, err
	case h.Origin != k.Origin:
		return Head{}, fmt.Errorf("it is for %s, not for %s", h.Origin, k.Origin)
	case h.Generation != k.Generation:
		return Head{}, fmt.Errorf("it is of generation %d, and the keys are of generation %d", h.Generation, k.Generation)
	}
	if err := n.Verify(k.Online, int(k.Threshold)); err != nil {
		return Head{}, err
	}
	return h, nil
}

// SignedNote puts signatures under a text, each of 64 bytes by any of the keys,
// as many as the threshold asks for at least.
func (k *Keys) SignedNote(text []byte, signatures ...[]byte) ([]byte, error) {
	n := &Note{Text: text}
	for _, s := range signatures {
		if err := n.Add(k.Online, s); err != nil {
			return nil, err
		}
	}
	if err := n.Verify(k.Online, int(k.Threshold)); err != nil {
		return nil, err
	}
	return n.Bytes(), nil
}

// NextEpoch is the epoch of a head that follows another and is issued at an
// instant. Where there is no other of the generation, that is the zero Head.
func (k *Keys) NextEpoch(was Head, issued uint32) (uint32, error) {
	switch {
	case was.Generation != k.Generation || was.Epoch < issued:
		return issued, nil
	case was.Epoch == math.MaxUint32:
		return 0, fmt.Errorf("no epoch follows %d: rotate the keys, with 'cairn keys rotate', to begin anew", was.Epoch)
	}
	return was.Epoch + 1, nil
}

// statement takes apart a note of a kind: four lines at least.
func statement(note []byte, kind string) (*Note, []string, error) {
	n, err := ParseNote(note)
	if err != nil {
		return nil, nil, err
	}
	lines := strings.Split(string(bytes.TrimSuffix(n.Text, []byte("\n"))), "\n")
	switch {
	case lines[0] != kind:
		return nil, nil, fmt.Errorf("its first line is %q, not %q", lines[0], kind)
	case len(lines) < 4:
		return nil, nil, fmt.Errorf("it has %d lines, under 4", len(lines))
	case !validName(lines[1]):
		return nil, nil, fmt.Errorf("%q is no origin", lines[1])
	}
	return n, lines, nil
}

// numbers reads decimal numbers below 2^32, without leading zeroes.
func numbers(line string, to ...*uint32) bool {
	fields := strings.Split(line, " ")
	if len(fields) != len(to) {
		return false
	}
	for i, f := range fields {
		n, err := strconv.ParseUint(f, 10, 32)
		if err != nil || strconv.FormatUint(n, 10) != f {
			return false
		}
		*to[i] = uint32(n)
	}
	return true
}

func digest(line string, to *[sha256.Size]byte) bool {
	b, ok := decode(line)
	copy(to[:], b)
	return ok && len(b) == len(to)
}
