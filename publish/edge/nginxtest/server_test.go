//go:build unix

package nginxtest

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"cairn/templates/edge/nginx"
)

const binary = "/usr/sbin/nginx"

// installed says what is missing of the packages that the tests need.
func installed(t *testing.T) {
	t.Helper()
	for _, file := range []string{binary, "/usr/bin/njs", "/usr/lib/nginx/modules/ngx_http_js_module.so", "/usr/lib/nginx/modules/ngx_http_brotli_static_module.so"} {
		if _, err := os.Stat(file); err != nil {
			t.Fatalf(`%v: "make deps-edges" installs it, or says how`, err)
		}
	}
}

// server is an nginx that runs.
type server struct {
	url, dir string
}

// ordinary is a user who may nothing, if the tests are root's.
func ordinary() *syscall.SysProcAttr {
	if os.Geteuid() != 0 {
		return nil
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
}

// folder is one that an ordinary user can reach and write to.
func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, err := range []error{os.Chmod(filepath.Dir(dir), 0o755), os.Chmod(dir, 0o777)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// start starts an edge. It ends with the test, and must then have logged no
// error but those that the test allows.
func start(t *testing.T, c nginx.Config, allowed ...string) *server {
	t.Helper()
	c.Listen = freeAddress(t)
	files, err := nginx.Files(c)
	if err != nil {
		t.Fatal(err)
	}
	return run(t, "http://"+c.Listen, files, allowed...)
}

// run starts an nginx with the files of its folder.
func run(t *testing.T, url string, files map[string][]byte, allowed ...string) *server {
	t.Helper()
	installed(t)
	s := &server{url, folder(t)}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(s.dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var output bytes.Buffer
	cmd := exec.Command(binary, "-p", s.dir, "-c", nginx.ConfigFile, "-g", "daemon off;")
	cmd.SysProcAttr, cmd.Stderr = ordinary(), &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-exited
		log, _ := os.ReadFile(filepath.Join(s.dir, "error.log"))
		for line := range strings.Lines(string(log)) {
			if failure.MatchString(line) && !slices.ContainsFunc(allowed, func(a string) bool { return strings.Contains(line, a) }) {
				t.Errorf("nginx logs %s", line)
			}
		}
	})
	_, address, _ := strings.Cut(url, "://")
	for range 500 {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			return s
		}
		select {
		case err := <-exited:
			exited <- err
			t.Fatalf("nginx: %v: %s", err, output.Bytes())
		case <-time.After(10 * time.Millisecond):
		}
	}
	t.Fatalf("nginx does not answer at %s: %s", address, output.Bytes())
	return nil
}

var failure = regexp.MustCompile(`\[(error|crit|alert|emerg)\]`)
