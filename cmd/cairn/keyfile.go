package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"

	"cairn/cmd/cairn/internal/cli"
	"cairn/cmd/cairn/internal/git"
	"cairn/releases/signing"
)

// keyFile is a private key in a file of its own, which only its owner reads.
type keyFile struct {
	name string
	*signing.Private
}

// newKeyFile makes a key, and writes nothing. Its file is outside of what git
// keeps, and is not there.
func newKeyFile(name, key string) (keyFile, error) {
	if _, err := os.Lstat(name); err == nil {
		return keyFile{}, cli.Usagef("%s is there already, and no key is written over: move it away, or name another file", name)
	}
	if top := git.WorktreeOf(filepath.Dir(name)); top != "" {
		return keyFile{}, cli.Usagef("%s would be in the git work tree %s, where a private key is soon committed: name a file outside", name, top)
	}
	seed := make([]byte, ed25519.SeedSize)
	_, _ = rand.Read(seed) // never fails
	return keyFile{name, signing.NewPrivate(key, seed)}, nil
}

func (k keyFile) write() error {
	if err := os.MkdirAll(filepath.Dir(k.name), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(k.name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(k.Encode() + "\n")
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}

func readKeyFile(name string) (*signing.Private, error) {
	const most = 4096
	info, err := os.Stat(name)
	if err == nil && info.Size() > most {
		err = fmt.Errorf("it has %d bytes", info.Size())
	}
	if err != nil {
		return nil, cli.Usagef("private key %s: %w", name, cli.Cause(err))
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, cli.Usagef("private key %s: %w", name, cli.Cause(err))
	}
	key, err := signing.ParsePrivate(string(text))
	if err != nil {
		return nil, cli.Usagef("private key %s: %w", name, err)
	}
	return key, nil
}
