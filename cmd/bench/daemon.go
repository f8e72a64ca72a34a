package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// daemon is a server that runs, with the children that it has.
type daemon struct {
	cmd     *exec.Cmd
	address string
}

// startDaemon starts a server that listens on an address, and waits until it
// does. What it logs is thrown away.
func (b *bench) startDaemon(address string, args ...string) *daemon {
	d := &daemon{exec.Command(args[0], args[1:]...), address}
	b.check(d.cmd.Start())
	b.Cleanup(func() {
		_ = d.cmd.Process.Signal(syscall.SIGTERM)
		_ = d.cmd.Wait()
	})
	for range 500 {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			return d
		}
		time.Sleep(10 * time.Millisecond)
	}
	b.Fatalf("%s does not answer on %s", strings.Join(args, " "), address)
	return nil
}

// cpu is what it took since it began.
func (d *daemon) cpu() (time.Duration, error) { return cpuSince(d.cmd.Process.Pid) }

// cpuSince is what a process and its children took since they began, user and
// system, in ticks of 10 ms.
func cpuSince(pid int) (time.Duration, error) {
	pids := []string{fmt.Sprint(pid)}
	children, err := os.ReadFile(filepath.Join("/proc", pids[0], "task", pids[0], "children"))
	if err != nil {
		return 0, err
	}
	var sum time.Duration
	for _, pid := range append(pids, strings.Fields(string(children))...) {
		stat, err := os.ReadFile(filepath.Join("/proc", pid, "stat"))
		if err != nil {
			return 0, err
		}
		// Behind the name, in brackets, these are fields 12 and 13: proc(5).
		_, rest, _ := strings.Cut(string(stat), ") ")
		var user, system int64
		if _, err := fmt.Sscan(strings.Join(strings.Fields(rest)[11:13], " "), &user, &system); err != nil {
			return 0, err
		}
		sum += time.Duration(user+system) * 10 * time.Millisecond
	}
	return sum, nil
}

// freeAddress is one on this machine that nobody listens on.
func (b *bench) freeAddress() string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	b.check(err)
	l.Close()
	return l.Addr().String()
}
