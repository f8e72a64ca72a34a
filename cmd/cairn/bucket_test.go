package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"cairn/publish"
	"cairn/publish/s3store"
	"cairn/publish/storetest"
	"cairn/publish/storetest/proxy"

	"github.com/google/go-cmp/cmp"
)

// bucket is a project that is published to a real S3 server through a proxy,
// with few buckets of devices, so that a publish is short.
type bucket struct {
	*testing.T
	server *storetest.S3Server
	proxy  *proxy.Proxy
	name   string
	dir    string // the project folder
}

// Its test runs beside others.
func newBucket(t *testing.T) *bucket {
	t.Helper()
	t.Parallel()
	return openBucket(t)
}

// openBucket is one for a test that sets environment variables, and so runs by
// itself.
func openBucket(t *testing.T) *bucket {
	t.Helper()
	server := storetest.S3(t)
	p, err := proxy.New(server.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	b := &bucket{t, server, p, server.Bucket, filepath.Join(t.TempDir(), "fridge")}
	if err := os.CopyFS(b.dir, os.DirFS("../../examples/smartfridge")); err != nil {
		t.Fatal(err)
	}
	b.edit("cairn.toml", "[publish]", fmt.Sprintf("[publish]\nendpoint = %q\nregion = %q", p.Endpoint, server.Region))
	b.edit("cairn.toml", "[project]", "[project]\nbucket_digits = 1\ncohort_digits = 1")
	return b
}

func (b *bucket) edit(name, old, new string) {
	b.Helper()
	name = filepath.Join(b.dir, name)
	text, err := os.ReadFile(name)
	if err != nil || !strings.Contains(string(text), old) {
		b.Fatalf("%s has no %q: %v", name, old, err)
	}
	if err := os.WriteFile(name, []byte(strings.Replace(string(text), old, new, 1)), 0o644); err != nil {
		b.Fatal(err)
	}
}

// command is the program with the bucket as its target, not yet started.
func (b *bucket) command(name string, args ...string) (cmd *exec.Cmd, stdout, stderr *bytes.Buffer) {
	if name == "publish" {
		args = append(args, "--allow", "time") // the server's clock says now
	}
	cmd = exec.Command("cairn", append([]string{"-C", b.dir, name, "--to", "s3://" + b.name}, args...)...)
	cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID="+b.server.AccessKey, "AWS_SECRET_ACCESS_KEY="+b.server.SecretKey)
	stdout, stderr = &bytes.Buffer{}, &bytes.Buffer{}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	return cmd, stdout, stderr
}

// run runs the program, which has to succeed.
func (b *bucket) run(name string, args ...string) string {
	b.Helper()
	cmd, stdout, stderr := b.command(name, args...)
	if err := cmd.Run(); err != nil {
		b.Fatalf("cairn %s %s: %v\n%s", name, strings.Join(args, " "), err, stderr)
	}
	return stdout.String()
}

// fresh publishes to an empty bucket, and gives what is in it then.
func (b *bucket) fresh(args ...string) map[string]stored {
	b.Helper()
	other := *b
	other.name = b.server.NewBucket(b)
	other.run("publish", args...)
	return other.contents()
}

type stored struct {
	Body   string
	Header publish.Header
}

func (b *bucket) store() publish.Store {
	b.Helper()
	store, err := s3store.New(s3store.Config{
		Endpoint: b.server.Endpoint, Region: b.server.Region, Bucket: b.name,
		Credentials: s3store.StaticCredentials(b.server.AccessKey, b.server.SecretKey, ""),
	})
	if err != nil {
		b.Fatal(err)
	}
	return store
}

// contents is all that is in the bucket but the state.
func (b *bucket) contents() map[string]stored {
	b.Helper()
	store, all := b.store(), map[string]stored{}
	for e, err := range store.List(context.Background(), "") {
		if err != nil {
			b.Fatal(err)
		}
		if strings.Contains(e.Key, publish.StateFolder) {
			continue
		}
		o, err := store.Get(context.Background(), e.Key)
		if err != nil {
			b.Fatal(err)
		}
		text, err := io.ReadAll(o)
		o.Close()
		if err != nil {
			b.Fatal(err)
		}
		all[e.Key] = stored{string(text), o.Header}
	}
	return all
}

func (b *bucket) holds(want map[string]stored) {
	b.Helper()
	if diff := cmp.Diff(want, b.contents()); diff != "" {
		b.Errorf("the bucket differs (-want +got):\n%.4000s", diff)
	}
}

// state is what the bucket's state says.
func (b *bucket) state() *publish.State {
	b.Helper()
	remote, err := publish.ReadState(context.Background(), b.store(), "smartfridge")
	if err != nil || remote.Problem != nil {
		b.Fatal(err, remote.Problem)
	}
	return remote.State
}

// writes are the puts and deletions among requests, the state's own left out.
func writes(requests []proxy.Request) (n, ofState int) {
	for _, r := range requests {
		switch {
		case r.Method != "PUT" && r.Method != "DELETE":
		case strings.Contains(r.Path, publish.StateFolder):
			ofState++
		default:
			n++
		}
	}
	return n, ofState
}
