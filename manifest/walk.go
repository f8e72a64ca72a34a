package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"unicode/utf8"

	"cairn/releases"
)

// Walk goes the way of a device from its cohort to its answer: to the folder of
// its version, or else to what [OtherSegment] offers to versions below. Where
// what a device states can be read in several ways, each folder is looked for
// in the order of the readings; their serials say nothing here.
//
// read gives the body at a location; its error for a missing one matches
// [fs.ErrNotExist]. Walk gives where the answer is, in the form [Text] or
// [Below], and the payload's URL, "" for a device that is up to date. Its error
// matches [fs.ErrNotExist] where there is no answer at all.
func (l Layout) Walk(order releases.Order, cohort, bucket string, readings []Device, read func(Location) ([]byte, error)) (at Location, url string, err error) {
	at = Location{Class: Answer, Form: Text, Cohort: cohort, Bucket: bucket}
	for _, d := range readings {
		at.Target, at.VersionSegment = d.Target, VersionSegment(d.CurrentVersion)
		if body, err := read(at); !errors.Is(err, fs.ErrNotExist) {
			return at, string(body), err
		}
	}
	at.Form, at.VersionSegment = Below, OtherSegment
	for _, d := range readings {
		at.Target = d.Target
		body, err := read(at)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return at, "", err
		}
		offered, err := ParseBelow(body)
		if err != nil {
			return at, "", fmt.Errorf("%s: %w", l.Key(at), err)
		}
		if !offered.To(order, readings) {
			return at, "", nil
		}
		return at, offered.URL, nil
	}
	return at, "", fmt.Errorf("%s: %w", l.Key(at), fs.ErrNotExist)
}

// Offered is what [Below] says: the offer for versions without a folder. The
// zero value is none.
type Offered struct {
	// Version is that of the release. Only versions below it take the offer;
	// where it is "", any version does.
	Version string
	URL     string // of the payload
}

// ErrMalformed is the error of a body that no tree has in the form [Below].
var ErrMalformed = errors.New("not a version and a URL, each in a line")

// ParseBelow reads the body of an answer in the form [Below].
func ParseBelow(body []byte) (Offered, error) {
	if len(body) == 0 {
		return Offered{}, nil
	}
	version, url, ok := strings.Cut(string(body), "\n")
	if !ok || url == "" || strings.Contains(url, "\n") {
		return Offered{}, fmt.Errorf("%w: %.200q", ErrMalformed, body)
	}
	return Offered{version, url}, nil
}

// To says whether a device takes the offer. Where its version can be read in
// several ways, each that the order can place has to be below.
func (o Offered) To(order releases.Order, readings []Device) bool {
	if o.URL == "" || o.Version == "" {
		return o.URL != ""
	}
	below := false
	for _, d := range readings {
		if order.Check(d.CurrentVersion) == nil {
			if below = order.Compare(d.CurrentVersion, o.Version) < 0; !below {
				return false
			}
		}
	}
	return below
}

// Find goes the way of a device in the tree, as [Layout.Walk] does. The answer
// is the marker for a device that is up to date; found is false where there is
// no answer at all.
func (t *Tree) Find(cohort, bucket string, readings ...Device) (at Location, answer Body, found bool) {
	at, url, err := t.Layout.Walk(t.Fleet.Project.Order, cohort, bucket, readings, t.Get)
	if err != nil {
		return at, Body{}, false
	}
	if url != "" {
		f := t.Folder(t.Layout.AnswerFolder(at.Target, cohort, at.VersionSegment))
		answer = t.Bodies[f.Bodies[f.IndexOf(bucket)]]
	}
	return at, answer, true
}

// Get is the body of an answer, in the identity encoding. Its error for a missing
// one matches [fs.ErrNotExist].
func (t *Tree) Get(at Location) ([]byte, error) {
	f := t.Folder(t.Layout.AnswerFolder(at.Target, at.Cohort, at.VersionSegment))
	if f == nil {
		return nil, fs.ErrNotExist
	}
	i := f.IndexOf(at.Bucket)
	if i < 0 {
		return nil, fs.ErrNotExist
	}
	body := &t.Bodies[f.Bodies[i]]
	if at.Form != Below {
		return body.Of(at.Form), nil
	}
	if below := f.Below(body); below != nil {
		return below, nil
	}
	return nil, fs.ErrNotExist
}

// CohortIn is the cohort of a device by its hash, as its shard says it.
func CohortIn(shard []byte, hash string) string {
	// A space stands nowhere but behind the hash that a line begins with.
	_, rest, listed := bytes.Cut(shard, []byte(hash+" "))
	if !listed {
		return releases.DefaultCohort
	}
	cohort, _, _ := bytes.Cut(rest, []byte("\n"))
	return string(cohort)
}

// Unlisted gives some versions that are not among the known ones of a target,
// ascending: below all of them, between two and above all of them, where the
// order has such.
func Unlisted(order releases.Order, known []string) []string {
	lowest := "0"
	if order == releases.SemVer {
		lowest = "0.0.0-0"
	}
	all := []string{lowest}
	for i, version := range known {
		if i > 0 && i < len(known)-1 {
			continue
		}
		separator := "+"
		if strings.Contains(version, "+") {
			separator = "."
		}
		all = append(all, version+separator+"unlisted")
	}
	all = slices.DeleteFunc(all, func(version string) bool {
		return slices.Contains(known, version) || order.Check(version) != nil ||
			utf8.RuneCountInString(version) > releases.MaxName || len(releases.Escape(version)) > releases.MaxSegment
	})
	slices.SortFunc(all, order.Compare)
	return slices.Compact(all)
}
