package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cairn/releases/signing"
)

// signed adds [signing] to the project of a bucket, with keys that everybody
// knows, and gives the file of the private one.
func (b *bucket) signed() (key string) {
	b.Helper()
	const origin = "ota.example.com/smartfridge"
	root := signing.NewPrivate(signing.RootName(origin), []byte(strings.Repeat("\x01", 32)))
	online := signing.NewPrivate(origin, []byte(strings.Repeat("\x0b", 32)))
	keys := &signing.Keys{Origin: origin, Generation: 1, Threshold: 1, Issued: 1, Expires: 1<<32 - 1, Online: []signing.Key{online.Key}}
	note := &signing.Note{Text: keys.Text()}
	if err := note.Add([]signing.Key{root.Key}, root.Sign(note.Text)); err != nil {
		b.Fatal(err)
	}
	b.edit("cairn.toml", "[publish]", `[signing]
roots = ["`+root.String()+`"]
keys = "keys.txt"

[publish]`)
	key = filepath.Join(b.TempDir(), "online.key")
	for name, text := range map[string]string{filepath.Join(b.dir, "keys.txt"): string(note.Bytes()), key: online.Encode()} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	return key
}

// TestRequestsOfASignedPublish counts them on their way to a real server: 1 where
// nothing changed, else those of what changed, parts and head included, and 4;
// and looks at their order.
func TestRequestsOfASignedPublish(t *testing.T) {
	b := newBucket(t)
	key := b.signed()
	b.run("publish", "--at", before, "--sign-key", key)
	for _, row := range []struct {
		at      string
		changed bool
	}{{before, false}, {"2026-12-05T12:00:00Z", true}, {after, true}, {after, false}} {
		b.proxy.Take()
		said := b.run("publish", "--at", row.at, "--sign-key", key, "--concurrency", "1")
		requests := b.proxy.Take()
		n, _ := writes(requests)
		const state = 4 // read, lease, probe, end
		switch {
		case !row.changed && len(requests) != 1:
			t.Errorf("%s: %d requests to change nothing", row.at, len(requests))
		case row.changed && len(requests) != n+state:
			t.Errorf("%s: %d requests to change %d objects", row.at, len(requests), n)
		}
		parts, heads, last := 0, 0, 0
		for _, r := range requests {
			class := 0
			switch {
			case r.Method != "PUT" || strings.Contains(r.Path, "/.cairn/"):
				continue
			case strings.Contains(r.Path, "/payloads/"):
				class = 1
			case strings.HasSuffix(r.Path, "/signed/keys.txt"):
				class = 3
			case strings.HasSuffix(r.Path, "/signed/head.txt"):
				class, heads = 4, heads+1
			case strings.Contains(r.Path, "/signed/"):
				class, parts = 2, parts+1
			default:
				class = 5
			}
			if class < last {
				t.Fatalf("%s: %s comes too late", row.at, r.Path)
			}
			last = class
		}
		if row.changed && (heads != 1 || parts == 0) {
			t.Errorf("%s: %d heads, %d parts", row.at, heads, parts)
		}
		t.Logf("%s: %d requests, %d of them for what changed, with %d parts and %d heads: %s", row.at, len(requests), n, parts, heads, said)
	}
	b.proxy.Take()
	b.run("publish", "--at", before, "--sign-key", key)
	for _, r := range b.proxy.Take() {
		if r.Method == "PUT" && strings.Contains(r.Path, "/signed/") && !strings.HasSuffix(r.Path, "/head.txt") {
			t.Errorf("%s is put again", r.Path)
		}
	}
	b.run("verify", "--at", before, "--deep")
}
