// Package signtest signs with keys that cairn does not hold, and has others
// verify what cairn signs: OpenSSL, signify, and a token through PKCS#11.
package signtest

import (
	"bytes"
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// project is the example with an online key of somebody else's.
type project struct {
	*testing.T
	dir string
}

func newProject(t *testing.T) project {
	p := project{t, t.TempDir()}
	if err := os.CopyFS(filepath.Join(p.dir, "fridge"), os.DirFS("../../../examples/smartfridge")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", p.dir+":"+os.Getenv("PATH"))
	t.Setenv("SOFTHSM2_CONF", filepath.Join(p.dir, "softhsm2.conf"))
	p.run("go", "build", "-o", filepath.Join(p.dir, "cairn"), "cairn/cmd/cairn")
	return p
}

func (p project) try(in []byte, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(p.Context(), name, args...)
	if name != "go" {
		cmd.Dir = p.dir
	}
	cmd.Stdin = bytes.NewReader(in)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (p project) run(name string, args ...string) string {
	p.Helper()
	out, err := p.try(nil, name, args...)
	if err != nil {
		p.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return out
}

func (p project) write(name string, content []byte) {
	p.Helper()
	if err := os.WriteFile(filepath.Join(p.dir, name), content, 0o600); err != nil {
		p.Fatal(err)
	}
}

func (p project) read(name string) []byte {
	p.Helper()
	b, err := os.ReadFile(filepath.Join(p.dir, name))
	if err != nil {
		p.Fatal(err)
	}
	return b
}

func (p project) init(online ...string) {
	p.Helper()
	p.run("cairn", append([]string{"-C", "fridge", "keys", "init", "--root", "keys/root.key", "--spare", "keys/spare.key"}, online...)...)
}

const head = "fridge/public/smartfridge/v1/signed/head.txt"

// published is a publish signed by a command, and a look at it that verifies.
// What does not sign with the key writes nothing.
func (p project) published(command string) {
	p.Helper()
	for _, wrong := range []string{"head -c 64 /dev/zero", "true", "echo vault:v1:AAAA", "false"} {
		if out, err := p.try(nil, "cairn", "-C", "fridge", "publish", "--sign-with", wrong); err == nil || !strings.Contains(out, "sign") {
			p.Errorf("--sign-with %q: %v\n%s", wrong, err, out)
		}
		if _, err := os.Stat(filepath.Join(p.dir, "fridge/public/smartfridge/v1")); err == nil {
			p.Fatalf("--sign-with %q has written something", wrong)
		}
	}
	p.run("cairn", "-C", "fridge", "publish", "--sign-with", command)
	p.run("cairn", "-C", "fridge", "verify")
}

// split gives the text of a note, and the 64 bytes of its only signature.
func (p project) split(name string) (text, signature []byte) {
	p.Helper()
	text, rest, _ := bytes.Cut(p.read(name), []byte("\n\n"))
	fields := strings.Fields(string(rest))
	b, err := base64.StdEncoding.DecodeString(fields[len(fields)-1])
	if err != nil || len(fields) != 3 || len(b) != 68 {
		p.Fatalf("%s: %q, %v", name, rest, err)
	}
	return append(text, '\n'), b[4:]
}

// TestOpenSSL has a key of OpenSSL's sign, and OpenSSL verify: the head, and the
// statement that a root of cairn's has signed.
func TestOpenSSL(t *testing.T) {
	p := newProject(t)
	p.run("openssl", "genpkey", "-algorithm", "ed25519", "-out", "online.pem")
	p.run("openssl", "pkey", "-in", "online.pem", "-pubout", "-out", "online.pub")
	p.init("--online-public", "online.pub")
	p.published("openssl pkeyutl -sign -rawin -inkey online.pem -in /dev/stdin | base64 -w0")
	verify := func(key, note string) error {
		text, signature := p.split(note)
		p.write("text", text)
		p.write("signature", signature)
		out, err := p.try(nil, "openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", key, "-in", "text", "-sigfile", "signature")
		t.Logf("%s of %s: %s", key, note, out)
		return err
	}
	if err := verify("online.pub", head); err != nil {
		t.Error(err)
	}
	p.write("root.pub", pemOf(p.vkey("/root+")))
	if err := verify("root.pub", "fridge/signing/keys.txt"); err != nil {
		t.Error(err)
	}
	if err := verify("root.pub", head); err == nil {
		t.Error("a head verifies with a root")
	}
}

// vkey is the 32 bytes of the first public key in keys show whose line has a word.
func (p project) vkey(word string) []byte {
	p.Helper()
	for line := range strings.Lines(p.run("cairn", "-C", "fridge", "keys", "show")) {
		if _, key, ok := strings.Cut(line, word); ok {
			_, encoded, _ := strings.Cut(strings.Fields(key)[0], "+")
			b, err := base64.StdEncoding.DecodeString(encoded)
			if err != nil || len(b) != 33 {
				p.Fatalf("%q: %v", line, err)
			}
			return b[1:]
		}
	}
	p.Fatalf("no key with %q", word)
	return nil
}

// pemOf writes a public key as RFC 8410 does.
func pemOf(public []byte) []byte {
	der := append([]byte{0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00}, public...)
	return []byte("-----BEGIN PUBLIC KEY-----\n" + base64.StdEncoding.EncodeToString(der) + "\n-----END PUBLIC KEY-----\n")
}

// TestSignify has OpenBSD's signify verify a head that cairn has signed.
func TestSignify(t *testing.T) {
	p := newProject(t)
	p.init("--online", "keys/online.key")
	p.run("cairn", "-C", "fridge", "publish", "--sign-key", "keys/online.key")
	text, signature := p.split(head)
	file := func(comment string, of ...[]byte) []byte {
		body := append([]byte("Ed12345678"), bytes.Join(of, nil)...)
		return []byte("untrusted comment: " + comment + "\n" + base64.StdEncoding.EncodeToString(body) + "\n")
	}
	p.write("head", text)
	p.write("head.sig", file("signature", signature))
	p.write("online.pub", file("public key", p.vkey("online key  ota.example.com/smartfridge+")))
	p.run("signify-openbsd", "-V", "-p", "online.pub", "-m", "head")
	p.write("head", append(text, '\n'))
	if out, err := p.try(nil, "signify-openbsd", "-V", "-p", "online.pub", "-m", "head"); err == nil {
		t.Errorf("signify takes another text: %s", out)
	}
}

// TestToken has keys that never leave a token: one for heads, and one as the
// second root.
func TestToken(t *testing.T) {
	p := newProject(t)
	example := p.read("fridge/cairn.toml")
	const module = "/usr/lib/softhsm/libsofthsm2.so"
	if err := os.Mkdir(filepath.Join(p.dir, "tokens"), 0o700); err != nil {
		t.Fatal(err)
	}
	p.write("softhsm2.conf", []byte("directories.tokendir = "+filepath.Join(p.dir, "tokens")+"\n"))
	p.run("softhsm2-util", "--init-token", "--free", "--label", "cairn", "--so-pin", "1234", "--pin", "1234")
	token := []string{"--module", module, "--token-label", "cairn", "--login", "--pin", "1234"}
	ids := map[string]string{"online": "01", "root": "02"}
	for label, id := range ids {
		p.run("pkcs11-tool", append(token, "--keypairgen", "--key-type", "EC:edwards25519", "--label", label, "--id", id)...)
		p.run("pkcs11-tool", append(token, "--read-object", "--type", "pubkey", "--label", label, "--output-file", label+".pub")...)
	}
	sign := func(label string) string {
		return "pkcs11-tool " + strings.Join(token, " ") + " --sign --mechanism EDDSA --id " + ids[label]
	}
	p.run("cairn", "-C", "fridge", "keys", "init", "--root-public", "root.pub", "--online-public", "online.pub", "--command", sign("root"))
	p.published(sign("online"))

	// With a spare that is a file, both have to sign.
	for _, name := range []string{"fridge/cairn.toml", "fridge/signing/keys.txt"} {
		if err := os.Remove(filepath.Join(p.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	p.write("fridge/cairn.toml", example)
	p.run("cairn", "-C", "fridge", "keys", "init", "--root-public", "root.pub", "--spare", "keys/spare.key", "--online-public", "online.pub")
	p.run("cairn", "-C", "fridge", "check")
	p.write("fridge/cairn.toml", bytes.Replace(p.read("fridge/cairn.toml"), []byte("[signing]"), []byte("[signing]\nroot_threshold = 2"), 1))
	if out, err := p.try(nil, "cairn", "-C", "fridge", "check"); err == nil {
		t.Errorf("one root is enough: %s", out)
	}
	p.run("cairn", "-C", "fridge", "keys", "sign", "--command", sign("root"))
	p.run("cairn", "-C", "fridge", "check")
}
