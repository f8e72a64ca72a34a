package cli

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// variablePrefix begins the environment variables that stand in for flags.
const variablePrefix = "CAIRN_"

// variable is the one that stands in for a flag.
func variable(f *pflag.Flag) string {
	return variablePrefix + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
}

// mustBeTyped says whether a flag is taken from the command line only. A
// variable outlives the run that it was meant for. One that switches a guard or
// a lock off, or turns a publish into a dry run, would go on doing so unseen,
// and an instant that stays set would publish the past: an abort would not stop
// anything then.
func mustBeTyped(f *pflag.Flag) bool {
	return f.Value.Type() == "bool" || f.Name == "at" || f.Name == "allow"
}

// takenFrom annotates a flag with the variable that its value comes from.
const takenFrom = "taken from"

// FromEnvironment gives the flags that the command line leaves out the values
// of their variables. An empty one is none.
func FromEnvironment(cmd *cobra.Command) error {
	flags := cmd.Flags()
	var faults []error
	flags.VisitAll(func(f *pflag.Flag) {
		name := variable(f)
		value := os.Getenv(name)
		if value == "" || f.Changed || f.Hidden || f.Name == "help" || f.Name == "version" {
			return
		}
		if mustBeTyped(f) {
			faults = append(faults, fmt.Errorf("%s is set, but --%s is taken from the command line only\nhint: unset it, and write --%s where it is meant", name, f.Name, f.Name))
			return
		}
		err := flags.Set(f.Name, value)
		var invalid *pflag.InvalidValueError
		if errors.As(err, &invalid) {
			err = invalidValue(name, invalid)
		}
		if err != nil {
			faults = append(faults, err)
			return
		}
		_ = flags.SetAnnotation(f.Name, takenFrom, []string{name}) // it is there
	})
	if len(faults) > 0 {
		return Usage(errors.Join(faults...))
	}
	return nil
}

// Taken lists the variables that a command has taken.
func Taken(cmd *cobra.Command) (names []string) {
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Annotations[takenFrom]...) })
	return names
}
