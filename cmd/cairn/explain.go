package main

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"cairn/cmd/cairn/internal/cli"
	"cairn/cmd/cairn/internal/report"
	"cairn/manifest"
	"cairn/manifest/device"
	"cairn/releases"
	"cairn/releases/signing"

	"github.com/spf13/cobra"
)

func explainCommand(global *globalOptions) *cobra.Command {
	var d manifest.Device
	var at cli.At
	var asJSON bool
	var bundle string
	cmd := &cobra.Command{
		Use:   "explain",
		Short: "Say what a device gets, and why",
		Long: `explain says what a device gets at an instant, and why: its hash and bucket, its
cohort and the line that lists it, each activated release with its percentage
and whether the device's bucket is in, the rule that decides, and the keys that
the device fetches. Where answers are signed, it
shows the way of a device that verifies, too: below the head, part by part. --eager
tells of a device that asks for what has begun to roll out ('cairn help rollouts').
--bundle writes the published head, keys and parts into one file for a device
without network: 'cairn verify-bundle' reads it.`,
		Example: `  cairn explain --device-serial DEMOSERIAL --hardware-version mp \
    --software-type stm32-fw --current-version 1.0.0`,
		PreRunE: cli.Needs("device-serial", "hardware-version", "software-type"),
		RunE: global.inProject(func(cmd *cobra.Command, p *project) error {
			if !releases.ValidSerial(d.Serial) {
				return cli.Usagef("--device-serial %q: a device serial is letters, digits, - and _, at most 128 characters", d.Serial)
			}
			if targets := manifest.Targets(p.fleet); !slices.Contains(targets, d.Target) {
				return unknownTarget(d.Target, targets)
			}
			if d.Eager && !p.fleet.Project.Eager {
				return noEager("--eager")
			}
			instant := at.Instant()
			x := report.Explanation{Fleet: p.fleet, Layout: manifest.LayoutOf(p.fleet), Device: d, At: instant, Explanation: manifest.Explain(p.fleet, d, instant)}
			var err error
			if x.Signed, err = p.signedWalk(d, instant); err != nil {
				return err
			}
			if bundle != "" {
				if err := p.writeBundle(cmd.Context(), d, bundle); err != nil {
					return err
				}
			}
			if asJSON {
				return cli.WriteJSON(cmd.OutOrStdout(), x.JSON())
			}
			return x.Write(cmd.OutOrStdout())
		}),
	}
	addDevice(cmd, &d)
	cmd.Flags().BoolVar(&d.Eager, "eager", false, "the device asks for what has begun to roll out, whichever bucket it is in")
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	cmd.Flags().StringVar(&bundle, "bundle", "", "write what is published and signed for the device to this `file`, for a phone or a gateway to carry")
	cli.AddAt(cmd, &at)
	return cmd
}

func noEager(flag string) error {
	return cli.Usagef("%s: this project has no answers for devices that ask eagerly: write eager = true below [project] in %s", flag, releases.ProjectFile)
}

func addDevice(cmd *cobra.Command, d *manifest.Device) {
	f := cmd.Flags()
	f.StringVar(&d.Serial, "device-serial", "", "the device's `serial`")
	f.StringVar(&d.Target.HardwareVersion, "hardware-version", "", "its hardware `version`")
	f.StringVar(&d.Target.SoftwareType, "software-type", "", "its software `type`")
	f.StringVar(&d.CurrentVersion, "current-version", "", "the `version` that it runs (default: it states none)")
}

// signedWalk is how a device gets to its answer by what is signed; nil where
// nothing is.
func (p *project) signedWalk(d manifest.Device, at time.Time) ([]device.Step, error) {
	if p.fleet.Signing == nil {
		return nil, nil
	}
	form, err := manifest.New(p.fleet, at.Truncate(time.Second)).Signed()
	if err != nil {
		return nil, err
	}
	parts := map[string][]byte{}
	layout := manifest.LayoutOf(p.fleet)
	for _, part := range form.Parts {
		parts[layout.PartKey(part.Digest)] = part.Body
	}
	asks := device.Device{Layout: layout, Order: p.fleet.Project.Order, Device: d}
	answer := asks.Follow(signing.Head{Latest: form.Latest, Cohorts: form.Cohorts}, func(key string) ([]byte, int, error) {
		return parts[key], http.StatusOK, nil
	})
	return answer.Steps, answer.Reason
}

func unknownTarget(t manifest.Target, known []manifest.Target) error {
	lines := make([]string, len(known))
	for i, k := range known {
		lines[i] = fmt.Sprintf("--software-type %s --hardware-version %s", k.SoftwareType, k.HardwareVersion)
	}
	return cli.Usagef("no release is made for software type %q on hardware version %q; there are\n  %s",
		t.SoftwareType, t.HardwareVersion, cli.List(lines, 20))
}
