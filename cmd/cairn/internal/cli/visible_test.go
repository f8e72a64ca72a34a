package cli_test

import (
	"bytes"
	"testing"

	"cairn/cmd/cairn/internal/cli"
)

// TestVisible writes in portions of every length: a character may come in two.
func TestVisible(t *testing.T) {
	const text = "a\u202eb ü\u200b\U000e0041日本 \xff\xf0 e"
	const want = `a\u202eb ü\u200b\udb40\udc41日本 ` + "\xff\xf0 e"
	for n := 1; n <= len(text); n++ {
		var b bytes.Buffer
		w := cli.NewVisible(&b)
		for rest := []byte(text); len(rest) > 0; rest = rest[min(n, len(rest)):] {
			part := rest[:min(n, len(rest))]
			if got, err := w.Write(part); got != len(part) || err != nil {
				t.Fatalf("%d bytes are written, %v", got, err)
			}
		}
		w.Flush()
		if b.String() != want {
			t.Errorf("in portions of %d: %q, want %q", n, b.String(), want)
		}
	}
	var b bytes.Buffer
	w := cli.NewVisible(&b)
	_, _ = w.Write([]byte("cut off \xe2\x80"))
	if w.Flush(); b.String() != "cut off \xe2\x80" {
		t.Errorf("%q", b.String())
	}
}
