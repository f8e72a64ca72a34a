package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"cairn/manifest"
	"cairn/releases"

	"github.com/spf13/cobra"
)

func explainCommand(global *globalOptions) *cobra.Command {
	var d manifest.Device
	var at atFlag
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "explain",
		Short: "Say what a device gets, and why",
		Long: `explain says what a device is answered at an instant, and everything that leads
to it: its hash and bucket, its cohort and where that lists it, each activated
release with its percentage and whether the device's bucket is in, the rule
that decides, and the keys that the device fetches.`,
		Example: `  cairn explain --device-serial DEMOSERIAL --hardware-version mp \
    --software-type stm32-fw --current-version 1.0.0`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, f := range []struct{ name, value string }{
				{"device-serial", d.Serial}, {"hardware-version", d.Target.HardwareVersion}, {"software-type", d.Target.SoftwareType},
			} {
				if f.value == "" {
					return usagef("explain needs --%s", f.name)
				}
			}
			if !releases.ValidSerial(d.Serial) {
				return usagef("--device-serial %q: a device serial is letters, digits, - and _, at most 128 characters", d.Serial)
			}
			p, err := global.open(cmd.Context())
			if err != nil {
				return err
			}
			defer p.close()
			if targets := manifest.Targets(p.fleet); !slices.Contains(targets, d.Target) {
				return unknownTarget(d.Target, targets)
			}
			instant := at.instant()
			x := explanation{p.fleet, manifest.LayoutOf(p.fleet), d, instant, manifest.Explain(p.fleet, d, instant)}
			if asJSON {
				enc := json.NewEncoder(cmd.OutOrStdout())
				enc.SetEscapeHTML(false)
				enc.SetIndent("", "  ")
				return enc.Encode(x.json())
			}
			return x.write(cmd.OutOrStdout())
		},
	}
	f := cmd.Flags()
	f.StringVar(&d.Serial, "device-serial", "", "the device's `serial`")
	f.StringVar(&d.Target.HardwareVersion, "hardware-version", "", "its hardware `version`")
	f.StringVar(&d.Target.SoftwareType, "software-type", "", "its software `type`")
	f.StringVar(&d.CurrentVersion, "current-version", "", "the `version` that it runs (default: it states none)")
	f.BoolVar(&asJSON, "json", false, "write JSON")
	addAt(cmd, &at)
	return cmd
}

func unknownTarget(t manifest.Target, known []manifest.Target) error {
	lines := make([]string, len(known))
	for i, k := range known {
		lines[i] = fmt.Sprintf("--software-type %s --hardware-version %s", k.SoftwareType, k.HardwareVersion)
	}
	return usagef("no release is made for software type %q on hardware version %q; there are\n  %s",
		t.SoftwareType, t.HardwareVersion, list(lines, 20))
}

// explanation is one as a reader wants it.
type explanation struct {
	fleet  *releases.Fleet
	layout manifest.Layout
	device manifest.Device
	at     time.Time
	manifest.Explanation
}

func (x explanation) write(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "answer   %s\nbecause  %s\n", x.answer(), x.Rule.Because())
	if x.Payload != nil {
		fmt.Fprintf(&b, "payload  %s  (%s)\n", manifest.PayloadURL(x.fleet.Project, x.layout, x.Payload), count(int(x.Payload.Size), "byte"))
	}
	fmt.Fprintf(&b, "\nserial   %s\nhash     %s  (XXH64)\nbucket   %s of %d\n", x.device.Serial, x.Hash, x.layout.Bucket(x.Hash), x.layout.Buckets())
	fmt.Fprintf(&b, "cohort   %s  (%s)\n", x.Cohort.Slug, x.membership())
	fmt.Fprintf(&b, "version  %s\ninstant  %s\n", x.currentVersion(), x.at.Format(time.RFC3339))

	if len(x.Activations) == 0 {
		fmt.Fprintf(&b, "\ncohort %s activates no release\n", x.Cohort.Slug)
	} else {
		fmt.Fprintf(&b, "\nreleases that cohort %s activates:\n", x.Cohort.Slug)
		table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		fmt.Fprintf(table, "  RELEASE\tPERCENT\tBUCKETS\tBUCKET %s\n", x.layout.Bucket(x.Hash))
		for _, s := range x.Activations {
			fmt.Fprintf(table, "  %s\t%s\t%d/%d\t%s\n", s.Release.Version, percent(s.Percent), s.Buckets, x.layout.Buckets(), x.standing(s))
		}
		table.Flush()
	}
	fmt.Fprint(&b, "\nthe device fetches:\n")
	for _, f := range x.Fetches {
		fmt.Fprintf(&b, "  %s/%s", x.fleet.Project.BaseURL, f.Key)
		if !f.Found {
			fmt.Fprint(&b, "  (404: no folder of its own)")
		}
		fmt.Fprintln(&b)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (x explanation) answer() string {
	switch {
	case x.Payload == nil:
		return "nothing to install"
	case x.Payload.Delta():
		return fmt.Sprintf("release %s, as a delta from %s", x.Release.Version, x.Payload.From)
	}
	return "release " + x.Release.Version + ", as a whole image"
}

func (x explanation) membership() string {
	if x.Listed == nil {
		return "no cohort lists the device"
	}
	return "listed in " + x.Cohort.Place(x.Listed).String()
}

func (x explanation) currentVersion() string {
	switch {
	case x.device.CurrentVersion == "":
		return "none stated"
	case !x.Known:
		return x.device.CurrentVersion + "  (not a known version)"
	}
	return x.device.CurrentVersion
}

// standing says how an activated release stands to the device's bucket.
func (x explanation) standing(s manifest.Standing) string {
	switch {
	case s.Release.Withdrawn != "":
		return "release withdrawn: " + s.Release.Withdrawn
	case s.Aborted != "":
		return "rollout aborted: " + s.Aborted
	}
	text := "out"
	switch {
	case s.In && s.From.IsZero():
		text = "in"
	case s.In:
		text = "in since " + second(s.From)
	case !s.From.IsZero():
		text = "out, in from " + second(s.From)
	}
	if !s.Paused.IsZero() && !s.Paused.After(x.at) {
		text += ", paused since " + s.Paused.Format(time.RFC3339)
	}
	if !s.Offers {
		text += fmt.Sprintf("; has no payload for %s on %s", x.device.Target.SoftwareType, x.device.Target.HardwareVersion)
	}
	return text
}

// second is the first whole second at or after an instant.
func second(at time.Time) string {
	return at.Add(time.Second - 1).Truncate(time.Second).Format(time.RFC3339)
}

func percent(p float64) string {
	s := fmt.Sprintf("%.3f", p)
	return strings.TrimRight(strings.TrimRight(s, "0"), ".") + " %"
}
