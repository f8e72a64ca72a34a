// Package storetest starts a server that speaks S3, for tests of any package.
// Its own tests are what every store must do. No program imports it.
package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// T is what S3 needs of a [testing.TB]: little enough to be written where
// there is none, as in TestMain.
type T interface {
	Helper()
	Fatalf(format string, args ...any)
	TempDir() string
	Cleanup(func())
}

// S3Server is a server that speaks S3 over plain HTTP, with one empty bucket.
type S3Server struct {
	Endpoint string // a URL
	Region   string
	Bucket   string

	AccessKey string
	SecretKey string

	Process int // its number

	dir     string
	buckets int
}

// S3 starts a server, which stops when the test ends. It needs versitygw:
// where CAIRN_TEST_VERSITYGW says, or else in .cache/bin of the module.
func S3(t T) *S3Server {
	t.Helper()
	s := &S3Server{Region: "eu-test-1", AccessKey: "cairn-access", SecretKey: "cairn-secret", dir: t.TempDir()}
	s.Bucket = s.NewBucket(t)
	bin, err := versitygw()
	if err != nil {
		t.Fatalf("%v", err)
	}
	// Somebody else may take the port between its choice and its use.
	for range 3 {
		if err = s.start(t, bin); err == nil {
			return s
		}
	}
	t.Fatalf("starting %s: %v", bin, err)
	return nil
}

// NewBucket makes another empty bucket and returns its name.
func (s *S3Server) NewBucket(t T) string {
	t.Helper()
	s.buckets++
	name := fmt.Sprintf("bucket-%d", s.buckets)
	// To versitygw, a folder in its own is a bucket.
	if err := os.Mkdir(filepath.Join(s.dir, name), 0o755); err != nil {
		t.Fatalf("making a bucket: %v", err)
	}
	return name
}

func (s *S3Server) start(t T, bin string) error {
	address, err := freeAddress()
	if err != nil {
		return err
	}
	var output bytes.Buffer
	cmd := exec.Command(bin, "--quiet", "--keep-alive", "--port", address, "--region", s.Region,
		"--access", s.AccessKey, "--secret", s.SecretKey, "posix", s.dir)
	cmd.Env = []string{} // nothing of it is for this server
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		return err
	}
	s.Process = cmd.Process.Pid
	exited := make(chan struct{})
	go func() {
		cmd.Wait()
		close(exited)
	}()
	s.Endpoint = "http://" + address
	for range 1000 {
		if answer, err := http.Get(s.Endpoint); err == nil {
			answer.Body.Close()
			t.Cleanup(func() {
				cmd.Process.Kill()
				<-exited
			})
			return nil
		}
		select {
		case <-exited:
			return fmt.Errorf("%v: %s", cmd.ProcessState, output.Bytes())
		case <-time.After(10 * time.Millisecond):
		}
	}
	cmd.Process.Kill()
	<-exited
	return fmt.Errorf("no answer at %s: %s", s.Endpoint, output.Bytes())
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

func versitygw() (string, error) {
	if bin := os.Getenv("CAIRN_TEST_VERSITYGW"); bin != "" {
		return bin, nil
	}
	dir, err := os.Getwd()
	for ; err == nil && dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		bin := filepath.Join(dir, ".cache", "bin", "versitygw")
		if _, err := os.Stat(bin); err == nil {
			return bin, nil
		}
	}
	return "", errors.New(`versitygw is not there: run "make deps-test" first`)
}
