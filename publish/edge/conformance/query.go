package conformance

import (
	"fmt"
	"net/url"
	"strings"

	"cairn/manifest"
)

// query is the parameters of a device, in the order of the documentation.
func query(d manifest.Device) string { return strings.Join(pairs(d, encoded), "&") }

// pairs are the parameters of a device, each with its name.
func pairs(d manifest.Device, encode func(string) string) []string {
	p := []string{
		"device_serial=" + encode(d.Serial),
		"hardware_version=" + encode(d.Target.HardwareVersion),
		"software_type=" + encode(d.Target.SoftwareType),
	}
	if d.CurrentVersion != "" {
		p = append(p, "current_version="+encode(d.CurrentVersion))
	}
	if d.Eager {
		p = append(p, "eager=1")
	}
	return p
}

// encoded percent-encodes what is not unreserved (RFC 3986 section 2.3).
func encoded(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// all percent-encodes all bytes.
func all(format string) func(string) string {
	return func(s string) string {
		var b strings.Builder
		for i := range len(s) {
			fmt.Fprintf(&b, format, s[i])
		}
		return b.String()
	}
}

// bare encodes what has to be for the query to be read at all, as a client
// does that takes no notice of RFC 3986.
func bare(s string) string {
	return strings.NewReplacer("%", "%25", "&", "%26", "#", "%23", "+", "%2B", " ", "%20").Replace(s)
}

// readings are the devices that a query may be about.
func readings(query string) []manifest.Device {
	space, _ := url.ParseQuery(query)
	plus, _ := url.ParseQuery(strings.ReplaceAll(query, "+", "%2B"))
	var devices []manifest.Device
	for _, v := range []url.Values{space, plus} {
		devices = append(devices, manifest.Device{
			Serial:         v.Get("device_serial"),
			Target:         manifest.Target{SoftwareType: v.Get("software_type"), HardwareVersion: v.Get("hardware_version")},
			CurrentVersion: v.Get("current_version"),
		})
	}
	return devices
}
