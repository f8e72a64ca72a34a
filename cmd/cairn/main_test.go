package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestInterruptedCheck(t *testing.T) {
	ctx, interrupt := context.WithCancel(context.Background())
	interrupt()
	var stdout, stderr bytes.Buffer
	if code := run(ctx, []string{"-C", "../../examples/smartfridge", "check"}, &stdout, &stderr); code != exitInterrupted || stdout.Len() > 0 {
		t.Errorf("exit code %d, %q, %q", code, &stdout, &stderr)
	}
}

// TestInterrupted is a build that is interrupted, and then run again.
func TestInterrupted(t *testing.T) {
	out := filepath.Join(t.TempDir(), "tree")
	args := []string{"-C", "../../examples/smartfridge", "build", "--out", out}
	ctx, interrupt := context.WithCancel(context.Background())
	interrupt()
	var stdout, stderr bytes.Buffer
	if code := run(ctx, args, &stdout, &stderr); code != exitInterrupted || !strings.Contains(stderr.String(), "interrupted") || stdout.Len() > 0 {
		t.Errorf("exit code %d, %q, %q", code, &stdout, &stderr)
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("something was written after the interrupt")
	}
	if code := run(context.Background(), args, &stdout, &stderr); code != exitDone || !strings.Contains(stdout.String(), " new, 0 unchanged") {
		t.Errorf("exit code %d, %q, %q", code, &stdout, &stderr)
	}
}
