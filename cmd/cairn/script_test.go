package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"cairn/publish"
	"cairn/publish/edge/roots/rootstest"
	"cairn/publish/s3store"
	"cairn/publish/storetest"

	"github.com/klauspost/compress/zstd"
	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	// Under the race detector each process would sleep for a second at its end.
	os.Setenv("GORACE", "atexit_sleep_ms=10")
	testscript.Main(m, map[string]func(){"cairn": main})
}

var update = flag.Bool("update", false, "write what the commands print into the scripts")

// TestScripts runs the command lines in testdata, as a user would.
func TestScripts(t *testing.T) {
	server := storetest.S3(t)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       *update,
		Setup: func(env *testscript.Env) error {
			env.Setenv("GORACE", os.Getenv("GORACE"))
			return os.CopyFS(env.WorkDir+"/fridge", os.DirFS("../../examples/smartfridge"))
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"serve": serveInBackground,
			"hook":  hook,
			"fetch": fetch,
			"files": files,
			"tls":   tlsServer,
			"s3": func(ts *testscript.TestScript, _ bool, _ []string) {
				useS3(ts, server, server.NewBucket(t))
			},
			"list": func(ts *testscript.TestScript, _ bool, args []string) {
				putList(ts, server, args[0], args[1])
			},
			"edit":     editFile,
			"field":    field,
			"accident": accident,
			"stops":    stops,
		},
	})
}

// useS3 puts a bucket of a real S3 server into $BUCKET, its credentials into
// the environment, and the server into the project's cairn.toml.
func useS3(ts *testscript.TestScript, server *storetest.S3Server, bucket string) {
	ts.Setenv("BUCKET", bucket)
	ts.Setenv("AWS_ACCESS_KEY_ID", server.AccessKey)
	ts.Setenv("AWS_SECRET_ACCESS_KEY", server.SecretKey)
	ts.Setenv("ENDPOINT", server.Endpoint)
	ts.Setenv("REGION", server.Region)
	name := "fridge/cairn.toml"
	text := strings.Replace(ts.ReadFile(name), "[publish]",
		fmt.Sprintf("[publish]\nendpoint = %q\nregion = %q", server.Endpoint, server.Region), 1)
	ts.Check(os.WriteFile(ts.MkAbs(name), []byte(text), 0o644))
}

// putList puts a file into $BUCKET at KEY, compressed where that ends in .zst, and
// its digest into $SHA256.
func putList(ts *testscript.TestScript, server *storetest.S3Server, name, key string) {
	content := []byte(ts.ReadFile(name))
	if strings.HasSuffix(key, ".zst") {
		w, err := zstd.NewWriter(nil)
		ts.Check(err)
		content = w.EncodeAll(content, nil)
	}
	store, err := s3store.New(s3store.Config{
		Endpoint: server.Endpoint, Region: server.Region, Bucket: ts.Getenv("BUCKET"),
		Credentials: s3store.StaticCredentials(server.AccessKey, server.SecretKey, ""),
	})
	ts.Check(err)
	ts.Check(store.Put(context.Background(), key, publish.BytesContent(content), publish.Header{}))
	ts.Setenv("SHA256", fmt.Sprintf("%x", sha256.Sum256(content)))
}

// serveInBackground runs "cairn serve ARGS" until the script ends, and puts
// its address into $URL.
func serveInBackground(ts *testscript.TestScript, _ bool, args []string) {
	cmd := exec.Command("cairn", append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)
	cmd.Dir = ts.MkAbs(".")
	cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID="+ts.Getenv("AWS_ACCESS_KEY_ID"), "AWS_SECRET_ACCESS_KEY="+ts.Getenv("AWS_SECRET_ACCESS_KEY"))
	stdout, err := cmd.StdoutPipe()
	ts.Check(err)
	log, err := os.Create(ts.MkAbs("access.log"))
	ts.Check(err)
	cmd.Stderr = log
	ts.Check(cmd.Start())
	ts.Defer(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		if err := cmd.Wait(); err != nil {
			ts.Logf("serve ended with %v", err)
		}
		log.Close()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		ts.Fatalf("serve said nothing: %s", ts.ReadFile("access.log"))
	}
	_, url, _ := strings.Cut(strings.TrimSpace(line), " on ")
	ts.Setenv("URL", url)
}

// files serves a folder as any web server would, and puts its address into
// $URL.
func files(ts *testscript.TestScript, _ bool, args []string) {
	server := httptest.NewServer(http.FileServer(http.Dir(ts.MkAbs(args[0]))))
	ts.Defer(server.Close)
	ts.Setenv("URL", server.URL)
}

// tlsServer has nothing to serve, puts its address into $URL, and its certificate
// into ca.pem.
func tlsServer(ts *testscript.TestScript, _ bool, _ []string) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	ts.Defer(server.Close)
	ts.Setenv("URL", server.URL)
	ts.Check(os.WriteFile(ts.MkAbs("ca.pem"), rootstest.PEM(server.Certificate()), 0o644))
}

// fetch sends a request, METHOD URL [FIELD:VALUE…], and writes the answer to
// standard output: status, sorted headers, body.
func fetch(ts *testscript.TestScript, neg bool, args []string) {
	r, err := http.NewRequest(args[0], args[1], nil)
	ts.Check(err)
	r.Header.Set("Accept-Encoding", "identity")
	for _, field := range args[2:] {
		name, value, _ := strings.Cut(field, ":")
		r.Header.Set(name, strings.TrimSpace(value))
	}
	client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(r)
	ts.Check(err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	ts.Check(err)
	w := ts.Stdout()
	fmt.Fprintln(w, answer.Status)
	ts.Check(answer.Header.Write(w))
	fmt.Fprintf(w, "\n%s", body)
}

// editFile replaces text in a file: FILE OLD NEW, where \n ends a line.
func editFile(ts *testscript.TestScript, _ bool, args []string) {
	name := ts.MkAbs(args[0])
	text := ts.ReadFile(args[0])
	args[1] = strings.ReplaceAll(args[1], `\n`, "\n")
	if !strings.Contains(text, args[1]) {
		ts.Fatalf("%s has no %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(name, []byte(strings.Replace(text, args[1], strings.ReplaceAll(args[2], `\n`, "\n"), 1)), 0o644))
}

// hook answers POSTs with STATUS, puts its address into $HOOK, and adds each to
// hook.txt: the signature, and the body.
func hook(ts *testscript.TestScript, _ bool, args []string) {
	code, err := strconv.Atoi(args[0])
	ts.Check(err)
	log, err := os.Create(ts.MkAbs("hook.txt"))
	ts.Check(err)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(log, "%s %s\n", r.Header.Get("X-Hub-Signature-256"), body)
		w.WriteHeader(code)
	}))
	ts.Defer(func() { server.Close(); log.Close() })
	ts.Setenv("HOOK", server.URL)
}
