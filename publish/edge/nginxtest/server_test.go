// Package nginxtest has the tests of the edge of templates/edge/nginx, in the
// nginx of Debian.
package nginxtest

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"cairn/templates/edge/nginx"
)

// packages are those of Debian with a file of each.
var packages = map[string]string{
	"nginx":                           "/usr/sbin/nginx",
	"libnginx-mod-http-js":            "/usr/lib/nginx/modules/ngx_http_js_module.so",
	"libnginx-mod-http-brotli-static": "/usr/lib/nginx/modules/ngx_http_brotli_static_module.so",
	"njs":                             "/usr/bin/njs",
}

// install installs what is missing, where it may.
var install = sync.OnceValue(func() error {
	var missing []string
	for name, file := range packages {
		if _, err := os.Stat(file); err != nil {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	command := "apt-get install -y " + strings.Join(missing, " ")
	if os.Geteuid() != 0 {
		return fmt.Errorf("the tests of the nginx edge need %s: as root, run %q", strings.Join(missing, ", "), command)
	}
	out, err := exec.Command("sh", "-c", "(apt-get update && "+command+") 2>&1").CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", command, err, out)
	}
	return nil
})

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
	if err := install(); err != nil {
		t.Fatal(err)
	}
	c.Listen = freeAddress(t)
	s := &server{"http://" + c.Listen, folder(t)}
	files, err := nginx.Files(c)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(s.dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var output bytes.Buffer
	cmd := exec.Command(packages["nginx"], "-p", s.dir, "-c", "nginx.conf", "-g", "daemon off;")
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
			expected := !strings.Contains(line, "[error]") && !strings.Contains(line, "[crit]") && !strings.Contains(line, "[alert]") && !strings.Contains(line, "[emerg]")
			for _, a := range allowed {
				expected = expected || strings.Contains(line, a)
			}
			if !expected {
				t.Errorf("nginx logs %s", line)
			}
		}
	})
	for range 500 {
		if conn, err := net.Dial("tcp", c.Listen); err == nil {
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
	t.Fatalf("nginx does not answer at %s: %s", c.Listen, output.Bytes())
	return nil
}
