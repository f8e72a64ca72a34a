package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"cairn/releases"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// wayOut is the hint on a mistyped word.
func wayOut(cmd *cobra.Command, word, near string) string {
	see := fmt.Sprintf("see '%s --help'", cmd.CommandPath())
	if near == "" || near == word {
		return "hint: " + see
	}
	return fmt.Sprintf("hint: did you mean %q? Otherwise %s", near, see)
}

// nearest also takes the beginning of a word for the word.
func nearest(word string, known []string) string {
	i := slices.IndexFunc(known, func(k string) bool { return strings.HasPrefix(k, strings.ToLower(word)) })
	if word != "" && i >= 0 {
		return known[i]
	}
	return releases.Nearest(word, known)
}

func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("%s takes no argument %q\n%s", cmd.CommandPath(), args[0], wayOut(cmd, "", ""))
	}
	return nil
}

// noCommand is for commands that only hold others.
func noCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	known := helped(cmd)
	if !cmd.HasParent() {
		known = append(known, "--version")
	}
	return usagef("unknown command %q\n%s", args[0], wayOut(cmd, args[0], nearest(args[0], known)))
}

// flagError words what is wrong with the flags of a command.
func flagError(cmd *cobra.Command, err error) error {
	if args := cmd.Flags().Args(); cmd.HasSubCommands() && len(args) > 0 {
		return noCommand(cmd, args) // the flag would be one of its
	}
	var invalid *pflag.InvalidValueError
	var missing *pflag.ValueRequiredError
	var unknown *pflag.NotExistError
	switch {
	case errors.As(err, &invalid):
		return invalidValue("--"+invalid.GetFlag().Name, invalid)
	case errors.As(err, &missing):
		return usagef("--%s needs a value\n%s", missing.GetFlag().Name, wayOut(cmd, "", ""))
	case errors.As(err, &unknown):
		// Behind a single dash each byte is a flag of its own, though a
		// whole name may be meant.
		shorts := unknown.GetSpecifiedShortnames()
		name, _, _ := strings.Cut(cmp.Or(shorts, unknown.GetSpecifiedName()), "=")
		given := "--" + name
		if shorts != "" {
			given = "-" + name
		}
		var known []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if !f.Hidden {
				known = append(known, f.Name)
			}
		})
		near := nearest(name, known)
		if near != "" {
			near = "--" + near
		}
		return usagef("unknown flag %q\n%s", given, wayOut(cmd, given, near))
	}
	return usagef("%w\n%s", err, wayOut(cmd, "", ""))
}

// invalidValue says what is wrong with a value, under the name by which it was
// given.
func invalidValue(name string, err *pflag.InvalidValueError) error {
	kind := map[string]string{
		"int":      "a whole number",
		"uint64":   "a whole number, 0 or more",
		"float64":  "a number",
		"duration": "a duration such as 90s or 48h",
		"bool":     "true or false",
	}[err.GetFlag().Value.Type()]
	if kind != "" {
		return usagef("%s: %q is not %s", name, err.GetValue(), kind)
	}
	return usagef("%s: %w", name, err.Unwrap())
}

// choice is the value of a flag that takes one of a few words. It is empty
// until it is set.
type choice struct {
	of    []string
	value *string
}

func (c *choice) String() string {
	if c.value == nil {
		return ""
	}
	return *c.value
}

func (c *choice) Type() string { return strings.Join(c.of, "|") }

func (c *choice) Set(s string) error {
	if !slices.Contains(c.of, s) {
		return fmt.Errorf("%q is not one of: %s", s, strings.Join(c.of, ", "))
	}
	*c.value = s
	return nil
}
