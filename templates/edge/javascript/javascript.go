// Package javascript has the code that edges in JavaScript have in common.
package javascript

import _ "embed"

// Device defines hash, escape, maxSegment and readings, and needs nothing: not
// even modules.
//
//go:embed device.js
var Device string
