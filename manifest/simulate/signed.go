package simulate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"

	"cairn/manifest"
	signed "cairn/manifest/device"
)

// distrust says why a device of a crowd that believes only what is signed does
// not get the URL that others get, "" for none; "" where it gets it.
func (s *settling) distrust(ctx context.Context, c *crowd, version, url string) (string, error) {
	signing := s.fleet.Signing
	d := signed.Device{
		Layout: s.layout, Order: s.fleet.Project.Order, Origin: s.fleet.Project.KeyName(),
		Roots: signing.Roots, RootThreshold: signing.RootThreshold, Generation: signing.Keys.Generation - 1,
		Device: manifest.Device{Serial: c.serial, Target: s.targets[c.target], CurrentVersion: version, Eager: int(c.bucket) == s.eagerBucket()},
		Now:    uint32(s.From.Unix()),
	}
	a := d.Poll(func(key string) ([]byte, int, error) {
		body, err := s.asker.texts.get(key, func() ([]byte, error) { return s.asker.get(ctx, key) })
		if errors.Is(err, fs.ErrNotExist) {
			return nil, http.StatusNotFound, nil
		}
		return body, http.StatusOK, err
	})
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case a.Reason != nil:
		return fmt.Sprintf("by what is signed it is %s: %v", a.Status, a.Reason), nil
	case a.URL != url:
		return fmt.Sprintf("what is signed says %q, and what is not says %q", a.URL, url), nil
	}
	return "", nil
}
