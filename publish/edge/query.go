package edge

import (
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"cairn/manifest"
	"cairn/releases"
)

// parseQuery reads the parameters of the query API: in any order, empty pairs
// tolerated, unknown ones ignored.
//
// A plus sign is a space to a form encoder and a plus to firmware that encodes
// nothing, such as one that sends 1.0.0+b. Where there is one, both readings
// are given, the standard one first: a device must not pass for one with an
// unknown version, and so get the release that it runs.
//
// Eager says whether a device may ask eagerly. Otherwise that parameter is
// unknown.
func parseQuery(raw string, eager bool) ([]manifest.Device, error) {
	known := parameters[:]
	if !eager {
		known = known[:len(known)-1]
	}
	q, err := parseReading(raw, known, url.QueryUnescape)
	if err != nil {
		return nil, err
	}
	readings := []manifest.Device{q}
	if strings.Contains(raw, "+") {
		if literal, err := parseReading(raw, known, url.PathUnescape); err == nil {
			readings = append(readings, literal)
		}
	}
	return readings, nil
}

// parameters are those of the query API. The first three are required.
var parameters = [...]string{"device_serial", "hardware_version", "software_type", "current_version", "eager"}

func parseReading(raw string, known []string, unescape func(string) (string, error)) (manifest.Device, error) {
	var values [len(parameters)]string
	var given [len(parameters)]bool
	for pair := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if unescaped, err := unescape(name); err == nil {
			name = unescaped
		}
		i := slices.Index(known, name)
		if i < 0 {
			continue
		}
		if given[i] {
			return manifest.Device{}, badRequest("parameter %s is given twice", name)
		}
		v, err := unescape(value)
		if err != nil {
			return manifest.Device{}, badRequest("parameter %s is not percent-encoded as RFC 3986 says", name)
		}
		if utf8.RuneCountInString(v) > releases.MaxName || !utf8.ValidString(v) || strings.ContainsFunc(v, unicode.IsControl) {
			return manifest.Device{}, badRequest("parameter %s is not text of at most %d characters", name, releases.MaxName)
		}
		values[i], given[i] = v, true
	}
	for i, name := range parameters[:3] {
		if values[i] == "" {
			return manifest.Device{}, badRequest("parameter %s is missing", name)
		}
	}
	if !releases.ValidSerial(values[0]) {
		return manifest.Device{}, badRequest("parameter device_serial has characters other than letters, digits, - and _")
	}
	return manifest.Device{
		Serial:         values[0],
		Target:         manifest.Target{HardwareVersion: values[1], SoftwareType: values[2]},
		CurrentVersion: values[3],
		Eager:          values[4] == "1",
	}, nil
}
