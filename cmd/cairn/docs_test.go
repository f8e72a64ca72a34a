package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"cairn/publish/storetest"
)

// document is one whose commands are run as they stand: all of its sh blocks,
// in order, in one shell, in a folder with what a reader has there.
type document struct {
	name string // from the top of the repository
	has  func(t *testing.T, dir string, server *storetest.S3Server)
	// apart are the blocks that need what no test has, by their first line.
	apart []string
	says  []string // what is printed, in this order
}

var documents = []document{
	{
		name: "README.md",
		has:  clone,
		says: []string{"no fault", "new, 0 unchanged", "release 1.1.0", "serving", "stm32-fw-mp-from-1.0.0.patch", "stm32-fw-mp-from-1.0.0.patch"},
	},
	{
		name: "docs/starting.md",
		has:  func(t *testing.T, dir string, _ *storetest.S3Server) { write(t, dir, "build/main-fw-mp.bin") },
		apart: []string{
			"make dist", // a bucket for tools, at AWS
			"aws iam create-open-id-connect-provider", // an account at AWS
			"account=$(aws sts get-caller-identity",   // the same, and one at GitHub
		},
		says: []string{"wrote cairn.toml", "wrote ../try/cairn.toml", "no fault", " new, 0 unchanged", "HTTP/1.1 200 OK", "HTTP/1.1 204 No Content", "withdrawn"},
	},
	{
		name: "docs/releasing.md",
		has: func(t *testing.T, dir string, server *storetest.S3Server) {
			example(t, dir, server)
			write(t, dir, "build/stm32-fw.bin", "build/1.1.0-1.2.0.patch", "build/mfw.bin", "build/mfw-1.9.0-2.0.0.patch")
			if err := os.WriteFile(filepath.Join(dir, "returned.txt"), []byte("EVT-01\nEVT-02\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		},
		apart: []string{
			"git worktree add ../stop HEAD", // a commit that rolls out, which stop.txtar has
		},
		says: []string{"releases/1.2.0.toml", `aborted = "the compressor stalls"`, "DEMOSERIAL", "EVT-01"},
	},
	{
		name: "docs/devices.md",
		has:  clone,
		says: []string{"serving", "a3b54d0d0cbb5019 beta", "stm32-fw-mp-from-1.0.0.patch", "release 1.1.0, as a delta", "HTTP/1.1 200 OK"},
	},
	{
		name: "docs/adoption.md",
		has:  clone,
		apart: []string{
			"cairn adoption sql --dialect clickhouse", // a ClickHouse, which sqltest has
		},
		says: []string{"new, 0 unchanged", "stm32-fw-mp-from-1.0.0.patch", "smartfridge: 1 request from", "1 line"},
	},
	{
		name: "docs/contract.md",
		has:  clone,
		says: []string{"a3b54d0d0cbb5019 beta", "stm32-fw-mp-from-1.0.0.patch", "1.0.0\nhttps://"},
	},
	{
		name: "docs/signing.md",
		has:  example,
		says: []string{"usb1/root.key signs", "no fault", " new, 0 unchanged", "has signed", "has not signed", "where it verifies"},
	},
	{
		name: "docs/command-line.md",
		has: func(t *testing.T, dir string, server *storetest.S3Server) {
			clone(t, dir, server)
			example(t, filepath.Join(dir, "firmware/ota"), server)
		},
		says: []string{"no answer", "new, 0 unchanged"},
	},
}

func TestDocumentsRunAsTheyStand(t *testing.T) {
	server := storetest.S3(t)
	for _, d := range documents {
		bucket := server.NewBucket(t)
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(filepath.Join("../..", d.name))
			if err != nil {
				t.Fatal(err)
			}
			script, err := d.script(string(text))
			if err != nil {
				t.Fatal(err)
			}
			script = regexp.MustCompile(`s3://[-a-z]+`).ReplaceAllString(script, "s3://"+bucket)
			script = strings.ReplaceAll(script, "eu-central-1", server.Region)

			home := t.TempDir()
			work := filepath.Join(home, "work")
			if err := os.Mkdir(work, 0o755); err != nil {
				t.Fatal(err)
			}
			d.has(t, work, server)
			runs(t, work, reader(t, home, server), script, d.says)
		})
	}
}

// The README that init writes has its commands indented, and files and serials
// that can be there.
func TestATeamsReadmeRunsAsItStands(t *testing.T) {
	dir := t.TempDir()
	command(t, "cairn", "init", dir, "--slug", "fridges", "--base-url", "https://ota.example.com", "--to", "dir:public")
	write(t, dir, "FILE")
	text, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	script := strings.Join(regexp.MustCompile(`(?m)^    .*\n`).FindAllString(string(text), -1), "")
	runs(t, dir, nil, script, []string{"releases/1.1.0.toml", `[activate."1.1.0"]`, "1.1.0", "new, 0 unchanged", "drains batteries", "aborted", "SERIAL", "0 wrong"})
}

// runs runs a script, which has to succeed and to say some words in this order.
func runs(t *testing.T, dir string, env []string, script string, says []string) {
	t.Helper()
	shell := exec.Command("bash", "-ec", "trap 'kill $(jobs -p) 2>&- || :' EXIT\n"+script)
	shell.Dir = dir
	shell.Env = append(os.Environ(), env...)
	out, err := shell.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, script, out)
	}
	rest := string(out)
	for _, want := range says {
		_, after, ok := strings.Cut(rest, want)
		if !ok {
			t.Fatalf("no %q where it is due, in\n%s", want, out)
		}
		rest = after
	}
}

// script is the sh blocks of a text, but for those that are apart.
func (d document) script(text string) (string, error) {
	apart := map[string]bool{}
	var b strings.Builder
blocks:
	for _, block := range regexp.MustCompile("(?ms)^```sh\n(.*?)^```$").FindAllStringSubmatch(text, -1) {
		for _, line := range d.apart {
			if strings.HasPrefix(block[1], line) {
				apart[line] = true
				continue blocks
			}
		}
		b.WriteString(block[1])
	}
	if len(apart) != len(d.apart) {
		return "", fmt.Errorf("%s: of the blocks that begin with %q there are only %v", d.name, d.apart, apart)
	}
	return b.String(), nil
}

// reader is the environment of somebody who reads along: with credentials, with
// a repository at acme/fridges that can be pushed to, and with port 8080 free.
func reader(t *testing.T, home string, server *storetest.S3Server) []string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	remote := filepath.Join(home, "remote.git")
	for name, text := range map[string]string{
		".gitconfig": fmt.Sprintf("[user]\nname = Reader\nemail = reader@example.com\n[url %q]\npushInsteadOf = git@github.com:acme/fridges.git\n", remote),
		".curlrc":    fmt.Sprintf("connect-to = 127.0.0.1:8080:%s\nretry = 20\nretry-delay = 1\nretry-connrefused\nsilent\nfail\n", address),
	} {
		if err := os.WriteFile(filepath.Join(home, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	env := []string{
		"HOME=" + home, "GIT_CONFIG_GLOBAL=" + filepath.Join(home, ".gitconfig"), "CURL_HOME=" + home,
		"CAIRN_LISTEN=" + address, "CAIRN_ENDPOINT=" + server.Endpoint,
		"AWS_REGION=" + server.Region, "AWS_ACCESS_KEY_ID=" + server.AccessKey, "AWS_SECRET_ACCESS_KEY=" + server.SecretKey,
	}
	command(t, "git", "init", "--quiet", "--bare", remote)
	for _, name := range []string{"GOCACHE", "GOMODCACHE"} { // which would be below HOME
		env = append(env, name+"="+command(t, "go", "env", name))
	}
	return env
}

func command(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).Output()
	if err != nil {
		t.Fatalf("%s %s: %v", name, strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(out))
}

// clone makes a folder look like a clone of this repository.
func clone(t *testing.T, dir string, _ *storetest.S3Server) {
	t.Helper()
	top, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(top)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if err := os.Symlink(filepath.Join(top, e.Name()), filepath.Join(dir, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
}

// example puts the example into a folder, with the S3 server in its cairn.toml,
// and with few buckets of devices, so that a publish is short.
func example(t *testing.T, dir string, server *storetest.S3Server) {
	t.Helper()
	if err := os.CopyFS(dir, os.DirFS("../../examples/smartfridge")); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "cairn.toml")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	edited := strings.NewReplacer(
		"[project]", "[project]\nbucket_digits = 1\ncohort_digits = 1",
		"[publish]", fmt.Sprintf("[publish]\nendpoint = %q\nregion = %q", server.Endpoint, server.Region),
	).Replace(string(text))
	if err := os.WriteFile(name, []byte(edited), 0o644); err != nil {
		t.Fatal(err)
	}
}

// write writes files that take any content.
func write(t *testing.T, dir string, names ...string) {
	t.Helper()
	for _, name := range names {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
