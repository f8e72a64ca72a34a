package console

import (
	"encoding/base64"
	"html/template"
)

// Adoption is what access logs tell of who has a release.
type Adoption struct {
	Summary string
	Table   [][]string // the first row is the heading
	Chart   []byte     // SVG of the versions over time; empty for none
}

// Picture is the chart as an image, so that its style is its own.
func (a *Adoption) Picture() template.URL {
	return template.URL("data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(a.Chart))
}
