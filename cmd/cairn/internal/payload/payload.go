// Package payload reads a file that is to be a payload, and stores it in a bucket.
// It does not edit the definitions.
package payload

import (
	"cmp"
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"cairn/cmd/cairn/internal/cli"
	"cairn/publish"
	"cairn/releases"
	"cairn/releases/edit"
	"cairn/releases/firmware"

	"github.com/spf13/cobra"
)

// File is a file that is to be a payload.
type File struct {
	path    string
	info    fs.FileInfo
	Content publish.Content
	sha256  [sha256.Size]byte
	sha1    [sha1.Size]byte
	Image   firmware.Image
}

// Read reads a file whole, for its digests, and looks at what it is.
func Read(cmd *cobra.Command, path string) (*File, error) {
	if path == "-" {
		return nil, cli.Usagef("upload-ota-payload reads a file more than once, and a device knows it by its name: give a FILE, not -")
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, cli.Usagef("%s: %w", path, cli.Cause(err))
	case !info.Mode().IsRegular():
		return nil, cli.Usagef("%s is no regular file: a payload is one file, such as an image or an archive", path)
	case info.Size() == 0:
		return nil, cli.Usagef("%s is empty: look at the build that made it", path)
	}
	if err := checkName(filepath.Base(path)); err != nil {
		return nil, cli.Usagef("%q: %w", path, err)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, cli.Usagef("%s: %w", path, cli.Cause(err))
	}
	defer f.Close()
	b := &File{path: path, info: info}
	var read atomic.Int64
	whole, sum, old := sha256.New(), md5.New(), sha1.New()
	err = cli.Follow(cmd.ErrOrStderr(), func(time.Duration) string { return b.progress("reading", read.Load()) }, func() error {
		_, err := io.Copy(io.MultiWriter(whole, sum, old, counter{&read}), contextReader{cmd.Context(), f})
		return err
	})
	if err != nil {
		return nil, err
	}
	if read.Load() != info.Size() {
		return nil, b.changed()
	}
	if b.Image, err = firmware.Recognize(f, info.Size()); err != nil {
		return nil, err
	}
	b.sha256, b.sha1 = [sha256.Size]byte(whole.Sum(nil)), [sha1.Size]byte(old.Sum(nil))
	b.Content = publish.Content{
		Open: func() (io.ReadSeekCloser, error) { return os.Open(path) },
		Size: info.Size(), MD5: [md5.Size]byte(sum.Sum(nil)), Sent: new(atomic.Int64),
	}
	return b, nil
}

// checkName says why a file cannot keep its name in the definitions.
func checkName(name string) error {
	if !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return errors.New("the name of a payload is UTF-8, without control characters")
	}
	if n := len(releases.Escape(name)); n > releases.MaxSegment {
		return fmt.Errorf("the file name takes %d bytes in a key, over %d", n, releases.MaxSegment)
	}
	return nil
}

// Describe says of a payload what the file tells.
func (b *File) Describe(p *releases.Payload) {
	p.Name, p.Size = filepath.Base(b.path), b.Content.Size
	p.SHA256, p.MD5, p.SHA1 = hex.EncodeToString(b.sha256[:]), hex.EncodeToString(b.Content.MD5[:]), hex.EncodeToString(b.sha1[:])
	p.BuildID = b.Image.BuildID
}

// Judge looks for what shows that the file is hardly what was meant. The error
// says what is wrong in any case.
func (b *File) Judge(u edit.Upload) (warnings []firmware.Finding, err error) {
	var wrong []string
	for _, found := range b.Image.Findings(filepath.Base(b.path), cmp.Or(u.Component, u.Version)) {
		if found.Certain {
			wrong = append(wrong, fmt.Sprintf("%s %s\nhint: %s", b.path, found.Message, found.Hint))
		} else {
			warnings = append(warnings, found)
		}
	}
	if wrong != nil {
		err = cli.Usagef("%s", strings.Join(wrong, "\n"))
	}
	return warnings, err
}

// Warning is a finding as a line or two of text.
func (b *File) Warning(f firmware.Finding) string {
	return fmt.Sprintf("warning[%s]: %s %s\nhint: %s", f.Rule, b.path, f.Message, f.Hint)
}

// Store makes the store hold the file at key, where nothing is so far.
func (b *File) Store(cmd *cobra.Command, store publish.Store, key string, header publish.Header) error {
	ctx, stderr := cmd.Context(), cmd.ErrOrStderr()
	there, err := b.there(ctx, store, key)
	if err != nil {
		return err
	}
	if there {
		fmt.Fprintf(stderr, "%s has it already: %s\n", store, key)
		return nil
	}
	err = cli.Follow(stderr, func(time.Duration) string { return b.progress("storing", b.Content.Sent.Load()) }, func() error {
		return publish.PutNew(ctx, store, key, b.Content, header)
	})
	if errors.Is(err, publish.ErrCondition) { // another was faster
		if there, err = b.there(ctx, store, key); err == nil && !there {
			err = fmt.Errorf("%s: %q came and went while it was put; run the command again", store, key)
		}
	}
	if now, e := os.Stat(b.path); err != nil && ctx.Err() == nil && (e != nil || now.Size() != b.info.Size() || !now.ModTime().Equal(b.info.ModTime())) {
		err = fmt.Errorf("%w\n%w", b.changed(), err)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(stderr, "stored %s in %s: %s\n", cli.Count(int(b.Content.Size), "byte"), store, key)
	return nil
}

// there says whether a store holds the file.
func (b *File) there(ctx context.Context, store publish.Store, key string) (bool, error) {
	e, _, err := store.Stat(ctx, key)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	case e.Size != b.Content.Size:
		return false, fmt.Errorf("%s has %s at %s, not %s\nthe key is made of the digest, so what is there is damaged, or somebody else's: delete it, and run the command again",
			store, cli.Count(int(e.Size), "byte"), key, cli.Thousands(int(b.Content.Size)))
	}
	return true, nil
}

func (b *File) changed() error {
	return fmt.Errorf("%s was changed while it was read; run the command again when the build is done", b.path)
}

// progress is "storing stm32-fw.bin  512/2,048 MiB".
func (b *File) progress(doing string, n int64) string {
	return fmt.Sprintf("%s %s  %s/%s MiB", doing, filepath.Base(b.path), cli.Thousands(int(n>>20)), cli.Thousands(int(b.info.Size()>>20)))
}

// counter counts what is written to it.
type counter struct{ n *atomic.Int64 }

func (c counter) Write(p []byte) (int, error) {
	c.n.Add(int64(len(p)))
	return len(p), nil
}

// contextReader reads until its context is done.
type contextReader struct {
	ctx context.Context
	io.Reader
}

func (r contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}
