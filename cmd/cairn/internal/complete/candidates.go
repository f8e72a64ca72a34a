package complete

import (
	"maps"
	"os"
	"slices"
	"strings"

	"cairn/cmd/cairn/internal/cli"
	"cairn/manifest"
	"cairn/publish/edge/conformance"
	"cairn/releases"

	"github.com/spf13/cobra"
)

// candidates lists what may stand somewhere on the command line, each with a
// tab and a description or without.
type candidates func(*releases.Fleet, *cobra.Command) []string

// flagCandidates are those that the definitions name, by the flag. A flag that
// a command adds gets them by its name.
var flagCandidates = map[string]candidates{
	"cohort":                 cohortSlugs,
	"current-version":        knownVersions,
	"component-base-version": knownVersions,
	"component-version":      knownVersions,
	"delta-from":             knownVersions,
	"delta-to":               releaseVersions,
	"device-serial":          listedSerials,
	"fixed-in":               releaseVersions,
	"from":                   from,
	"hardware-version":       hardwareVersions,
	"min-version":            knownVersions,
	"release-version":        releaseVersions,
	"software-type":          softwareTypes,
	"software-version":       knownVersions,
	"start":                  startVersions,
	"target":                 startTargets,
	"to":                     targets,
	"version":                releaseVersions,
	"without":                features,
}

func cohortSlugs(f *releases.Fleet, _ *cobra.Command) (slugs []string) {
	for _, c := range f.Cohorts {
		about := cli.Count(c.Devices.Len(), "device")
		switch {
		case c.Slug == releases.DefaultCohort:
			about = "the devices that no cohort lists"
		case releases.Remote(c.DevicesFile):
			about = "the devices in " + c.DevicesFile
		}
		slugs = append(slugs, c.Slug+"\t"+about)
	}
	return slugs
}

func releaseVersions(f *releases.Fleet, _ *cobra.Command) (versions []string) {
	for _, r := range f.Releases {
		about := r.DisplayName
		if r.Withdrawn != "" {
			about = "withdrawn"
		}
		versions = append(versions, r.Version+"\t"+about)
	}
	return versions
}

// knownVersions are those that a device may run.
func knownVersions(f *releases.Fleet, cmd *cobra.Command) []string {
	versions := releaseVersions(f, cmd)
	for _, software := range slices.Sorted(maps.Keys(f.Software)) {
		versions = append(versions, f.Software[software].KnownVersions...)
	}
	for _, r := range f.Releases {
		versions = append(versions, r.Names()...)
	}
	for r, p := range f.Payloads() {
		versions = append(versions, r.VersionOf(p.SoftwareType))
		if p.Delta() {
			versions = append(versions, p.From)
		}
	}
	return distinct(versions)
}

// distinct leaves the first of those that differ in their description only.
func distinct(words []string) []string {
	seen := map[string]bool{}
	return slices.DeleteFunc(words, func(w string) bool {
		name, _, _ := strings.Cut(w, "\t")
		if seen[name] {
			return true
		}
		seen[name] = true
		return false
	})
}

func startVersions(f *releases.Fleet, cmd *cobra.Command) []string {
	words := []string{}
	for _, v := range append(knownVersions(f, cmd), "none", "unknown") {
		name, _, _ := strings.Cut(v, "\t")
		words = append(words, name+"=")
	}
	return words
}

func startTargets(f *releases.Fleet, _ *cobra.Command) (words []string) {
	for _, t := range manifest.Targets(f) {
		words = append(words, t.SoftwareType+"/"+t.HardwareVersion+"=")
	}
	return words
}

func softwareTypes(f *releases.Fleet, cmd *cobra.Command) (types []string) {
	for _, t := range manifest.Targets(f) {
		if hardware := otherFlag(cmd, "hardware-version"); hardware == "" || hardware == t.HardwareVersion {
			types = append(types, t.SoftwareType)
		}
	}
	return distinct(types)
}

func hardwareVersions(f *releases.Fleet, cmd *cobra.Command) (versions []string) {
	for _, t := range manifest.Targets(f) {
		if software := otherFlag(cmd, "software-type"); software == "" || software == t.SoftwareType {
			versions = append(versions, t.HardwareVersion)
		}
	}
	return distinct(versions)
}

// otherFlag is the value of another flag on the line, "" where there is none.
func otherFlag(cmd *cobra.Command, flag string) string {
	if f := cmd.Flags().Lookup(flag); f != nil {
		return f.Value.String()
	}
	return ""
}

// listedSerials are those in cohorts, unless they are more than a reader wants
// to see.
func listedSerials(f *releases.Fleet, _ *cobra.Command) (serials []string) {
	const most = 100
	for _, c := range f.Cohorts {
		if len(serials)+c.Devices.Len() > most {
			return nil
		}
		for serial := range c.Devices.Serials() {
			serials = append(serials, serial+"\tin cohort "+c.Slug)
		}
	}
	return serials
}

// from is where answers come from, or devices.
func from(f *releases.Fleet, cmd *cobra.Command) []string {
	switch cmd.Name() {
	case "block":
		return knownVersions(f, cmd)
	case "adoption":
		return nil // logs
	}
	return targets(f, cmd)
}

// targets are what [publish] names, and how any other begins.
func targets(f *releases.Fleet, cmd *cobra.Command) []string {
	words := []string{"dir:", "s3://"}
	if strings.HasPrefix(f.Publish.To, "s3://") {
		words = append(words, f.Publish.To+"\tas in [publish]")
	}
	if cmd.Name() == "serve" {
		words = append(words, "definitions")
	}
	entries, _ := os.ReadDir(".")
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			words = append(words, "dir:"+e.Name())
		}
	}
	return words
}

func features(*releases.Fleet, *cobra.Command) (words []string) {
	for _, f := range conformance.Features() {
		words = append(words, string(f)+"\t"+f.About())
	}
	return words
}
