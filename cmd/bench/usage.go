package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// usage is what a piece of work took.
type usage struct {
	Wall time.Duration
	CPU  time.Duration // user and system, of the process that did the work
	Peak int64         // its largest resident size in bytes
}

func wall(u usage) float64 { return u.Wall.Seconds() }

func cpu(u usage) float64 { return u.CPU.Seconds() }

func peak(u usage) float64 { return float64(u.Peak >> 20) }

// report is what a child says at the end, with the time stopped in Wall.
type report struct {
	usage
	End time.Time
}

// awaitTurn says that this process, a child, is ready, and waits. What it
// gives takes the report.
func awaitTurn() (*json.Encoder, error) {
	parent := os.NewFile(3, "reports")
	if _, err := parent.Write([]byte{'\n'}); err != nil {
		return nil, err
	}
	if _, err := os.Stdin.Read(make([]byte, 1)); err != nil {
		return nil, err
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = syscall.Kill(0, syscall.SIGKILL) // the parent is gone
	}()
	return json.NewEncoder(parent), nil
}

// measureCommand runs a command in this process, a child.
func measureCommand(args []string) error {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stderr = os.Stderr
	parent, err := awaitTurn()
	if err != nil {
		return err
	}
	start := time.Now()
	if err := cmd.Run(); err != nil {
		return err
	}
	end := time.Now()
	took := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	return parent.Encode(report{usage{end.Sub(start), cpuOf(took), took.Maxrss << 10}, end})
}

// measureWork does some work in this process, a child.
func measureWork(work func() error) error {
	parent, err := awaitTurn()
	if err != nil {
		return err
	}
	var before, after syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &before); err != nil {
		return err
	}
	start := time.Now()
	if err := work(); err != nil {
		return err
	}
	end := time.Now()
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &after); err != nil {
		return err
	}
	peak, err := ownPeak()
	if err != nil {
		return err
	}
	return parent.Encode(report{usage{end.Sub(start), cpuOf(&after) - cpuOf(&before), peak}, end})
}

func cpuOf(u *syscall.Rusage) time.Duration {
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// ownPeak is the largest resident size of this process, from proc(5).
func ownPeak() (int64, error) {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	var kib int64
	_, err = fmt.Sscan(rest, &kib)
	return kib << 10, err
}
