package syntax

import (
	"regexp"
	"strings"
)

// Path writes the name of a table or a key as people do: activate."1.1.0".
func Path(names ...string) string {
	parts := make([]string, len(names))
	for i, n := range names {
		if parts[i] = n; !bare.MatchString(n) {
			parts[i] = String(n)
		}
	}
	return strings.Join(parts, ".")
}

var bare = regexp.MustCompile(`^[A-Za-z_][-A-Za-z0-9_]*$`)

// String is a TOML basic string.
func String(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < ' ' || r == 0x7f:
			const hex = "0123456789ABCDEF"
			b.WriteString(`\u00`)
			b.WriteByte(hex[r>>4])
			b.WriteByte(hex[r&15])
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
