package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// usage is what a piece of work took.
type usage struct {
	Wall time.Duration
	CPU  time.Duration // user and system, of the process that did the work
	Peak int64         // its largest resident size in bytes
	// Server is the CPU of the S3 server meanwhile, where that was measured.
	Server time.Duration
}

func wall(u usage) float64 { return u.Wall.Seconds() }

func cpu(u usage) float64 { return u.CPU.Seconds() }

func cpuOfBoth(u usage) float64 { return (u.CPU + u.Server).Seconds() }

func peak(u usage) float64 { return float64(u.Peak >> 20) }

// child does work of a kind in a process of its own, which ends when this one
// does, and gives what it took.
func (b *bench) child(kind string, args ...string) usage {
	return b.childWith(nil, kind, args...)
}

// command runs a command as a child of a child: what the system knows of a
// process begins with the size of its parent.
func (b *bench) command(env []string, args ...string) usage {
	return b.childWith(env, "command", args...)
}

func (b *bench) childWith(env []string, kind string, args ...string) usage {
	cmd := exec.Command("/proc/self/exe", append([]string{"-child", kind, "--"}, args...)...)
	cmd.Env = append(os.Environ(), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var report, messages bytes.Buffer
	cmd.Stdout, cmd.Stderr = &report, &messages
	if err := cmd.Run(); err != nil {
		b.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, &messages)
	}
	var took usage
	b.check(json.Unmarshal(report.Bytes(), &took))
	return took
}

// runChild does the work of this process, a child. What it needs is ready when
// the clock starts.
func runChild(kind string, args []string) error {
	var work func() error
	var err error
	switch kind {
	case "command":
		return measureCommand(args)
	case "plan", "signed", "hash":
		work, err = planning(kind, args[0])
	case "lines":
		work, err = scanning(args[0])
	case "sort":
		work, err = sorting(args)
	case "write":
		work, err = writing(args[0], args[1])
	default:
		work, err = putting(kind, args[0], args[1])
	}
	if err != nil {
		return err
	}
	return measureWork(work)
}

func measureCommand(args []string) error {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	start := time.Now()
	if err := cmd.Run(); err != nil {
		return err
	}
	took := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	return report(usage{Wall: time.Since(start), CPU: cpuOf(took), Peak: took.Maxrss << 10})
}

func measureWork(work func() error) error {
	var before, after syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &before); err != nil {
		return err
	}
	start := time.Now()
	if err := work(); err != nil {
		return err
	}
	took := time.Since(start)
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &after); err != nil {
		return err
	}
	peak, err := ownPeak()
	if err != nil {
		return err
	}
	return report(usage{Wall: took, CPU: cpuOf(&after) - cpuOf(&before), Peak: peak})
}

func report(u usage) error { return json.NewEncoder(os.Stdout).Encode(u) }

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
	kib, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	n, err := strconv.ParseInt(kib, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("/proc/self/status: %w", err)
	}
	return n << 10, nil
}
