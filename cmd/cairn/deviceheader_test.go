package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cairn/manifest"
	"cairn/releases"
)

const smartfridge = "../../examples/smartfridge"

// TestPosixDevice builds examples/device-posix with the project's header, and
// has devices of every kind ask a server. Each must get what explain says.
func TestPosixDevice(t *testing.T) {
	t.Parallel()
	device := posixDevice(t, smartfridge, false)
	at := time.Date(2026, 12, 2, 12, 0, 0, 0, time.UTC) // 1.1.0 reaches a tenth of the customers
	bucket := "dir:" + filepath.Join(t.TempDir(), "bucket")
	if code := run(context.Background(), []string{"-C", smartfridge, "publish", "--to", bucket, "--at", at.Format(time.RFC3339)}, io.Discard, os.Stderr); code != exitDone {
		t.Fatalf("publish ended with %d", code)
	}
	host, port := serveFrom(t, smartfridge, bucket)
	fleet, err := releases.Load(os.DirFS(smartfridge))
	if err != nil {
		t.Fatal(err)
	}
	layout := manifest.LayoutOf(fleet)
	seen := map[string]bool{}
	for _, serial := range []string{"EVT-01", "DEMOSERIAL", "FRIDGE-0042", "FRIDGE-0311", "FRIDGE-0001", "FRIDGE-0015", "FRIDGE-0016", strings.Repeat("x", 128)} {
		for _, hardware := range []string{"mp", "evt"} {
			for _, version := range []string{"", "0.9.0-factory", "1.0.0-alpha", "1.0.0", "1.1.0", "1.0.0+b", "v3 (b)", "0.9.0-unlisted"} {
				d := manifest.Device{Serial: serial, Target: manifest.Target{SoftwareType: "stm32-fw", HardwareVersion: hardware}, CurrentVersion: version}
				x := manifest.Explain(fleet, d, at)
				want := ""
				for _, f := range x.Fetches {
					status := 404
					if f.Found {
						status = 200
					}
					want += fmt.Sprintf("GET /%s\n%d\n", f.Key, status)
				}
				want += "cohort " + x.Cohort.Slug + ": "
				if x.Payload == nil {
					want += "up to date\n"
				} else {
					want += fmt.Sprintf("install %s\n%d bytes, as the URL says\n", manifest.PayloadURL(fleet.Project, layout, x.Payload), x.Payload.Size)
				}
				args := []string{host, port, serial, "stm32-fw", hardware}
				if version != "" {
					args = append(args, version)
				}
				got, err := exec.Command(device, args...).CombinedOutput()
				if string(got) != want || err != nil {
					t.Errorf("%q: %v\n%swant\n%s", args, err, got, want)
				}
				release := "nothing"
				if x.Release != nil {
					release = x.Release.Version
				}
				seen[x.Cohort.Slug+" "+version+" "+release] = true
			}
		}
	}
	for _, kind := range []string{
		"default 1.0.0 nothing", "default 1.0.0 1.1.0", "beta 1.0.0 1.1.0", "internal 1.1.0 nothing",
		"default  1.0.0", "default  1.1.0", "default v3 (b) nothing", "default 0.9.0-unlisted 1.0.0", "internal 1.0.0+b 1.0.0",
	} {
		if !seen[kind] {
			t.Errorf("no device was %q: %v", kind, seen)
		}
	}
}

// TestPosixDeviceFails are answers that are of no use, and mistakes.
func TestPosixDeviceFails(t *testing.T) {
	t.Parallel()
	device := posixDevice(t, smartfridge, false)
	ok := func(body string) string {
		return fmt.Sprintf("HTTP/1.1 200 OK\r\ncontent-length:%d\r\n\r\n%s", len(body), body)
	}
	for _, tt := range []struct {
		serial  string
		answers []string
		want    string
		code    int
	}{
		{"A", []string{ok(""), ok("")}, "cohort default: up to date", 0},
		{"A", []string{ok(""), ok("https://elsewhere.example.com/x")}, "the payload is elsewhere", 0},
		{"A", []string{ok(""), ok("https://ota.example.com/x"), ok("payload")}, "7 bytes, but not those of the URL", 1},
		{"A", []string{ok(""), ok("https://ota.example.com/x"), "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"}, "the download failed", 1},
		{"A", nil, "try again later", 1},
		{"A", []string{ok("<html>Log in</html>")}, "try again later", 1},
		{"A", []string{ok("13099d40d095b684 beta\n")[:60]}, "try again later", 1},
		{"A", []string{ok(""), ok("https://ota.example.com/x")[:60]}, "try again later", 1},
		{"A", []string{ok(""), "HTTP/1.1 200 OK\r\n\r\nhttps://ota.example.com/x"}, "try again later", 1},
		{"A", []string{ok(""), "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"}, "try again later", 1},
		{"A", []string{"nonsense\r\n\r\n"}, "try again later", 1},
		{"A", []string{ok("13099d40d095b684 " + strings.Repeat("c", 64) + "\n")}, "does not fit", 2},
		{"A", []string{ok(""), ok(strings.Repeat("x", 512))}, "does not fit", 2},
		{strings.Repeat("x", 129), nil, "does not fit", 2},
	} {
		host, port := canned(t, tt.answers)
		cmd := exec.Command(device, host, port, tt.serial, "stm32-fw", "mp", "1.0.0")
		out, _ := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code != tt.code || !strings.Contains(string(out), tt.want) {
			t.Errorf("%q: exit code %d\n%swant %d and %q", tt.answers, code, out, tt.code, tt.want)
		}
	}
}

// TestPosixDeviceSigned has a project make its keys and publish, and the example
// walk what was signed: with Monocypher where the system has it, else OpenSSL.
func TestPosixDeviceSigned(t *testing.T) {
	t.Parallel()
	dir, keys := t.TempDir(), t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(smartfridge)); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 12, 2, 12, 0, 0, 0, time.UTC)
	bucket, online := "dir:"+filepath.Join(t.TempDir(), "bucket"), filepath.Join(keys, "online.key")
	for _, args := range [][]string{
		{"keys", "init", "--root", filepath.Join(keys, "root.key"), "--spare", filepath.Join(keys, "spare.key"), "--online", online},
		{"publish", "--to", bucket, "--at", at.Format(time.RFC3339), "--sign-key", online},
	} {
		if code := run(context.Background(), append([]string{"-C", dir}, args...), io.Discard, os.Stderr); code != exitDone {
			t.Fatalf("%q ended with %d", args, code)
		}
	}
	device := posixDevice(t, dir, true)
	host, port := serveFrom(t, dir, bucket)
	fleet, err := releases.Load(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	layout := manifest.LayoutOf(fleet)
	ask := func(state string, now time.Time, d manifest.Device) (gets int, keys bool, got string) {
		t.Helper()
		args := []string{host, port, d.Serial, d.Target.SoftwareType, d.Target.HardwareVersion}
		if d.CurrentVersion != "" {
			args = append(args, d.CurrentVersion)
		}
		cmd := exec.Command(device, args...)
		cmd.Env = append(os.Environ(), "STATE="+state, fmt.Sprintf("NOW=%d", now.Unix()))
		out, err := cmd.CombinedOutput()
		if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() > 1 {
			t.Fatalf("%q: %v\n%s", args, err, out)
		}
		gets = strings.Count(string(out), "GET ")
		_, got, _ = strings.Cut(string(out), "\n200\n")
		for strings.Contains(got, "\n200\n") {
			_, got, _ = strings.Cut(got, "\n200\n")
		}
		return gets, strings.Contains(string(out), "keys.txt"), got
	}
	installed := 0
	for _, serial := range []string{"EVT-01", "DEMOSERIAL", "FRIDGE-0042", "FRIDGE-0001", "FRIDGE-0015"} {
		for _, version := range []string{"", "1.0.0-alpha", "1.0.0", "1.1.0", "v3 (b)", "0.9.0-unlisted"} {
			d := manifest.Device{Serial: serial, Target: manifest.Target{SoftwareType: "stm32-fw", HardwareVersion: "mp"}, CurrentVersion: version}
			x := manifest.Explain(fleet, d, at)
			want := "cohort " + x.Cohort.Slug + ": "
			if x.Payload == nil {
				want += "up to date\n"
			} else {
				installed++
				want += fmt.Sprintf("install %s\n%d bytes, as it is signed\n", manifest.PayloadURL(fleet.Project, layout, x.Payload), x.Payload.Size)
			}
			state := filepath.Join(t.TempDir(), "state")
			for i, known := range []bool{false, true} {
				gets, asked, got := ask(state, at, d)
				if got != want || asked == known {
					t.Errorf("check %d of %+v: %d GETs, keys asked for %v\n%swant\n%s", i, d, gets, asked, got, want)
				}
			}
			if _, _, got := ask(state, at.AddDate(0, 0, 15), d); got != "stale: signed, but expired\n" {
				t.Errorf("after 15 days %+v says %s", d, got)
			}
		}
	}
	if installed < 5 || installed > 25 {
		t.Errorf("%d of 30 devices had something to install", installed)
	}
}

// posixDevice builds the example with sanitizers.
func posixDevice(t *testing.T, project string, signed bool) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../examples/device-posix")); err != nil {
		t.Fatal(err)
	}
	needs, flag := "make gcc libc6-dev", "SIGNED="
	args := []string{"-C", project, "device-header", "--out", filepath.Join(dir, "cairn_ota.h")}
	if signed {
		needs, flag, args = needs+" pkg-config libssl-dev", "SIGNED=1", append(args, "--signed")
	}
	if code := run(context.Background(), args, io.Discard, os.Stderr); code != exitDone {
		t.Fatalf("device-header ended with %d", code)
	}
	out, err := exec.Command("make", "-B", "-o", "cairn_ota.h", "-C", dir, "device", "CC=gcc", flag,
		"CFLAGS=-g -O1 -Wall -Wextra -Werror -pedantic -Wconversion -fsanitize=address,undefined -fno-sanitize-recover=all").CombinedOutput()
	if err != nil {
		t.Fatalf("make: %v (this test needs: apt-get install %s)\n%s", err, needs, out)
	}
	return filepath.Join(dir, "device")
}

// serveFrom runs "cairn serve" over a bucket until the test ends.
func serveFrom(t *testing.T, project, bucket string) (host, port string) {
	t.Helper()
	ctx, interrupt := context.WithCancel(context.Background())
	r, w := io.Pipe()
	ended := make(chan int, 1)
	var log lockedBuffer
	go func() {
		ended <- run(ctx, []string{"-C", project, "serve", "--from", bucket, "--listen", "127.0.0.1:0"}, w, &log)
		w.Close()
	}()
	t.Cleanup(func() { interrupt(); <-ended })
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatalf("serve said nothing: %s", &log)
	}
	_, address, _ := strings.Cut(strings.TrimSpace(line), "://")
	if host, port, err = net.SplitHostPort(address); err != nil {
		t.Fatal(err)
	}
	return host, port
}

// canned gives an answer to each connection in turn, and then none.
func canned(t *testing.T, answers []string) (host, port string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			var request [1024]byte
			_, _ = conn.Read(request[:])
			if len(answers) > 0 {
				_, _ = io.WriteString(conn, answers[0])
				answers = answers[1:]
			}
			conn.Close()
		}
	}()
	host, port, err = net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return host, port
}
