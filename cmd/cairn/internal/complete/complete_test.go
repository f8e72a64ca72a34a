package complete

import (
	"strings"
	"testing"
)

func TestArguments(t *testing.T) {
	for use, want := range map[string]string{
		"check":                                "",
		"gc --older-than AGE":                  "",
		"device-header [--out FILE]":           "",
		"explain SERIAL":                       "SERIAL",
		"withdraw VERSION [--reason TEXT]":     "VERSION",
		"assign SERIAL… --cohort COHORT":       "SERIAL",
		"init [--slug NAME] [DIR]":             "DIR",
		"upload FILE VERSION --to TARGET more": "FILE VERSION more",
	} {
		if got := strings.Join(arguments(use), " "); got != want {
			t.Errorf("%s: %q, not %q", use, got, want)
		}
	}
}
