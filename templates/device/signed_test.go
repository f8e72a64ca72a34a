package device_test

import (
	"bufio"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"cairn/manifest"
	"cairn/releases"
	"cairn/releases/signing"
	"cairn/templates/device"

	"golang.org/x/mod/sumdb/note"
)

// A key signs under a name.
type key struct {
	name    string
	private ed25519.PrivateKey
}

// keyOf is a key of SIGNING's vectors: its seed is 32 times the same byte.
func keyOf(name string, seed byte) key {
	return key{name, ed25519.NewKeyFromSeed([]byte(strings.Repeat(string([]byte{seed}), ed25519.SeedSize)))}
}

// burned is what devices have of a key: its id and the public key.
func (k key) burned() (b [36]byte) {
	public := k.private.Public().(ed25519.PublicKey)
	id := sha256.Sum256([]byte(k.name + "\n\x01" + string(public)))
	return [36]byte(append(id[:4:4], public...))
}

// signed is the note of a text.
func signed(t testing.TB, text string, keys ...key) []byte {
	t.Helper()
	if len(keys) == 0 {
		return []byte(text + "\n")
	}
	var signers []note.Signer
	for _, k := range keys {
		burned := k.burned()
		signer, err := note.NewSigner(fmt.Sprintf("PRIVATE+KEY+%s+%x+%s", k.name, burned[:4], base64.StdEncoding.EncodeToString(append([]byte{1}, k.private.Seed()...))))
		if err != nil {
			t.Fatal(err)
		}
		signers = append(signers, signer)
	}
	b, err := note.Sign(&note.Note{Text: text}, signers...)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// bucket is what devices read: bodies by what follows v1/signed/. Its numbers
// are those of the next head; each publish counts on.
type bucket struct {
	origin                 string
	generation, epoch      uint32
	issued, expires        uint32
	online                 []key
	roots                  []key // that sign keys.txt
	files                  map[string][]byte
	threshold              int
	keysIssued, keysExpire uint32
	latest, cohorts        [32]byte
}

const (
	day   = 86400
	begun = 1796731200 // 2026-12-08T12:00:00Z
)

// newBucket has a publisher of generation 1.
func newBucket(origin string) *bucket {
	return &bucket{
		origin: origin, generation: 1, epoch: begun, issued: begun, expires: begun + 14*day,
		online: []key{keyOf(origin, 0x0b)}, roots: []key{keyOf(origin+"/root", 0x01)},
		files: map[string][]byte{}, threshold: 1, keysIssued: begun, keysExpire: begun + 366*day,
	}
}

// clone is the bucket as it is now, for those who keep everything.
func (b *bucket) clone() *bucket {
	c := *b
	c.files = map[string][]byte{}
	for name, body := range b.files {
		c.files[name] = body
	}
	return &c
}

// sign writes head.txt of the numbers and the roots.
func (b *bucket) sign(t testing.TB) {
	t.Helper()
	b.files["head.txt"] = signed(t, b.head(), b.online...)
}

func (b *bucket) head() string {
	return fmt.Sprintf("cairn head 1\n%s\n%d %d %d %d\n%s\n%s\n", b.origin, b.generation, b.epoch, b.issued, b.expires,
		base64.StdEncoding.EncodeToString(b.latest[:]), base64.StdEncoding.EncodeToString(b.cohorts[:]))
}

// signKeys writes keys.txt for the online keys.
func (b *bucket) signKeys(t testing.TB) {
	t.Helper()
	text := fmt.Sprintf("cairn keys 1\n%s\n%d %d %d %d\n", b.origin, b.generation, b.threshold, b.keysIssued, b.keysExpire)
	for _, k := range b.online {
		burned := k.burned()
		text += base64.StdEncoding.EncodeToString(burned[:]) + "\n"
	}
	b.files["keys.txt"] = signed(t, text, b.roots...)
}

// publish puts a tree into the bucket, an hour after the last one.
func (b *bucket) publish(t testing.TB, tree *manifest.Tree) {
	t.Helper()
	s, err := tree.Signed()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range s.Parts {
		b.files[hex.EncodeToString(p.Digest[:16])] = p.Body
	}
	b.latest, b.cohorts = s.Latest, s.Cohorts
	b.signKeys(t)
	b.renew(t)
}

// renew signs a head that is an hour younger.
func (b *bucket) renew(t testing.TB) {
	t.Helper()
	b.issued, b.expires = b.issued+3600, b.expires+3600
	b.epoch = max(b.epoch+1, b.issued)
	b.sign(t)
}

// get serves the bucket.
func (b *bucket) get(name string) (int, []byte) {
	if body, ok := b.files[name]; ok {
		return 200, body
	}
	return 404, []byte("<html>no such key</html>")
}

// options are those of a header that trusts the bucket's roots.
func (b *bucket) options(threshold int) device.Options {
	s := &releases.Signing{RootThreshold: threshold, Keys: &signing.Keys{Generation: 1}}
	for _, k := range b.roots {
		s.Roots = append(s.Roots, signing.NewKey(k.name, k.private.Public().(ed25519.PublicKey)))
	}
	return device.Options{MaxCohort: 63, Signed: s}
}

// walker is a device in C, which asks Go whether signatures are right.
type walker struct {
	t        testing.TB
	in       *bufio.Writer
	out      *bufio.Reader
	root     string // in front of each path
	piece    int    // bytes of a body at a time; 0 for all
	verified int    // so many signatures were asked about
	gets     []string
}

// program is the driver for signed answers.
func program(t *testing.T, p releases.Project, o device.Options, flags ...string) string {
	t.Helper()
	return build(t, p, o, "driver.c", flags...)
}

// start runs a device with a buffer of 320 bytes.
func start(t *testing.T, program string, p releases.Project, d manifest.Device) *walker {
	t.Helper()
	w := walk(t, program, p)
	w.device(320, d)
	return w
}

func walk(t *testing.T, program string, p releases.Project) *walker {
	t.Helper()
	cmd := exec.Command(program)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	told := bufio.NewWriter(in)
	t.Cleanup(func() {
		told.Flush()
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the device: %v\n%s", err, &stderr)
		}
	})
	_, path, _ := strings.Cut(strings.TrimPrefix(p.BaseURL, "https://"), "/")
	if path != "" {
		path = "/" + path
	}
	return &walker{t: t, in: told, out: bufio.NewReader(out), root: path + "/" + p.Prefix + "/v1/signed/"}
}

func (w *walker) tell(format string, args ...any) {
	if _, err := fmt.Fprintf(w.in, format+"\n", args...); err != nil {
		w.t.Fatal(err)
	}
}

// ask tells, and gives the answer.
func (w *walker) ask(format string, args ...any) string {
	w.tell(format, args...)
	for {
		if err := w.in.Flush(); err != nil {
			w.t.Fatal(err)
		}
		line, err := w.out.ReadString('\n')
		if err != nil {
			w.t.Fatalf("the device says %q after %q: %v", line, fmt.Sprintf(format, args...), err)
		}
		fields := strings.Fields(line)
		if len(fields) != 4 || fields[0] != "ed25519" {
			return strings.TrimSuffix(line, "\n")
		}
		var parts [3][]byte
		for i := range parts {
			if parts[i], err = hex.DecodeString(fields[1+i]); err != nil {
				w.t.Fatal(err)
			}
		}
		w.verified++
		verdict := 0
		if ed25519.Verify(parts[1], parts[2], parts[0]) {
			verdict = 1
		}
		w.tell("%d", verdict)
	}
}

func (w *walker) device(size int, d manifest.Device) {
	w.tell("new %d", size)
	w.set(d)
}

// set gives the device other names, and begins.
func (w *walker) set(d manifest.Device) {
	w.tell("set serial %x00", d.Serial)
	w.tell("set hardware %x", d.Target.HardwareVersion)
	w.tell("set software %x", d.Target.SoftwareType)
	if d.CurrentVersion != "" {
		w.tell("set version %x", d.CurrentVersion)
	} else {
		w.tell("set version")
	}
	w.ask("begin")
}

// check asks once, and gives the result, the cohort and the URL.
func (w *walker) check(get func(name string) (int, []byte)) string {
	w.t.Helper()
	w.gets, w.verified = nil, 0
	for len(w.gets) < 50 {
		path := w.ask("next")
		name, ok := strings.CutPrefix(path, w.root)
		if !ok {
			return "next says " + path
		}
		w.gets = append(w.gets, name)
		status, body := get(name)
		for len(body) > 0 {
			n := min(len(body), 1<<18)
			if w.piece > 0 {
				n = min(n, w.piece)
			}
			w.tell("body %x", body[:n])
			body = body[n:]
		}
		if result := w.ask("done %d", status); !strings.HasPrefix(result, "get-next") {
			return result
		}
	}
	w.t.Fatalf("a check without an end: %q", w.gets)
	return ""
}

// clock sets the time and the seconds since boot.
func (w *walker) clock(now, uptime uint32) { w.tell("clock %d %d", now, uptime) }

// reset loses all but what is kept, and begins.
func (w *walker) reset() {
	w.tell("reset")
	w.ask("begin")
}

// parse is a fleet of some files.
func parse(t testing.TB, files ...string) *releases.Fleet {
	t.Helper()
	fsys := fstest.MapFS{}
	for i := 0; i < len(files); i += 2 {
		fsys[files[i]] = &fstest.MapFile{Data: []byte(files[i+1])}
	}
	f, err := releases.Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// answerOf is what a check says where a tree gives a payload, or none.
func answerOf(f *releases.Fleet, x manifest.Explanation) string {
	if x.Payload == nil {
		return "up-to-date [" + x.Cohort.Slug + "] []"
	}
	return "install [" + x.Cohort.Slug + "] [" + manifest.PayloadURL(f.Project, manifest.LayoutOf(f), x.Payload) + "]"
}

// compareWalks has devices of a fleet check, and compares what they get with
// what explain says, the digest and size of the payload included.
func compareWalks(t *testing.T, w *walker, f *releases.Fleet, b *bucket, at time.Time, devices []manifest.Device) (kinds map[string]int) {
	t.Helper()
	kinds = map[string]int{}
	for i, d := range devices {
		w.piece = []int{0, 1, 7, 64}[i%4]
		w.device(1200, d)
		x := manifest.Explain(f, d, at)
		want := answerOf(f, x)
		if f.Project.Eager {
			// One question says nothing of the other.
			w.tell("eager 1")
			d.Eager = true
			want := answerOf(f, manifest.Explain(f, d, at))
			for range 2 {
				if got := w.check(b.get); got != want {
					t.Fatalf("%+v: %q\nsays %s\nwant %s", d, w.gets, got, want)
				}
			}
			w.tell("eager 0")
			d.Eager = false
		}
		for range 2 {
			if got := w.check(b.get); got != want {
				t.Fatalf("%+v: %q\nsays %s\nwant %s", d, w.gets, got, want)
			}
		}
		kind := strings.Fields(want)[0]
		if x.Payload == nil && (w.verified > 0 || len(w.gets) != 1) {
			t.Errorf("%+v, up to date: %d signatures verified, %q", d, w.verified, w.gets)
		}
		if x.Payload != nil {
			for _, other := range []int64{-1, 0, 1} {
				if got, want := w.ask("verify %s %d", x.Payload.SHA256, x.Payload.Size+other), strconv.Itoa(1-int(other*other)); got != want {
					t.Errorf("%+v: verify of %s and %d, %d more, says %s", d, x.Payload.SHA256, x.Payload.Size, other, got)
				}
			}
		}
		if !x.Known && d.CurrentVersion != "" {
			kind += " unlisted"
		}
		kinds[kind]++
	}
	return kinds
}

// devicesOf are devices of every cohort and target, listed ones and others, of
// known versions, of none and of versions that nobody listed.
func devicesOf(f *releases.Fleet, tree *manifest.Tree, most int) (devices []manifest.Device) {
	serials := []string{"FR-1", "DEMOSERIAL", "SN-000017", "x", strings.Repeat("9", min(31, f.Project.MaxSerial))}
	for _, c := range f.Cohorts {
		for i := range min(4, c.Devices.Len()) {
			serials = append(serials, c.Devices.Serial(i))
		}
	}
	for _, target := range manifest.Targets(f) {
		versions := append([]string{"", "0.0.1-unlisted", "999.0.0", "not a version", "1.0.0+b_1"}, tree.Known[target]...)
		for _, v := range tree.Known[target] {
			versions = append(versions, v+"+unlisted", v+"-unlisted")
		}
		for _, serial := range serials {
			for _, v := range versions {
				devices = append(devices, manifest.Device{Serial: serial, Target: target, CurrentVersion: v})
			}
		}
	}
	if step := len(devices)/most + 1; step > 1 {
		var some []manifest.Device
		for i := 0; i < len(devices); i += step + i%3 {
			some = append(some, devices[i])
		}
		devices = some
	}
	return slices.Clip(devices)
}
