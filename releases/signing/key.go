// Package signing has the notes that devices trust: the head, which commits to
// every answer, and the statement of the keys that sign heads. Notes and keys
// have the formats of https://c2sp.org/signed-note with Ed25519. It reads no
// clock and no file.
package signing

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// algorithm tells Ed25519 from other keys in what is encoded.
const algorithm = 1

// Key is a public key.
type Key struct {
	Name   string // printable ASCII without spaces and +
	ID     [4]byte
	Public ed25519.PublicKey
}

// NewKey names a public key.
func NewKey(name string, public ed25519.PublicKey) Key {
	sum := sha256.Sum256(append([]byte(name+"\n\x01"), public...))
	return Key{name, [4]byte(sum[:]), public}
}

// ErrPrivate is the error of a private key in the place of a public one.
var ErrPrivate = errors.New("it is a private key: keep it to yourself, and state the public one")

// ParseKey reads a vkey, the form of [Key.String].
func ParseKey(vkey string) (Key, error) {
	name, rest, _ := strings.Cut(vkey, "+")
	id, encoded, ok := strings.Cut(rest, "+")
	public, known := decodeKey(encoded, ed25519.PublicKeySize)
	switch {
	case strings.HasPrefix(vkey, PrivatePrefix):
		return Key{}, ErrPrivate
	case !ok || !validName(name) || !known:
		return Key{}, fmt.Errorf("%q is no public key: it has the form NAME+ID+BASE64, of Ed25519", vkey)
	}
	k := NewKey(name, public)
	if k.String() != vkey {
		return Key{}, fmt.Errorf("the id %s in the key of %s is not that of its name and key, %x", id, name, k.ID)
	}
	return k, nil
}

// String is the vkey: <name>+<id>+<base64 of 1 and the key>.
func (k Key) String() string {
	return k.Name + "+" + hex.EncodeToString(k.ID[:]) + "+" + encodeKey(k.Public)
}

// Is says whether it is the same key of the same name.
func (k Key) Is(other Key) bool { return k.Name == other.Name && k.Public.Equal(other.Public) }

// Private is a key that signs.
type Private struct {
	Key
	key ed25519.PrivateKey
}

// PrivatePrefix is how a private key begins, as [Private.Encode] has it.
const PrivatePrefix = "PRIVATE+KEY+"

// NewPrivate names a private key, which a seed of 32 random bytes makes.
func NewPrivate(name string, seed []byte) *Private {
	key := ed25519.NewKeyFromSeed(seed)
	return &Private{NewKey(name, key.Public().(ed25519.PublicKey)), key}
}

// ParsePrivate reads the form of [Private.Encode]. No error has any of it.
func ParsePrivate(skey string) (*Private, error) {
	rest, private := strings.CutPrefix(strings.TrimSpace(skey), PrivatePrefix)
	part := strings.SplitN(rest, "+", 3)
	if !private || len(part) != 3 {
		return nil, errors.New("it is no private key: it has the form PRIVATE+KEY+NAME+ID+BASE64")
	}
	seed, known := decodeKey(part[2], ed25519.SeedSize)
	if !known || !validName(part[0]) {
		return nil, errors.New("it is no private key of Ed25519")
	}
	if p := NewPrivate(part[0], seed); hex.EncodeToString(p.ID[:]) == part[1] {
		return p, nil
	}
	return nil, errors.New("the id in the private key is not that of its name and key: it is damaged")
}

// Encode is PRIVATE+KEY+<name>+<id>+<base64 of 1 and the seed>, the form of
// golang.org/x/mod/sumdb/note. It is a secret.
func (p *Private) Encode() string {
	return PrivatePrefix + p.Name + "+" + hex.EncodeToString(p.ID[:]) + "+" + encodeKey(p.key.Seed())
}

// Sign signs a text: 64 bytes.
func (p *Private) Sign(text []byte) []byte { return ed25519.Sign(p.key, text) }

// String keeps the secret out of messages.
func (p *Private) String() string { return p.Key.String() }

// ParseSignature reads what a signing command writes: 64 bytes, base64 of
// them, or the vault:v1: form of HashiCorp Vault.
func ParseSignature(output []byte) ([]byte, error) {
	if len(output) == ed25519.SignatureSize {
		return output, nil
	}
	text := strings.TrimSpace(string(output))
	if _, rest, ok := strings.Cut(text, ":v"); ok && strings.HasPrefix(text, "vault:v") {
		_, text, _ = strings.Cut(rest, ":")
	}
	if signature, ok := decode(text); ok && len(signature) == ed25519.SignatureSize {
		return signature, nil
	}
	return nil, fmt.Errorf("%d bytes, which are no signature: neither 64 raw bytes, nor base64 of them, nor vault:v1:BASE64", len(output))
}

func encodeKey(key []byte) string {
	return base64.StdEncoding.EncodeToString(append([]byte{algorithm}, key...))
}

func decodeKey(s string, size int) ([]byte, bool) {
	b, ok := decode(s)
	if !ok || len(b) != 1+size || b[0] != algorithm {
		return nil, false
	}
	return b[1:], true
}

// decode reads base64 that has one form only.
func decode(s string) ([]byte, bool) {
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	return b, err == nil && base64.StdEncoding.EncodedLen(len(b)) == len(s)
}

func validName(name string) bool {
	for _, r := range name {
		if r <= ' ' || r > '~' || r == '+' {
			return false
		}
	}
	return name != "" && utf8.ValidString(name)
}
