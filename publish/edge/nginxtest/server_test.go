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

// listen takes a port, for an nginx that inherits it. One that is only looked
// for, and let go, may be another program's before nginx has it.
func listen(t *testing.T) *net.TCPListener {
	t.Helper()
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// start starts an edge. It ends with the test, and must then have logged no
// error but those that the test allows.
func start(t *testing.T, c nginx.Config, allowed ...string) *server {
	t.Helper()
	l := listen(t)
	c.Listen = l.Addr().String()
	files, err := nginx.Files(c)
	if err != nil {
		t.Fatal(err)
	}
	return run(t, "http", l, files, allowed...)
}

// run starts an nginx with the files of its folder. It takes over the listener.
func run(t *testing.T, scheme string, l *net.TCPListener, files map[string][]byte, allowed ...string) *server {
	t.Helper()
	installed(t)
	address := l.Addr().String()
	s := &server{scheme + "://" + address, folder(t)}
	socket, err := l.File()
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	defer socket.Close()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(s.dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var output bytes.Buffer
	cmd := exec.Command(binary, "-p", s.dir, "-c", nginx.ConfigFile, "-g", "daemon off;")
	cmd.SysProcAttr, cmd.Stderr = ordinary(), &output
	// As an nginx does that starts its successor.
	cmd.ExtraFiles, cmd.Env = []*os.File{socket}, append(os.Environ(), "NGINX=3;")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// To start a program makes its files wait, and nginx's workers never must.
	if err := syscall.SetNonblock(int(socket.Fd()), true); err != nil {
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
	for range 500 {
		if _, err := os.Stat(filepath.Join(s.dir, "nginx.pid")); err == nil {
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
