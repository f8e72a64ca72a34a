package cli

import (
	"io"
	"os"
	"slices"
	"sync"
	"unicode/utf8"

	"cairn/releases"

	"golang.org/x/term"
)

// Visible is a writer for people and programs to whom nothing may look like
// something else: it escapes characters that nobody sees, as
// [releases.Seen] does. In the strings of JSON that stands for the same.
type Visible struct {
	mu   sync.Mutex
	to   io.Writer
	rest []byte // the beginning of a character
}

// NewVisible writes to another writer.
func NewVisible(to io.Writer) *Visible { return &Visible{to: to} }

// Write holds back what is not a whole character, until the next one or
// [Visible.Flush].
func (v *Visible) Write(b []byte) (int, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.rest) == 0 && !slices.ContainsFunc(b, func(c byte) bool { return c >= utf8.RuneSelf }) {
		return v.to.Write(b)
	}
	text := append(v.rest, b...)
	whole := len(text)
	for i := max(0, whole-utf8.UTFMax+1); i < whole; i++ {
		if utf8.RuneStart(text[i]) && !utf8.FullRune(text[i:]) {
			whole = i
		}
	}
	v.rest = slices.Clone(text[whole:])
	if whole == 0 {
		return len(b), nil
	}
	_, err := io.WriteString(v.to, releases.Seen(string(text[:whole])))
	return len(b), err
}

// Flush writes what is held back.
func (v *Visible) Flush() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.rest) > 0 {
		_, _ = v.to.Write(v.rest)
	}
	v.rest = nil
}

// Terminal says whether a writer is one that a person looks at.
func Terminal(w io.Writer) bool {
	if v, ok := w.(*Visible); ok {
		w = v.to
	}
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
