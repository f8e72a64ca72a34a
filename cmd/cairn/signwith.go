package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"

	"cairn/releases/signing"
)

// signWith has a command sign a text, its standard input: for a KMS or a token.
// The command line goes to the shell. What it complains of goes to stderr. The
// input is a file, since openssl asks for its size.
func signWith(ctx context.Context, command string, text []byte, stderr io.Writer) ([]byte, error) {
	shell := []string{"sh", "-c"}
	if runtime.GOOS == "windows" {
		shell = []string{"cmd", "/C"}
	}
	in, err := os.CreateTemp("", "cairn-sign-*")
	if err != nil {
		return nil, err
	}
	defer os.Remove(in.Name())
	defer in.Close()
	if _, err = in.Write(text); err == nil {
		_, err = in.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, err
	}
	c := exec.CommandContext(ctx, shell[0], shell[1], command)
	var out bytes.Buffer
	c.Stdin, c.Stdout, c.Stderr = in, &out, stderr
	if err := c.Run(); err != nil {
		return nil, fmt.Errorf("the command that signs failed: %s: %w", command, err)
	}
	signature, err := signing.ParseSignature(out.Bytes())
	if err != nil {
		return nil, fmt.Errorf("the command that signs wrote %w: %s", err, command)
	}
	return signature, nil
}
