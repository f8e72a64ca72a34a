package releases

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"runtime"
	"strings"

	"cairn/releases/firmware"

	"golang.org/x/sync/errgroup"
)

// pendingPayload is a payload of which only its file can tell the rest.
type pendingPayload struct {
	release                 *Release
	payload                 *Payload
	table                   *table
	file                    *node
	size, sha256, md5, sha1 *node // where they are stated
	buildID                 *node
}

// digests is what a payload file tells.
type digests struct {
	size              int64
	sha256, md5, sha1 string
	image             firmware.Image
	err               error
}

// digest reads every payload file once, looks at what it is, and compares it
// with what is stated.
func (l *loader) digest() {
	found := map[string]*digests{}
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for _, p := range l.payloads {
		if found[p.payload.File] != nil {
			continue
		}
		d := &digests{}
		found[p.payload.File] = d
		group.Go(func() error {
			*d = measure(l.fsys, p.payload.File)
			return nil
		})
	}
	_ = group.Wait()
	for _, p := range l.payloads {
		l.compare(p, found[p.payload.File])
	}
}

func (l *loader) compare(p pendingPayload, d *digests) {
	t, name := p.table, p.file.text
	switch {
	case d.err != nil:
		hint := "the path is relative to " + t.path
		if strings.Contains(name, `\`) {
			hint += ", with / between folders"
		}
		t.fault(p.file.offset, wayOut(d.err, hint), "payload file %q: %s", name, reason(d.err))
		return
	case d.size == 0:
		t.breach(firmware.RuleEmpty, p.file.offset, "a payload has at least one byte: look at the build that made it", "payload file %q is empty", name)
		return
	}
	for _, found := range d.image.Findings(p.payload.Name, p.release.VersionOf(p.payload.SoftwareType)) {
		if found.Certain {
			t.breach(found.Rule, p.file.offset, found.Hint, "payload file %q %s", name, found.Message)
		}
	}
	const hint = "state what the file is, leave the line out, or restore the file"
	if p.size != nil && p.payload.Size != d.size {
		t.fault(p.size.offset, hint, "payload file %q has %d bytes, not %s", name, d.size, p.size.text)
	}
	if p.sha256 != nil && p.payload.SHA256 != d.sha256 {
		t.fault(p.sha256.offset, hint, "payload file %q has sha256 %s", name, d.sha256)
	}
	if p.md5 != nil && p.payload.MD5 != d.md5 {
		t.fault(p.md5.offset, hint, "payload file %q has md5 %s", name, d.md5)
	}
	if p.sha1 != nil && p.payload.SHA1 != d.sha1 {
		t.fault(p.sha1.offset, hint, "payload file %q has sha1 %s", name, d.sha1)
	}
	if p.buildID != nil && d.image.BuildID != "" && p.payload.BuildID != d.image.BuildID {
		t.fault(p.buildID.offset, hint, "payload file %q has build_id %s", name, d.image.BuildID)
	}
	p.payload.Size, p.payload.SHA256, p.payload.MD5, p.payload.SHA1, p.payload.Image = d.size, d.sha256, d.md5, d.sha1, d.image
}

func measure(fsys fs.FS, name string) digests {
	if err := regular(fsys, name); err != nil {
		return digests{err: err}
	}
	f, err := fsys.Open(name)
	if err != nil {
		return digests{err: err}
	}
	defer f.Close()
	d := digests{}
	s256, s5, s1 := sha256.New(), md5.New(), sha1.New()
	if d.size, d.err = io.Copy(io.MultiWriter(s256, s5, s1), f); d.err != nil {
		return d
	}
	d.sha256, d.md5, d.sha1 = hex.EncodeToString(s256.Sum(nil)), hex.EncodeToString(s5.Sum(nil)), hex.EncodeToString(s1.Sum(nil))
	r, ok := f.(io.ReaderAt)
	if !ok {
		return digests{err: errors.New("it cannot be read at an offset")}
	}
	d.image, d.err = firmware.Recognize(r, d.size)
	return d
}
