//go:build unix

package main

import (
	"os/signal"
	"syscall"
)

// A write beyond the limit of 'ulimit -f' fails then, as one on a full disk
// does, and does not end the program.
func init() { signal.Ignore(syscall.SIGXFSZ) }
