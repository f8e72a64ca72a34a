package audit

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"time"

	"cairn/manifest"
	"cairn/publish"
	"cairn/releases"
)

// OfSigned is the objects of a signed form, ascending by key. They come behind
// those of the site. A head is right that the keys have signed, that commits to
// this form, and that is good at an instant.
func OfSigned(l manifest.Layout, want *manifest.Signed, by *publish.Signing, cache releases.Cache, at time.Time) (all []Object) {
	add := func(class manifest.Class, o Object) {
		header := publish.HeaderOf(manifest.Location{Class: class}, cache)
		o.Header, o.Small = &header, true
		all = append(all, o)
	}
	digest := func(b []byte) Digest { return Digest{int64(len(b)), md5.Sum(b)} }
	for _, p := range want.Parts {
		add(manifest.SignedPart, Object{Key: l.PartKey(p.Digest), Digest: digest(p.Body), SHA256: hex.EncodeToString(p.Digest[:])})
	}
	add(manifest.SignedHead, Object{Key: l.HeadKey(), Check: func(note []byte) string {
		head, err := by.Keys.OpenHead(note)
		expires := time.Unix(int64(head.Expires), 0).UTC()
		switch {
		case err != nil:
			return err.Error()
		case head.Latest != want.Latest:
			return "commits to other answers"
		case head.Cohorts != want.Cohorts:
			return "commits to another cohort index"
		case !at.Before(expires):
			return fmt.Sprintf("expired at %s", expires.Format(time.RFC3339))
		}
		return ""
	}})
	add(manifest.SignedKeys, Object{Key: l.KeysKey(), Digest: digest(by.KeysNote)})
	return all
}
