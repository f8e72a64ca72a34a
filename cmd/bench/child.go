package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// child is this program in a process of its own, which prepares some work and
// waits until it may do it. It is a process group of its own, which ends when
// this process does.
type child struct {
	cmd     *exec.Cmd
	turn    io.Writer // takes a byte when the work may begin
	reports *os.File
	errors  bytes.Buffer
	exited  chan error
	stops   []interval
}

type interval struct{ from, to time.Time }

// loop is a child that runs a bare loop.
func loop(kind string, args ...string) (*child, error) {
	return startChild(nil, append([]string{"-loop", kind}, args...)...)
}

// command is a child that runs a command as a child of its own: what the
// system knows of a process begins with the size of its parent.
func command(env []string, args ...string) (*child, error) {
	return startChild(env, append([]string{"-command"}, args...)...)
}

func startChild(env []string, args ...string) (*child, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer w.Close()
	c := &child{cmd: exec.Command("/proc/self/exe", args...), reports: r, exited: make(chan error, 1)}
	c.cmd.Env = append(os.Environ(), env...)
	c.cmd.Stderr, c.cmd.ExtraFiles = &c.errors, []*os.File{w}
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if c.turn, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { c.exited <- c.cmd.Wait() }()
	w.Close()
	if _, err := r.Read(make([]byte, 1)); err != nil {
		return nil, c.failed(<-c.exited)
	}
	return c, nil
}

func (c *child) failed(err error) error {
	return fmt.Errorf("%s: %w\n%s", strings.Join(c.cmd.Args, " "), err, c.errors.Bytes())
}

// work lets a child work for so long, and says whether it is done.
func (c *child) work(slice time.Duration) (done bool, err error) {
	if n := len(c.stops); n > 0 {
		c.stops[n-1].to = time.Now()
		_ = syscall.Kill(-c.cmd.Process.Pid, syscall.SIGCONT)
	} else if _, err := c.turn.Write([]byte{'\n'}); err != nil {
		return false, err
	}
	select {
	case err := <-c.exited:
		if err != nil {
			return false, c.failed(err)
		}
		return true, nil
	case <-time.After(slice):
	}
	c.stops = append(c.stops, interval{from: time.Now()})
	_ = syscall.Kill(-c.cmd.Process.Pid, syscall.SIGSTOP) // it may have exited just now
	return false, nil
}

// took is what the work of a child took that is done.
func (c *child) took() (usage, error) {
	defer c.reports.Close()
	var r report
	err := json.NewDecoder(c.reports).Decode(&r)
	for _, s := range c.stops {
		if s.from.Before(r.End) {
			r.Wall -= s.to.Sub(s.from)
		}
	}
	return r.usage, err
}

// forever is a slice that ends with the work.
const forever = time.Hour

// run lets a child do its work. It takes what makes one.
func run(c *child, err error) (usage, error) {
	if err != nil {
		return usage{}, err
	}
	if _, err := c.work(forever); err != nil {
		return usage{}, err
	}
	return c.took()
}
