// Package manifest decides what every group of devices gets, and where it
// finds the answer: the layout of keys, the resolution, the answers and the
// tree of them all, as docs/contract.md sections 1, 3 and 4 define them.
package manifest

import (
	"encoding/hex"
	"strconv"
	"strings"

	"cairn/releases"

	"github.com/cespare/xxhash/v2"
)

// Contract is what docs/contract.md is called: the version, which the keys
// have in them, and the revision.
const Contract = "v1, revision 2"

// Version segments that no escaped version can be.
const (
	NoneSegment  = "_none"  // for a device that states no version
	OtherSegment = "_other" // for a version that has no folder of its own
)

// EagerBucket stands for the name of a bucket where devices look that ask
// eagerly, whichever bucket they are in.
const EagerBucket = "_eager"

// Layout is where things are below the bucket's root.
type Layout struct {
	Prefix       string
	BucketDigits int // 1 to 4
	CohortDigits int // 1 to 4
}

// LayoutOf is the layout of a fleet.
func LayoutOf(f *releases.Fleet) Layout {
	return Layout{f.Project.Prefix, f.Project.BucketDigits, f.Project.CohortDigits}
}

// Hash is XXH64 of a device serial with seed 0, as 16 lower-case hex digits.
func Hash(serial string) string {
	return string(appendHash(make([]byte, 0, 16), xxhash.Sum64String(serial)))
}

func appendHash(to []byte, hash uint64) []byte {
	for shift := 60; shift >= 0; shift -= 4 {
		to = append(to, lowerHex[hash>>shift&15])
	}
	return to
}

// Shard is the name of the cohort shard that lists a device, by its hash.
func (l Layout) Shard(hash string) string { return hash[:l.CohortDigits] }

// Bucket is the name of the bucket that a device is in, by its hash.
func (l Layout) Bucket(hash string) string { return hash[:l.BucketDigits] }

// LooksIn is the name of the bucket in which a device looks: its own, or
// [EagerBucket] if it asks eagerly.
func (l Layout) LooksIn(d Device) string {
	if d.Eager {
		return EagerBucket
	}
	return l.Bucket(Hash(d.Serial))
}

// BucketOf is the place of the bucket that a device is in, by its serial.
func (l Layout) BucketOf(serial string) uint16 {
	return uint16(xxhash.Sum64String(serial) >> (64 - 4*l.BucketDigits))
}

// Devices is how many devices in a bucket a cohort lists.
func (l Layout) Devices(c *releases.Cohort, bucket int) int {
	hashes, _ := c.Devices.Under(l.BucketDigits, uint64(bucket))
	return len(hashes)
}

// Buckets is how many buckets there are.
func (l Layout) Buckets() int { return 1 << (4 * l.BucketDigits) }

// Shards is how many cohort shards there are.
func (l Layout) Shards() int { return 1 << (4 * l.CohortDigits) }

const lowerHex = "0123456789abcdef"

// digits names the i-th bucket or shard.
func digits(i, n int) string {
	var b [4]byte
	for j := n - 1; j >= 0; j-- {
		b[j] = lowerHex[i&15]
		i >>= 4
	}
	return string(b[:n])
}

// BucketName is the name of the i-th bucket; [EagerBucket] in a layout of no
// digits, which has that only.
func (l Layout) BucketName(i int) string {
	if l.BucketDigits == 0 {
		return EagerBucket
	}
	return digits(i, l.BucketDigits)
}

// Digits is how many hex digits the name of a bucket or shard has: none for
// [EagerBucket].
func Digits(name string) int {
	if name == EagerBucket {
		return 0
	}
	return len(name)
}

// ShardName is the name of the i-th cohort shard.
func (l Layout) ShardName(i int) string { return digits(i, l.CohortDigits) }

// Index is the place of a bucket or shard among its like, by its name: the
// inverse of [Layout.BucketName] and [Layout.ShardName], 0 for [EagerBucket].
func Index(name string) int {
	i, _ := strconv.ParseUint(name, 16, 16)
	return int(i)
}

// CohortsFolder is the key of the cohort index, slash included.
func (l Layout) CohortsFolder() string { return l.Prefix + "/v1/cohorts/" }

func (l Layout) payloadsFolder() string { return l.Prefix + "/v1/payloads/" }

func (l Layout) latestFolder() string { return l.Prefix + "/v1/latest/" }

// RenderedFolder is the key of what is rendered for other clients, slash included.
func (l Layout) RenderedFolder() string { return l.Prefix + "/v1/rendered/" }

// renderedKey is that of a file in a format, for a cohort or a bucket of it.
func (l Layout) renderedKey(at Location) string {
	folder := l.RenderedFolder() + at.Format + "/" + releases.Escape(at.Target.SoftwareType) + "/" +
		releases.Escape(at.Target.HardwareVersion) + "/" + at.Cohort + "/"
	if at.Bucket != "" {
		folder += at.Bucket + "/"
	}
	return folder + at.Name
}

// StatusKey is the key of what tells how a publish stands, for people and checkers.
func (l Layout) StatusKey() string { return l.Prefix + "/v1/status.json" }

// SignedFolder is the key of the signed form, slash included.
func (l Layout) SignedFolder() string { return l.Prefix + "/v1/signed/" }

// Where the notes of the signed form are, in its folder.
const (
	signedHead = "head.txt"
	signedKeys = "keys.txt"
)

// HeadKey is the key of the signed head.
func (l Layout) HeadKey() string { return l.SignedFolder() + signedHead }

// KeysKey is the key of the statement of the keys that sign heads.
func (l Layout) KeysKey() string { return l.SignedFolder() + signedKeys }

// PartKey is the key of a part of the signed form, by its digest.
func (l Layout) PartKey(digest [32]byte) string {
	return l.SignedFolder() + hex.EncodeToString(digest[:16])
}

// CohortKey is the key of a cohort shard.
func (l Layout) CohortKey(shard string) string { return l.CohortsFolder() + shard + ".txt" }

// PayloadKey is the key of a payload, by its sha256 in hex and its file name.
func (l Layout) PayloadKey(sha256, name string) string {
	return l.payloadsFolder() + sha256[:32] + "/" + releases.Escape(name)
}

// AnswerFolder is the key of a folder of answers, slash included. The version
// is a segment: escaped, or [NoneSegment] or [OtherSegment].
func (l Layout) AnswerFolder(t Target, cohort, versionSegment string) string {
	return l.latestFolder() + releases.Escape(t.SoftwareType) + "/" + releases.Escape(t.HardwareVersion) +
		"/" + cohort + "/" + versionSegment + "/"
}

// VersionSegment is the segment of a device's current version, "" for none.
func VersionSegment(current string) string {
	if current == "" {
		return NoneSegment
	}
	return releases.Escape(current)
}

// Target is what a payload is made for.
type Target struct {
	SoftwareType    string `json:"software_type"`
	HardwareVersion string `json:"hardware_version"`
}

// Form is one of the forms of an answer, as its file name ends.
type Form string

// The forms of an answer, in the order of their keys. Only those in
// [OtherSegment] have the first.
const (
	Below Form = ".below.txt"
	JSON  Form = ".json"
	Text  Form = ".txt"
)

// Encoding is a content coding of RFC 9110 section 8.4.1 as a key ends.
type Encoding string

// The encodings of a body, in the order of their keys.
const (
	Identity Encoding = ""
	Brotli   Encoding = ".br"
	Gzip     Encoding = ".gz"
)

// Class is what a key is for.
type Class int

// The classes of keys.
const (
	CohortIndex Class = iota
	Answer
	Payload
	Rendered
	Status
	SignedHead
	SignedKeys
	SignedPart
)

// Signed says whether it is of the signed form.
func (c Class) Signed() bool { return c >= SignedHead }

// Location is a key taken apart. Names are unescaped, but for the version.
type Location struct {
	Class    Class
	Encoding Encoding // of an answer or a cohort shard

	Shard string // of the cohort index

	Format         string // of what is rendered
	Target         Target // of an answer, or of what is rendered
	Cohort         string
	VersionSegment string
	Bucket         string
	Form           Form

	SHA256 string // of a payload or a signed part: the first 32 hex digits
	Name   string // of a payload, or of what is rendered: the file name
}

// Key is the inverse of [Layout.Parse].
func (l Layout) Key(at Location) string {
	switch at.Class {
	case CohortIndex:
		return l.CohortKey(at.Shard) + string(at.Encoding)
	case Answer:
		return l.AnswerFolder(at.Target, at.Cohort, at.VersionSegment) + at.Bucket + string(at.Form) + string(at.Encoding)
	case Rendered:
		return l.renderedKey(at)
	case Status:
		return l.StatusKey()
	case SignedHead:
		return l.HeadKey()
	case SignedKeys:
		return l.KeysKey()
	case SignedPart:
		return l.SignedFolder() + at.SHA256
	}
	return l.PayloadKey(at.SHA256, at.Name)
}

// Parse takes a key apart. It is false for a key that no tree of this layout
// can have.
func (l Layout) Parse(key string) (Location, bool) {
	at, ok := l.parse(key)
	return at, ok && l.Key(at) == key
}

// ParseAny is [Layout.Parse] for a layout of any number of digits: a tree that
// was made before the number changed is still cairn's.
func (l Layout) ParseAny(key string) (Location, bool) {
	for _, n := range []int{l.BucketDigits, 1, 2, 3, 4} {
		l.BucketDigits, l.CohortDigits = n, n
		if at, ok := l.Parse(key); ok {
			return at, true
		}
	}
	return Location{}, false
}

func (l Layout) parse(key string) (at Location, ok bool) {
	if rest, ok := strings.CutPrefix(key, l.payloadsFolder()); ok {
		sha256, name, _ := strings.Cut(rest, "/")
		at = Location{Class: Payload, SHA256: sha256}
		at.Name, ok = unescape(name)
		return at, ok && isHex(sha256, 32)
	}
	if name, ok := strings.CutPrefix(key, l.SignedFolder()); ok {
		switch name {
		case signedHead:
			return Location{Class: SignedHead}, true
		case signedKeys:
			return Location{Class: SignedKeys}, true
		}
		return Location{Class: SignedPart, SHA256: name}, isHex(name, 32)
	}
	if rest, ok := strings.CutPrefix(key, l.RenderedFolder()); ok {
		return l.parseRendered(rest)
	}
	if key == l.StatusKey() {
		return Location{Class: Status}, true
	}
	at.Encoding = Identity
	for _, e := range []Encoding{Brotli, Gzip} {
		if stem, found := strings.CutSuffix(key, string(e)); found {
			key, at.Encoding = stem, e
			break
		}
	}
	if rest, ok := strings.CutPrefix(key, l.CohortsFolder()); ok {
		at.Class = CohortIndex
		at.Shard, ok = strings.CutSuffix(rest, ".txt")
		return at, ok && isHex(at.Shard, l.CohortDigits)
	}
	rest, ok := strings.CutPrefix(key, l.latestFolder())
	if !ok || strings.Count(rest, "/") != 4 {
		return at, false
	}
	var part [5]string
	for i := range part {
		part[i], rest, _ = strings.Cut(rest, "/")
	}
	at.Class = Answer
	software, ok1 := unescape(part[0])
	hardware, ok2 := unescape(part[1])
	at.Target = Target{software, hardware}
	at.Cohort, at.VersionSegment = part[2], part[3]
	ok3 := at.VersionSegment == NoneSegment || at.VersionSegment == OtherSegment
	if !ok3 {
		_, ok3 = unescape(at.VersionSegment)
	}
	for _, form := range []Form{Below, JSON, Text} {
		if bucket, found := strings.CutSuffix(part[4], string(form)); found {
			at.Bucket, at.Form = bucket, form
			break
		}
	}
	if at.Form == Below && at.VersionSegment != OtherSegment {
		return at, false
	}
	return at, ok1 && ok2 && ok3 && releases.ValidSlug(at.Cohort) && at.Form != "" &&
		(at.Bucket == EagerBucket || isHex(at.Bucket, l.BucketDigits))
}

// parseRendered takes a key apart behind its folder.
func (l Layout) parseRendered(rest string) (at Location, ok bool) {
	part := strings.Split(rest, "/")
	if len(part) != 5 && len(part) != 6 {
		return at, false
	}
	at = Location{Class: Rendered, Format: part[0], Cohort: part[3], Name: part[len(part)-1]}
	software, ok1 := unescape(part[1])
	hardware, ok2 := unescape(part[2])
	at.Target = Target{software, hardware}
	if len(part) == 6 {
		at.Bucket = part[4]
		ok2 = ok2 && isHex(at.Bucket, l.BucketDigits)
	}
	return at, ok1 && ok2 && releases.ValidSlug(at.Format) && releases.ValidSlug(at.Cohort) && releases.ValidPath(at.Name)
}

// PayloadBeside is where the payload is that is asked for beside a rendered file,
// by its digest, a dot and its escaped name: for clients that fetch nothing from
// elsewhere. It is false for any other name.
func (l Layout) PayloadBeside(at Location) (Location, bool) {
	if at.Class != Rendered || len(at.Name) < 66 || at.Name[64] != '.' || !isHex(at.Name[:64], 64) {
		return at, false
	}
	name, ok := unescape(at.Name[65:])
	return Location{Class: Payload, SHA256: at.Name[:32], Name: name}, ok
}

func unescape(segment string) (string, bool) {
	name, err := releases.Unescape(segment)
	return name, err == nil && len(segment) <= releases.MaxSegment
}

func isHex(s string, n int) bool {
	return len(s) == n && strings.Trim(s, lowerHex) == ""
}
