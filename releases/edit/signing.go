package edit

import (
	"strings"

	"cairn/releases/signing"
	"cairn/releases/syntax"
)

// Signing writes the [signing] table of a project file that has none.
func Signing(text []byte, roots []signing.Key) ([]byte, error) {
	d, err := Parse(text)
	if err != nil {
		return nil, err
	}
	var lines strings.Builder
	for _, r := range roots {
		lines.WriteString("\n  " + syntax.String(r.String()) + ",")
	}
	if err := d.Set("["+lines.String()+"\n]", "signing", "roots"); err != nil {
		return nil, err
	}
	return d.Bytes(), nil
}
