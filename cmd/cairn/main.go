// Command cairn turns release definitions in git into the answers that
// devices ask for, and publishes them to a bucket behind a CDN.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	_ "time/tzdata"

	"cairn/cmd/cairn/internal/cli"
	"cairn/releases"
)

// project.timezone means the same on every machine

// The exit codes.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2 // also invalid definitions
	exitChanges     = 2 // of plan --detailed-exitcode
	exitInterrupted = 130
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second interrupt ends the program at once
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run carries out a command line, and gives the exit code.
func run(ctx context.Context, args []string, out, diagnostics io.Writer) int {
	stdout, stderr := cli.NewVisible(out), cli.NewVisible(diagnostics)
	defer stdout.Flush()
	defer stderr.Flush()
	root := rootCommand()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	cmd, err := root.ExecuteContextC(ctx)
	var faults releases.Faults
	var usage cli.UsageError
	var exit exitError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &exit):
		return int(exit)
	case errors.As(err, &faults):
		fmt.Fprintln(stderr, err)
		fmt.Fprintf(stderr, "cairn: %s in the definitions\n", cli.Count(len(faults), "fault"))
		return exitUsage
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "cairn: %v\n", err)
		if names := cli.Taken(cmd); len(names) > 0 {
			fmt.Fprintf(stderr, "taken from the environment, where an empty variable is none: %s\n", strings.Join(names, ", "))
		}
		return exitUsage
	case ctx.Err() != nil:
		fmt.Fprintln(stderr, "cairn: interrupted")
		var halfway *halfwayError
		if errors.As(err, &halfway) {
			fmt.Fprintf(stderr, "cairn: %s\n", halfway.at)
		}
	default:
		fmt.Fprintf(stderr, "cairn: %v\n", err)
	}
	var unfinished *unfinishedError
	if errors.As(err, &unfinished) {
		fmt.Fprintf(stderr, "cairn: %s\n", unfinished.remains())
	}
	if ctx.Err() != nil {
		return exitInterrupted
	}
	return exitFailed
}

// exitError ends the program with an exit code, and says nothing.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit code %d", int(e)) }
