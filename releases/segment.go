package releases

import (
	"errors"
	"fmt"
	"strings"
)

// MaxSegment is the longest an escaped path segment may be, in bytes.
const MaxSegment = 200

const lowerHex = "0123456789abcdef"

func standsForItself(c byte) bool {
	return 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '.' || c == '-'
}

// isPlain says whether a name is its own escaped form.
func isPlain(name string) bool {
	for i := range len(name) {
		if !standsForItself(name[i]) {
			return false
		}
	}
	return !strings.HasPrefix(name, ".")
}

// Escape makes a name a path segment, as docs/contract.md section 1 defines it: a
// key that is built of segments needs no URL encoding.
func Escape(name string) string {
	if isPlain(name) {
		return name
	}
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		if c := name[i]; standsForItself(c) && (i > 0 || c != '.') {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'_', lowerHex[c>>4], lowerHex[c&15]})
		}
	}
	return b.String()
}

// Unescape is the inverse of [Escape]. It refuses what Escape cannot give.
func Unescape(segment string) (string, error) {
	if segment == "" {
		return "", errors.New("empty path segment")
	}
	if isPlain(segment) {
		return segment, nil
	}
	b := make([]byte, 0, len(segment))
	for i := 0; i < len(segment); i++ {
		if segment[i] != '_' {
			b = append(b, segment[i])
			continue
		}
		if i+2 >= len(segment) {
			return "", fmt.Errorf("path segment %q ends within an escape", segment)
		}
		hi, lo := strings.IndexByte(lowerHex, segment[i+1]), strings.IndexByte(lowerHex, segment[i+2])
		if hi < 0 || lo < 0 {
			return "", fmt.Errorf("path segment %q has an escape that is not two lower-case hex digits", segment)
		}
		b = append(b, byte(hi<<4|lo))
		i += 2
	}
	if name := string(b); Escape(name) == segment {
		return name, nil
	}
	return "", fmt.Errorf("path segment %q is not the escaped form of a name", segment)
}
