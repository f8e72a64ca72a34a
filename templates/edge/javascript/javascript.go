// Package javascript has the code that edges in JavaScript have in common. It
// needs nothing: not even modules.
package javascript

import (
	_ "embed"

	"cairn/releases"
)

//go:embed device.js
var device string

//go:embed version.js
var version string

//go:embed semver.js
var semver string

//go:embed natural.js
var natural string

// Device defines hash, escape, maxSegment and readings, of which one that asks
// eagerly, where it may, has eager: "1".
func Device(eager bool) string {
	parameters := "device_serial|hardware_version|software_type|current_version"
	if eager {
		parameters += "|eager"
	}
	return device + "\n// What is read of a query.\nconst parameters = /^(" + parameters + ")$/;\n"
}

// Versions defines compare and takes, in an order of versions.
func Versions(o releases.Order) string {
	if o == releases.SemVer {
		return version + semver
	}
	return version + natural
}
