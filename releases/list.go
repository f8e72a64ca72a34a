package releases

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"slices"
	"strings"
)

// List is a list of devices in a bucket: a devices_file that begins with s3://.
type List struct {
	Bucket, Key string
	SHA256      string // of its bytes as they are stored, as it is stated: 64 lower-case hex digits
	Endpoint    string // of the bucket, as in [Publish]
	Region      string // likewise
}

const remote = "s3://"

// Remote says whether a devices_file is a [List], by its name.
func Remote(name string) bool { return strings.HasPrefix(name, remote) }

// String is "s3://BUCKET/KEY".
func (l List) String() string { return remote + l.Bucket + "/" + l.Key }

// sum is a command that prints the digest.
func (l List) sum() string {
	command := "aws s3 cp '" + l.String() + "' -"
	if l.Endpoint != "" {
		command += " --endpoint-url " + l.Endpoint
	}
	return command + " | sha256sum"
}

// Lists gives the bytes of a list as they are stored, and their digest, which
// need not be the one that is stated. Bytes of that digest will do wherever they
// come from. Where there is no such object the error is [fs.ErrNotExist].
type Lists func(List) (packed []byte, sha256 string, err error)

// listText reads the text that c.DevicesFile names. What keeps it from that is
// reported, and holds no stop up.
func (l *loader) listText(t *table, c *Cohort, file, digest *node) (text []byte, ok bool) {
	before := len(l.faults)
	defer func() {
		for _, f := range l.faults[before:] {
			l.follows[f] = true
		}
	}()
	var packed []byte
	if Remote(c.DevicesFile) {
		packed, ok = l.remoteList(t, c, file, digest)
	} else {
		packed, ok = l.localList(t, c, file, digest)
	}
	if !ok {
		return nil, false
	}
	text, err := plain(c.DevicesFile, packed)
	if err != nil {
		t.fault(file.offset, wayOut(err, "make it anew, and look at what made it"), "devices_file %q: %s", file.text, reason(err))
	}
	return text, err == nil
}

func (l *loader) localList(t *table, c *Cohort, file, digest *node) (packed []byte, ok bool) {
	packed, err := readFile(l.fsys, c.DevicesFile)
	if err != nil {
		hint := "name a text file, relative to " + t.path + ", with one serial a line; it may be compressed, as .gz or .zst, or in a bucket: s3://BUCKET/KEY"
		t.fault(file.offset, wayOut(err, hint), "devices_file %q: %s", file.text, reason(err))
		return nil, false
	}
	if digest == nil {
		return packed, true
	}
	sum := sha256.Sum256(packed)
	if found := hex.EncodeToString(sum[:]); found != c.DevicesSHA256 {
		t.fault(digest.offset, "state what the file is, leave the line out, or restore the file", "devices_file %q has sha256 %s, not %s", file.text, found, c.DevicesSHA256)
		return nil, false
	}
	return packed, true
}

func (l *loader) remoteList(t *table, c *Cohort, file, digest *node) (packed []byte, ok bool) {
	list, ok := l.list(t, file)
	if _, stated := t.node.member("devices_sha256"); ok && !stated {
		t.fault(file.offset, `write devices_sha256 = "…" beside it, the digest of the list that is meant, as this prints it: `+list.sum(), "devices_file %q has no devices_sha256", file.text)
	}
	undecided := slices.ContainsFunc(l.faults, func(f *Fault) bool { return f.Place.File == ProjectFile }) // whose bucket that is
	if !ok || digest == nil || undecided || l.outline {
		return nil, false
	}
	list.SHA256 = c.DevicesSHA256
	packed, found, err := l.lists(list)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		t.fault(file.offset, "upload it, or name the object that is meant", "devices_file %q: no such object", file.text)
	case err != nil:
		t.fault(file.offset, "it is read from the endpoint and region of [publish], with the credentials that 'cairn help environment' tells of, which need s3:GetObject for it", "devices_file %q: %s", file.text, err)
	case found != list.SHA256:
		t.fault(digest.offset, "state the digest of the list that is meant, as this prints it: "+list.sum()+"; and give each list a name of its own, so that none takes the place of another",
			"devices_file %q has sha256 %s, not %s", file.text, found, list.SHA256)
	default:
		return packed, true
	}
	return nil, false
}

// list is the object that a devices_file names; false, and reported, where it
// names none.
func (l *loader) list(t *table, file *node) (List, bool) {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(file.text, remote), "/")
	at := l.fleet.Publish
	if bucket == "" || key == "" {
		t.fault(file.offset, `write devices_file = "s3://BUCKET/KEY"`, "devices_file %q names no object", file.text)
		return List{}, false
	}
	if err := CheckBucket(bucket, at.Endpoint); err != nil {
		t.fault(file.offset, bucketHint, "devices_file %q: %s", file.text, err)
		return List{}, false
	}
	return List{Bucket: bucket, Key: key, Endpoint: at.Endpoint, Region: at.Region}, true
}

// unread is the [Lists] of who has none.
func unread(List) ([]byte, string, error) {
	return nil, "", errors.New("no list in a bucket is read here")
}
