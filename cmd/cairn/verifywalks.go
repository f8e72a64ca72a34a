package main

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"cairn/cmd/cairn/internal/cli"
	"cairn/manifest"
	"cairn/manifest/device"
)

// mostWalks is how many devices go the signed way in a verify through a CDN.
const mostWalks = 64

// walk sends devices of all targets and cohorts the way of those that verify, to
// the answers at a URL. It is an error where one is not told what the definitions
// say.
func (v *verification) walk(ctx context.Context, p *project, stderr io.Writer) error {
	tree, layout, signing := manifest.New(p.fleet, v.at), manifest.LayoutOf(p.fleet), p.fleet.Signing
	client := &http.Client{Transport: webTransport()}
	type object struct {
		body   []byte
		status int
		err    error
	}
	fetched := map[string]object{}
	get := func(key string) ([]byte, int, error) {
		o, there := fetched[key]
		if !there {
			o.body, o.status, o.err = fetchSmall(ctx, client, v.where+"/"+key)
			fetched[key] = o
		}
		return o.body, o.status, o.err
	}
	var devices []manifest.Device
	for _, target := range manifest.Targets(p.fleet) {
		for _, c := range p.fleet.Cohorts {
			serial := "SN-" + c.Slug
			if c.Devices.Len() > 0 {
				serial = c.Devices.Serial(0)
			}
			for _, version := range append([]string{""}, tree.Known[target]...) {
				devices = append(devices, manifest.Device{Serial: serial, Target: target, CurrentVersion: version, Eager: p.fleet.Project.Eager && len(devices)%2 == 1})
			}
		}
	}
	n, wrong := 0, []string(nil)
	for i := 0; i < len(devices) && ctx.Err() == nil; i += 1 + len(devices)/mostWalks {
		d := device.Device{
			Layout: layout, Order: p.fleet.Project.Order, Origin: p.fleet.Project.KeyName(), Roots: signing.Roots, RootThreshold: signing.RootThreshold,
			Generation: signing.Keys.Generation - 1, Device: devices[i], Now: uint32(v.at.Unix()),
		}
		want := ""
		if payload := manifest.Explain(p.fleet, devices[i], v.at).Payload; payload != nil {
			want = manifest.PayloadURL(p.fleet.Project, layout, payload)
		}
		n++
		if a := d.Poll(get); a.Reason != nil {
			wrong = append(wrong, fmt.Sprintf("%s on %q: %s: %v", devices[i].Serial, devices[i].CurrentVersion, a.Status, a.Reason))
		} else if a.URL != want {
			wrong = append(wrong, fmt.Sprintf("%s on %q: told %q, not %q", devices[i].Serial, devices[i].CurrentVersion, a.URL, want))
		}
	}
	fmt.Fprintf(stderr, "%s went the signed way\n", cli.Count(n, "device"))
	if len(wrong) == 0 {
		return ctx.Err()
	}
	return fmt.Errorf("%d of them are not told what the definitions say:\n  %s", len(wrong), cli.List(wrong, 5))
}
