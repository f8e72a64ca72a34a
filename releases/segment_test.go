package releases_test

import (
	"strings"
	"testing"

	"cairn/releases"
)

func TestUnescapeRefuses(t *testing.T) {
	for _, segment := range []string{
		"",
		".hidden", // a leading dot is escaped
		".",
		"..",
		"_", "_2", "a_", "a_2", // cut off
		"_none", "_other", // no name
		"_2B", "_2G", "_ 0", // not two lower-case hex digits
		"_41",   // stands for itself
		"a_2e",  // only a leading dot is escaped
		"a/b",   // never bare
		"a b",   // likewise
		"a%20b", // likewise
		"ünï",
	} {
		if name, err := releases.Unescape(segment); err == nil {
			t.Errorf("Unescape(%q) = %q, want an error", segment, name)
		}
	}
}

func FuzzEscape(f *testing.F) {
	f.Add("1.0.0+b")
	f.Add(".")
	f.Fuzz(func(t *testing.T, name string) {
		segment := releases.Escape(name)
		if strings.ContainsFunc(segment, func(r rune) bool {
			return !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_", r)
		}) || strings.HasPrefix(segment, ".") {
			t.Errorf("Escape(%q) = %q", name, segment)
		}
		got, err := releases.Unescape(segment)
		if name != "" && (got != name || err != nil) {
			t.Errorf("Unescape(%q) = %q, %v, want %q", segment, got, err, name)
		}
	})
}

func FuzzUnescape(f *testing.F) {
	f.Add("_5f")
	f.Add("_2e.")
	f.Fuzz(func(t *testing.T, segment string) {
		if name, err := releases.Unescape(segment); err == nil && releases.Escape(name) != segment {
			t.Errorf("Unescape(%q) = %q, which is %q escaped", segment, name, releases.Escape(name))
		}
	})
}
