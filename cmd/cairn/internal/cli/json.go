package cli

import (
	"bytes"
	"encoding/json"
	"io"
)

// WriteJSON writes a value as JSON for people and programs: indented, and
// without the escapes that only HTML needs.
func WriteJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// CompactJSON is a value as JSON in one line, without the escapes that only HTML
// needs. It panics for what has no JSON.
func CompactJSON(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err)
	}
	return bytes.TrimSpace(b.Bytes())
}
