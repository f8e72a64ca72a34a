// Package javascript has the code that edges in JavaScript have in common. It
// needs nothing: not even modules.
package javascript

import (
	_ "embed"

	"cairn/releases"
)

// Device defines hash, escape, maxSegment and readings.
//
//go:embed device.js
var Device string

//go:embed version.js
var version string

//go:embed semver.js
var semver string

//go:embed natural.js
var natural string

// Versions defines compare and takes, in an order of versions.
func Versions(o releases.Order) string {
	if o == releases.SemVer {
		return version + semver
	}
	return version + natural
}
