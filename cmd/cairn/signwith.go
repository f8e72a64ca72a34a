package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os/exec"
	"runtime"

	"cairn/releases/signing"
)

// signWith has a command sign a text, its standard input: for a KMS or a token.
// The command line goes to the shell. What it complains of goes to stderr.
func signWith(ctx context.Context, command string, text []byte, stderr io.Writer) ([]byte, error) {
	shell := []string{"sh", "-c"}
	if runtime.GOOS == "windows" {
		shell = []string{"cmd", "/C"}
	}
	c := exec.CommandContext(ctx, shell[0], shell[1], command)
	var out bytes.Buffer
	c.Stdin, c.Stdout, c.Stderr = bytes.NewReader(text), &out, stderr
	if err := c.Run(); err != nil {
		return nil, fmt.Errorf("the command that signs failed: %s: %w", command, err)
	}
	signature, err := signing.ParseSignature(out.Bytes())
	if err != nil {
		return nil, fmt.Errorf("the command that signs wrote %w: %s", err, command)
	}
	return signature, nil
}
