package report

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"cairn/cmd/cairn/internal/cli"
	"cairn/manifest"
	"cairn/manifest/device"
	"cairn/releases"
)

// Explanation is one as a reader wants it.
type Explanation struct {
	Fleet  *releases.Fleet
	Layout manifest.Layout
	Device manifest.Device
	At     time.Time
	manifest.Explanation
	Signed []device.Step // what a device that verifies fetches besides; nil where nothing is signed
}

// Write writes the answer and what led to it.
func (x Explanation) Write(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "answer   %s\nbecause  %s\n", x.answer(), x.because())
	if x.Held != nil && x.Payload != nil {
		fmt.Fprintf(&b, "not more %s\n", x.Held)
	}
	if x.Payload != nil {
		fmt.Fprintf(&b, "payload  %s  (%s)\n", manifest.PayloadURL(x.Fleet.Project, x.Layout, x.Payload), cli.Count(int(x.Payload.Size), "byte"))
		if image := x.Payload.Zchunk; image != nil {
			fmt.Fprintf(&b, "image    %s  (%s), of which it fetches what it lacks\n", manifest.PayloadURL(x.Fleet.Project, x.Layout, image), cli.Count(int(image.Size), "byte"))
		}
	}
	fmt.Fprintf(&b, "\nserial   %s\nhash     %s  (XXH64)\nbucket   %s of %d\n", x.Device.Serial, x.Hash, x.Layout.Bucket(x.Hash), x.Layout.Buckets())
	fmt.Fprintf(&b, "cohort   %s  (%s)\n", x.Cohort.Slug, x.membership())
	fmt.Fprintf(&b, "version  %s\ninstant  %s\n", x.currentVersion(), x.At.Format(time.RFC3339))

	if len(x.Activations) == 0 {
		fmt.Fprintf(&b, "\ncohort %s activates no release\n", x.Cohort.Slug)
	} else {
		fmt.Fprintf(&b, "\nreleases that cohort %s activates:\n", x.Cohort.Slug)
		table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		looks := "BUCKET " + x.Layout.Bucket(x.Hash)
		if x.Device.Eager {
			looks = "ASKS EAGERLY"
		}
		fmt.Fprintf(table, "  RELEASE\tPERCENT\tBUCKETS\t%s\n", looks)
		for _, s := range x.Activations {
			fmt.Fprintf(table, "  %s\t%s\t%d/%d\t%s\n", s.Release.Title(), cli.Percent(s.Percent), s.Buckets, x.Layout.Buckets(), x.standing(s))
		}
		table.Flush()
	}
	if what := x.Fleet.Promotes(x.Cohort, x.At); what != "" {
		fmt.Fprintf(&b, "  promotes %s\n", what)
	}
	fmt.Fprint(&b, "\nthe device fetches:\n")
	for _, f := range x.Fetches {
		fmt.Fprintf(&b, "  %s/%s", x.Fleet.Project.BaseURL, f.Key)
		if !f.Found {
			fmt.Fprint(&b, "  (404: no folder of its own)")
		}
		fmt.Fprintln(&b)
	}
	if x.Signed != nil {
		fmt.Fprintf(&b, "\nwhere it verifies, below %s/%s:\n", x.Fleet.Project.BaseURL, x.Layout.HeadKey())
		for _, s := range x.Signed {
			fmt.Fprintf(&b, "  %s  (%s) %s\n", strings.TrimPrefix(s.Key, x.Layout.SignedFolder()), cli.Count(s.Size, "byte"), s.What)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// because is the rule in words.
func (x Explanation) because() string {
	if x.Rule != manifest.UnknownBelow && x.Rule != manifest.UnknownNotBelow {
		return x.Decision.Because()
	}
	compared := "not above it"
	order := x.Fleet.Project.Order
	switch {
	case x.Rule == manifest.UnknownBelow && !x.Cohort.VersionCheck:
		compared = "for any version: the cohort has version_check = false"
	case x.Rule == manifest.UnknownBelow:
		compared = "above it"
	case order.Check(x.Device.CurrentVersion) != nil:
		compared = fmt.Sprintf("above nothing that %s cannot read", order)
	}
	return fmt.Sprintf("%s is no version that is listed here; _other offers %s, which is %s", x.Device.CurrentVersion, x.Other.Version(), compared)
}

func (x Explanation) answer() string {
	switch {
	case x.Payload == nil:
		return "nothing to install"
	case x.Payload.Delta():
		return fmt.Sprintf("%s, as a delta from %s", x.offered(), x.Payload.From)
	}
	return x.offered() + ", as a whole image"
}

// offered is what the device installs, by its release.
func (x Explanation) offered() string {
	if x.Version() != x.Release.Version {
		return fmt.Sprintf("%s %s of release %s", x.Payload.SoftwareType, x.Version(), x.Release.Version)
	}
	return "release " + x.Release.Version
}

func (x Explanation) membership() string {
	if x.Listed < 0 {
		return "no cohort lists the device"
	}
	return "listed in " + x.Cohort.Place(x.Listed).String()
}

func (x Explanation) currentVersion() string {
	switch {
	case x.Device.CurrentVersion == "":
		return "none stated"
	case !x.Known:
		return x.Device.CurrentVersion + "  (not listed here)"
	}
	return x.Device.CurrentVersion
}

// standing says how an activated release stands to the device's bucket.
func (x Explanation) standing(s manifest.Standing) string {
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
	case s.Rollout.Gate() != "":
		text = "out; " + s.Rollout.Waits()
	}
	if s.PausedAt(x.At) {
		text += ", paused since " + s.Paused.Format(time.RFC3339)
	}
	if x.Device.Eager && s.NotEager {
		text += ", eager = false"
	}
	if !s.Offers {
		text += fmt.Sprintf("; has no payload for %s on %s", x.Device.Target.SoftwareType, x.Device.Target.HardwareVersion)
	}
	if s.Held != nil {
		text += "; not for " + x.runs() + ": " + s.Held.String()
	}
	return text
}

// runs names the device's version to say what is not for it.
func (x Explanation) runs() string {
	switch {
	case x.Device.CurrentVersion == "":
		return "devices that state no version"
	case !x.Known:
		return "versions that are not listed"
	}
	return x.Device.CurrentVersion
}

// second is the first whole second at or after an instant.
func second(at time.Time) string {
	return at.Add(time.Second - 1).Truncate(time.Second).Format(time.RFC3339)
}
