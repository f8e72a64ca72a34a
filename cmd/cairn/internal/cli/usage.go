// Package cli has what the commands of cairn share: their flags, numbers,
// questions and progress, and how they word a mistake on the command line. It
// imports no other package of the command.
package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"cairn/releases"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// UsageError is a mistake on the command line.
type UsageError struct{ error }

// Usage makes a [UsageError] of what is wrong.
func Usage(err error) error { return UsageError{err} }

// Usagef words a [UsageError].
func Usagef(format string, args ...any) error { return Usage(fmt.Errorf(format, args...)) }

// Needs is a command's PreRunE that refuses to go on without some flags, the
// first word of each: "cohort COHORT".
func Needs(flags ...string) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		for _, flag := range flags {
			if name := strings.FieldsFunc(flag, func(r rune) bool { return r == ' ' || r == ',' })[0]; cmd.Flag(name).Value.String() == "" {
				return Usagef("%s needs --%s", strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name()+" "), flag)
			}
		}
		return nil
	}
}

// Check has a command check its flags before what its PreRunE checks already.
func Check(cmd *cobra.Command, check func() error) {
	next := cmd.PreRunE
	cmd.PreRunE = func(cmd *cobra.Command, args []string) error {
		if err := check(); err != nil || next == nil {
			return err
		}
		return next(cmd, args)
	}
}

// UnknownWord is an error about a word that should be one of those known. It
// names the one that may be meant: which begins or is spelled like it.
func UnknownWord(cmd *cobra.Command, what, word string, known []string) error {
	near := ""
	if bare := strings.TrimLeft(word, "-"); bare != "" {
		near = releases.Nearest(word, known)
		for _, k := range slices.Backward(known) {
			if strings.HasPrefix(strings.TrimLeft(k, "-"), strings.ToLower(bare)) {
				near = k
			}
		}
	}
	if near == "" {
		return Usagef("unknown %s %q\n%s", what, word, seeHelp(cmd))
	}
	return Usagef("unknown %s %q\nhint: did you mean %q? Otherwise see '%s --help'", what, word, near, cmd.CommandPath())
}

func seeHelp(cmd *cobra.Command) string {
	return fmt.Sprintf("hint: see '%s --help'", cmd.CommandPath())
}

// NoArguments is the [cobra.PositionalArgs] of a command that takes flags only.
func NoArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return Usagef("%s takes no argument %q\n%s", cmd.CommandPath(), args[0], seeHelp(cmd))
	}
	return nil
}

// OneArgument is the [cobra.PositionalArgs] of a command that takes one thing.
func OneArgument(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return Usagef("%s takes one %s\n%s", cmd.Name(), what, seeHelp(cmd))
		}
		return nil
	}
}

// NoCommand is the [cobra.PositionalArgs] of a command that only holds others.
func NoCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return UnknownWord(cmd, "command", args[0], helped(cmd))
}

// FlagError words what is wrong with the flags of a command.
func FlagError(cmd *cobra.Command, err error) error {
	if wrong := cmd.ValidateArgs(cmd.Flags().Args()); cmd.HasSubCommands() && wrong != nil {
		return wrong // the flag would be one of a command's that is not there
	}
	var invalid *pflag.InvalidValueError
	var missing *pflag.ValueRequiredError
	var unknown *pflag.NotExistError
	switch {
	case errors.As(err, &invalid):
		return invalidValue("--"+invalid.GetFlag().Name, invalid)
	case errors.As(err, &missing):
		return Usagef("--%s needs a value\n%s", missing.GetFlag().Name, seeHelp(cmd))
	case errors.As(err, &unknown):
		// Behind a single dash each byte is a flag of its own, though a
		// whole name may be meant.
		given := "--" + unknown.GetSpecifiedName()
		if shorts := unknown.GetSpecifiedShortnames(); shorts != "" {
			given = "-" + shorts
		}
		given, _, _ = strings.Cut(given, "=")
		var known []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if !f.Hidden {
				known = append(known, "--"+f.Name)
			}
		})
		return UnknownWord(cmd, "flag", given, known)
	}
	return Usagef("%w\n%s", err, seeHelp(cmd))
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
		return Usagef("%s: %q is not %s", name, err.GetValue(), kind)
	}
	return Usagef("%s: %w", name, err.Unwrap())
}

// helped names what there is help on below a command.
func helped(cmd *cobra.Command) (names []string) {
	for _, c := range cmd.Commands() {
		if IsHelped(c) {
			names = append(names, c.Name())
		}
	}
	return names
}

func IsHelped(c *cobra.Command) bool { return c.Name() == "topics" || !c.Hidden }
