package signing

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// mostSignatures is how many lines of signatures a note has at most, for the
// buffers of devices.
const mostSignatures = 4

// Note is a text with signatures.
type Note struct {
	Text       []byte // lines of ASCII, none of them empty, each with its LF
	Signatures []Signature
}

// Signature is one by a key that may be unknown, and of any algorithm.
type Signature struct {
	Name  string
	ID    [4]byte
	Bytes []byte // 1 or more; 64 of Ed25519
}

const dash = "— "

// ParseNote takes a note apart, and verifies nothing. A text alone, without a
// signature, is one.
func ParseNote(note []byte) (*Note, error) {
	text, rest, _ := bytes.Cut(note, []byte("\n\n"))
	n := &Note{Text: text}
	if len(text) < len(note) {
		n.Text = note[:len(text)+1]
	}
	if !bytes.HasSuffix(n.Text, []byte("\n")) || n.Text[0] == '\n' {
		return nil, errors.New("it is no signed note: lines of text, an empty line, lines of signatures")
	}
	for _, c := range n.Text {
		if c != '\n' && (c < ' ' || c > '~') {
			return nil, errors.New("it is no signed note: the text has other characters than printable ASCII")
		}
	}
	for line := range bytes.Lines(rest) {
		s, err := parseSignature(string(line))
		if err != nil {
			return nil, fmt.Errorf("signature line %d: %w", len(n.Signatures)+1, err)
		}
		n.Signatures = append(n.Signatures, s)
	}
	if len(n.Signatures) > mostSignatures {
		return nil, fmt.Errorf("it has %d signatures, over %d", len(n.Signatures), mostSignatures)
	}
	return n, nil
}

func parseSignature(line string) (s Signature, err error) {
	line, whole := strings.CutSuffix(line, "\n")
	line, dashed := strings.CutPrefix(line, dash)
	name, encoded, _ := strings.Cut(line, " ")
	b, ok := decode(encoded)
	if !whole || !dashed || !validName(name) || !ok || len(b) <= len(s.ID) {
		return s, errors.New("it has the form — NAME BASE64")
	}
	return Signature{name, [4]byte(b), b[len(s.ID):]}, nil
}

// ForDevices is a note as devices read it. They leave a line alone that is no
// signature of Ed25519, and take none with other than 1 to 4 lines.
func ForDevices(note []byte) ([]byte, error) {
	text, rest, _ := bytes.Cut(note, []byte("\n\n"))
	if n := bytes.Count(rest, []byte("\n")); n < 1 || n > mostSignatures {
		return nil, fmt.Errorf("it has %d lines of signatures: 1 to %d follow an empty line", n, mostSignatures)
	}
	kept := append(bytes.Clone(text), "\n\n"...)
	for line := range bytes.Lines(rest) {
		if s, err := parseSignature(string(line)); err == nil && len(s.Bytes) == ed25519.SignatureSize {
			kept = append(kept, line...)
		}
	}
	return kept, nil
}

// Bytes is the note as it is published.
func (n *Note) Bytes() []byte {
	b := append(bytes.Clone(n.Text), '\n')
	for _, s := range n.Signatures {
		b = fmt.Appendf(b, "%s%s %s\n", dash, s.Name, base64.StdEncoding.EncodeToString(append(s.ID[:], s.Bytes...)))
	}
	return b
}

// By finds the signature by a key, and says whether it is right.
func (n *Note) By(k Key) (found, valid bool) {
	for _, s := range n.Signatures {
		if s.Name == k.Name && s.ID == k.ID {
			return true, len(s.Bytes) == ed25519.SignatureSize && ed25519.Verify(k.Public, n.Text, s.Bytes)
		}
	}
	return false, false
}

// ErrUnsigned is the error of a note with too few signatures.
var ErrUnsigned = errors.New("it is signed by")

// Verify wants signatures by a number of keys at least. A wrong one by any of
// them refuses the note; what other keys have signed is left alone.
func (n *Note) Verify(keys []Key, threshold int) error {
	count := 0
	for i, k := range keys {
		found, valid := n.By(k)
		switch {
		case found && !valid:
			return fmt.Errorf("the signature by %s+%x is wrong", k.Name, k.ID)
		case valid && !contains(keys[:i], k):
			count++
		}
	}
	if count < max(threshold, 1) {
		return fmt.Errorf("%w %d of the keys that count, and needs %d", ErrUnsigned, count, max(threshold, 1))
	}
	return nil
}

// Add adds a signature of 64 bytes, by whichever of some keys it is.
func (n *Note) Add(keys []Key, signature []byte) error {
	for _, k := range keys {
		if len(signature) != ed25519.SignatureSize || !ed25519.Verify(k.Public, n.Text, signature) {
			continue
		}
		if found, valid := n.By(k); valid {
			return nil
		} else if found {
			return fmt.Errorf("there is a wrong signature by %s+%x already", k.Name, k.ID)
		}
		if len(n.Signatures) == mostSignatures {
			return fmt.Errorf("it has %d signatures already", mostSignatures)
		}
		n.Signatures = append(n.Signatures, Signature{k.Name, k.ID, signature})
		return nil
	}
	return errors.New("the signature is by none of the keys that count, or of another text")
}

func contains(keys []Key, k Key) bool {
	for _, other := range keys {
		if other.Is(k) {
			return true
		}
	}
	return false
}
