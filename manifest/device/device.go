// Package device is a device that believes only what is signed: docs/signing.md,
// as the C of device-header --signed does it. A poll reads the head, the keys
// where they are new, and the parts that lead to the own answer. It has no clock,
// and no network of its own.
package device

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"cairn/manifest"
	"cairn/releases"
	"cairn/releases/signing"
)

// Device is a device and what it remembers. The fields of the first group are
// burned into its firmware.
type Device struct {
	Layout        manifest.Layout
	Order         releases.Order
	Origin        string
	Roots         []signing.Key
	RootThreshold int
	Built         uint32 // no epoch below it is taken; 0 for any
	manifest.Device

	Now    uint32 // seconds since 1970; 0 where it has no clock
	Uptime uint32 // seconds since it started; only a device without a clock goes by it

	// Kept over a reset if possible.
	Generation uint32 // one less than that of the first keys, before it has any
	Epoch      uint32
	Keys       *signing.Keys

	// In memory.
	head    signing.Head // the last good one
	start   uint32       // what its time was when it started, by that head
	latest  [32]byte     // the root that was followed to the end
	cohorts [32]byte     // likewise
	cohort  string       // "" where it is not known
	row     [32]byte     // that said "up to date"
	eagerly bool         // whether these two were followed eagerly
}

// Status is how a poll ends.
type Status string

// How polls end. All but Install leave the device as it is.
const (
	UpToDate   Status = "up to date"
	Install    Status = "install"
	RetryLater Status = "retry later" // something is not there, or not what the head names
	Refused    Status = "refused"     // a note that is not good: somebody may be at work
	Stale      Status = "stale"       // nothing newer than what is over
)

// Answer is what a poll ends with.
type Answer struct {
	Status Status
	Reason error // of a status that is neither UpToDate nor Install
	// Of what is to be installed, or "".
	SHA256 string // 64 hex digits
	Size   int64  // in bytes
	URL    string

	Cohort string
	Steps  []Step // in the order in which they were fetched
}

// Step is an object that a poll has fetched.
type Step struct {
	Key  string
	Size int
	What string // what it told, in words
}

// Fetch gets an object by its key: its body, and the status of HTTP.
type Fetch func(key string) (body []byte, status int, err error)

// poll is one under way.
type poll struct {
	*Device
	get    Fetch
	answer Answer
}

// stop is a poll that ends.
type stop struct {
	status Status
	error
}

func (s stop) Unwrap() error { return s.error }

// Poll asks once.
func (d *Device) Poll(get Fetch) Answer {
	return d.ask(get, func(p *poll) error { return p.readHead(true) })
}

// Follow goes the way below a head that is known to be good.
func (d *Device) Follow(head signing.Head, get Fetch) Answer {
	d.head = head
	return d.ask(get, func(*poll) error { return nil })
}

func (d *Device) ask(get Fetch, head func(*poll) error) Answer {
	p := &poll{Device: d, get: get}
	err := head(p)
	if err == nil {
		err = p.walkBelow()
	}
	var s stop
	if p.answer.Status = RetryLater; errors.As(err, &s) {
		p.answer.Status = s.status
	}
	if p.answer.Reason = err; err == nil {
		p.answer.Status = UpToDate
		if p.answer.URL != "" {
			p.answer.Status = Install
		}
	}
	p.answer.Cohort = d.cohort
	return p.answer
}

func (p *poll) fetch(key string) ([]byte, error) {
	body, status, err := p.get(key)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("status %d", status)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	p.answer.Steps = append(p.answer.Steps, Step{Key: key, Size: len(body)})
	return body, nil
}

// tell says what the last step was good for.
func (p *poll) tell(format string, args ...any) {
	p.answer.Steps[len(p.answer.Steps)-1].What = fmt.Sprintf(format, args...)
}

// note fetches a note, without what stands beside its signatures.
func (p *poll) note(key string) ([]byte, error) {
	body, err := p.fetch(key)
	if err != nil {
		return nil, err
	}
	if body, err = signing.ForDevices(body); err != nil {
		return nil, refuse(key, err)
	}
	return body, nil
}

func refuse(key string, err error) error { return stop{Refused, fmt.Errorf("%s: %w", key, err)} }

func (p *poll) walkBelow() error {
	if p.cohort == "" || p.cohorts != p.head.Cohorts {
		if err := p.findCohort(); err != nil {
			return err
		}
	}
	if p.eagerly != p.Eager {
		p.eagerly, p.latest, p.row = p.Eager, [32]byte{}, [32]byte{}
	}
	if p.latest == p.head.Latest {
		return nil
	}
	return p.findAnswer()
}

// readHead takes over the head, if it is good.
func (p *poll) readHead(ask bool) error {
	key := p.Layout.HeadKey()
	body, err := p.note(key)
	if err != nil {
		return err
	}
	head, note, err := signing.ParseHead(body)
	switch {
	case err != nil:
		return refuse(key, err)
	case head.Origin != p.Origin:
		return refuse(key, fmt.Errorf("it is for %s, not for %s", head.Origin, p.Origin))
	}
	p.tell("generation %d, epoch %d", head.Generation, head.Epoch)
	switch {
	case ask && head.Generation > p.Generation:
		if err := p.readKeys(); err != nil {
			return err
		}
		return p.readHead(false)
	case head.Generation != p.Generation || p.Keys == nil:
		return refuse(key, fmt.Errorf("it is of generation %d, and the keys are of generation %d", head.Generation, p.Generation))
	case head.Epoch == 0 || head.Epoch < p.Epoch || head.Epoch < p.Built:
		return refuse(key, fmt.Errorf("its epoch %d is below %d: it is an old one", head.Epoch, max(p.Epoch, p.Built, 1)))
	}
	if head != p.head {
		if err := note.Verify(p.Keys.Online, int(p.Keys.Threshold)); err != nil {
			return refuse(key, err)
		}
		if head.Epoch != p.head.Epoch {
			p.start = head.Issued - p.Uptime
		}
	}
	switch now := p.time(head.Issued); {
	case now > head.Expires:
		return stop{Stale, fmt.Errorf("%s: it was good until %d, and now is %d", key, head.Expires, now)}
	case p.Now != 0 && p.Now > p.Keys.Expires:
		return stop{Stale, fmt.Errorf("%s: the keys were good until %d, and now is %d", key, p.Keys.Expires, p.Now)}
	}
	p.head, p.Epoch = head, head.Epoch
	return nil
}

// time is what time it is, never later than the true one. A clock that is
// before something was issued is not set.
func (p *poll) time(issued uint32) uint32 {
	if p.Now >= issued {
		return p.Now
	}
	return p.start + p.Uptime
}

// readKeys takes over the statement of the keys, if it is good and new.
func (p *poll) readKeys() error {
	key := p.Layout.KeysKey()
	body, err := p.note(key)
	if err != nil {
		return err
	}
	keys, err := signing.OpenKeys(body, p.Roots, p.RootThreshold)
	switch {
	case err != nil:
		return refuse(key, err)
	case keys.Origin != p.Origin:
		return refuse(key, fmt.Errorf("it is for %s, not for %s", keys.Origin, p.Origin))
	case keys.Generation <= p.Generation:
		return refuse(key, fmt.Errorf("it is of generation %d, not above %d", keys.Generation, p.Generation))
	case p.Now >= keys.Issued && p.Now > keys.Expires:
		return stop{Stale, fmt.Errorf("%s: it was good until %d", key, keys.Expires)}
	}
	p.tell("generation %d, %d of %d keys sign", keys.Generation, keys.Threshold, len(keys.Online))
	p.Generation, p.Keys, p.Epoch = keys.Generation, keys, 0
	p.head, p.latest, p.cohorts = signing.Head{}, [32]byte{}, [32]byte{}
	return nil
}

// part fetches a part, which is what its digest says.
func (p *poll) part(digest [32]byte) ([]byte, error) {
	key := p.Layout.PartKey(digest)
	body, err := p.fetch(key)
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(body); sum != digest {
		return nil, fmt.Errorf("%s: its SHA-256 is %x, not %x", key, sum, digest)
	}
	return body, nil
}

// walk goes from a root to the bin of a place, and gives the entry with the
// first of some keys that is there; -1 for none.
func (p *poll) walk(root [32]byte, place string, questions ...string) (which int, digest [32]byte, err error) {
	const inner, bin, entry = 1 + 16*sha256.Size, 1, 8 + sha256.Size
	at := sha256.Sum256([]byte(place))
	for depth := 0; ; depth++ {
		body, err := p.part(root)
		switch {
		case err != nil:
			return -1, digest, err
		case len(body) == inner && body[0] == 'I' && depth < 2*len(at):
			digit := at[depth/2] >> (4 * (1 - depth%2)) & 15
			p.tell("inner node; %x is next of the place %x of %s", digit, at[:4], place)
			root = [32]byte(body[1+sha256.Size*int(digit):])
			if root == [32]byte{} {
				return -1, digest, nil
			}
			continue
		case len(body) == 0 || body[0] != 'B' || (len(body)-bin)%entry != 0:
			return -1, digest, fmt.Errorf("%s: it is neither an inner node nor a bin", p.Layout.PartKey(root))
		}
		for i, q := range questions {
			key := sha256.Sum256([]byte(q))
			for e := body[bin:]; len(e) > 0; e = e[entry:] {
				if bytes.Equal(e[:8], key[:8]) {
					p.tell("bin of %d; entry %x of %s", (len(body)-bin)/entry, key[:8], q)
					return i, [32]byte(e[8:]), nil
				}
			}
		}
		p.tell("bin of %d; no entry of %s", (len(body)-bin)/entry, strings.Join(questions, " or "))
		return -1, digest, nil
	}
}

func (p *poll) findCohort() error {
	p.row = [32]byte{}
	hash := manifest.Hash(p.Serial)
	question := "cohorts/" + p.Layout.Shard(hash)
	which, digest, err := p.walk(p.head.Cohorts, question, question)
	if err != nil {
		return err
	}
	cohort := releases.DefaultCohort
	if which >= 0 {
		shard, err := p.part(digest)
		if err != nil {
			return err
		}
		cohort = manifest.CohortIn(shard, hash)
		p.tell("shard of the cohort index; %s is in %s", hash, cohort)
	}
	if cohort != p.cohort {
		p.latest = [32]byte{}
	}
	p.cohort, p.cohorts = cohort, p.head.Cohorts
	return nil
}

func (p *poll) findAnswer() error {
	hash := manifest.Hash(p.Serial)
	track := strings.Join([]string{"latest", releases.Escape(p.Target.SoftwareType), releases.Escape(p.Target.HardwareVersion), p.cohort}, "/")
	bucket, more := manifest.Index(p.Layout.Bucket(hash)), ""
	const most = 3 // digits of a row
	if p.Layout.BucketDigits > most {
		bucket, more = bucket%(1<<(4*most)), "/"+hash[:p.Layout.BucketDigits-most]
	}
	if p.Eager {
		more = "/" + manifest.EagerBucket // a row in which all buckets are alike
	}
	own, other := track+"/"+manifest.VersionSegment(p.CurrentVersion)+more, track+"/"+manifest.OtherSegment+more
	which, digest, err := p.walk(p.head.Latest, track, own, other)
	switch {
	case err != nil:
		return err
	case which < 0:
		return fmt.Errorf("there is no answer for %s", track)
	case digest == p.row:
		p.latest = p.head.Latest
		return nil
	}
	body, err := p.part(digest)
	if err != nil {
		return err
	}
	line, number, err := lineOf(body, bucket, 1<<(4*min(p.Layout.BucketDigits, most)))
	if err != nil {
		return fmt.Errorf("%s: %w", p.Layout.PartKey(digest), err)
	}
	p.tell("row; bucket %s has %d: %s", p.Layout.LooksIn(p.Device.Device), number, line.in())
	if number == 0 || which == 1 && line.below != "" && !p.Order.Below(p.CurrentVersion, line.below) {
		p.latest, p.row = p.head.Latest, digest
		return nil
	}
	p.answer.SHA256, p.answer.Size, p.answer.URL = line.sha256, line.size, line.url
	return nil
}

// line is what a row offers.
type line struct {
	sha256, url string
	size        int64
	below       string // the version that devices must be below; "" for any
}

func (l line) in() string {
	if l.url == "" {
		return "up to date"
	}
	return l.url
}

// lineOf reads the answer of a bucket in a row of so many.
func lineOf(row []byte, bucket, buckets int) (l line, number int, err error) {
	width := (buckets + 7) / 8
	if len(row) < 2 || row[0] != 'R' || row[1] > 7 || len(row) < 2+int(row[1])*width {
		return l, 0, errors.New("it is no row")
	}
	planes := row[2 : 2+int(row[1])*width]
	for j := range int(row[1]) {
		number |= int(planes[j*width+bucket/8]>>(bucket%8)&1) << j
	}
	if number == 0 {
		return l, 0, nil
	}
	lines := strings.Split(string(row[2+len(planes):]), "\n")
	if number >= len(lines) {
		return l, 0, fmt.Errorf("it has no line %d", number)
	}
	field := append(strings.Split(lines[number-1], " "), "", "", "", "")
	l = line{sha256: field[0], url: field[2]}
	digest, wrong := hex.DecodeString(l.sha256)
	if l.size, err = strconv.ParseInt(field[1], 10, 64); err != nil || wrong != nil || len(digest) != sha256.Size || l.url == "" {
		return l, 0, fmt.Errorf("line %d is none", number)
	}
	if field[3] != "" {
		if l.below, err = releases.Unescape(field[3]); err != nil {
			return l, 0, err
		}
	}
	return l, number, nil
}
