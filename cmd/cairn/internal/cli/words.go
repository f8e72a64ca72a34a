package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// Cause is what is wrong, without the path and the words of the call.
func Cause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// List names a few things of many.
func List(things []string, most int) string {
	if len(things) > most {
		return strings.Join(things[:most], "\n  ") + fmt.Sprintf("\n  and %s more", Thousands(len(things)-most))
	}
	return strings.Join(things, "\n  ")
}

// ShellWord quotes what a shell would take apart.
func ShellWord(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || slices.Contains([]rune("._/-+@%,:="), r)
	}
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool { return !plain(r) }) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
