package storetest_test

import (
	"bytes"
	"crypto/md5"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"
)

func (s suite) largeFile(t *testing.T) {
	store := s.newStore(t)
	// 40 MiB and a bit are three parts of 16 MiB.
	body := random(40<<20 + 12345)
	content := file(t, body)
	key := "p/v1/payloads/0123456789abcdef0123456789abcdef/stm32-fw-mp.bin"
	for range 2 {
		if err := store.Put(t.Context(), key, content, payload); err != nil {
			t.Fatal(err)
		}
	}
	o, err := store.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	got, err := io.ReadAll(o)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, body) {
		t.Errorf("read %d bytes that are not the %d written", len(got), len(body))
	}
	if !s.noHeaders {
		if diff := cmp.Diff(payload, o.Header); diff != "" {
			t.Errorf("header (-want +got):\n%s", diff)
		}
	}
	if listed := list(t, store, ""); len(listed) != 1 || listed[0].Size != int64(len(body)) {
		t.Errorf("listed %v", listed)
	}

	var ranges errgroup.Group
	for i := range 4 {
		ranges.Go(func() error {
			o, err := store.Get(t.Context(), key)
			if err != nil {
				return err
			}
			defer o.Close()
			at := i*10<<20 + 17
			if _, err := o.Seek(int64(at), io.SeekStart); err != nil {
				return err
			}
			got := make([]byte, 1<<20)
			if _, err := io.ReadFull(o, got); err != nil {
				return err
			}
			if !bytes.Equal(got, body[at:at+len(got)]) {
				return fmt.Errorf("other bytes at %d", at)
			}
			return nil
		})
	}
	if err := ranges.Wait(); err != nil {
		t.Error(err)
	}
}

func (s suite) seek(t *testing.T) {
	store := s.newStore(t)
	body := "0123456789abcdefghijklmnopqrstuvwxyz"
	put(t, store, "s", body)
	o, err := store.Get(t.Context(), "s")
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	for _, step := range []struct {
		offset int64
		whence int
		at     int64
		read   string
	}{
		{0, io.SeekEnd, 36, ""},
		{0, io.SeekStart, 0, "0123"},
		{0, io.SeekCurrent, 4, "4567"},
		{2, io.SeekCurrent, 10, "abcd"},
		{-4, io.SeekCurrent, 10, "abcdef"},
		{-3, io.SeekEnd, 33, "xyz"},
		{100, io.SeekStart, 100, ""},
		{35, io.SeekStart, 35, "z"},
		{0, io.SeekStart, 0, body},
	} {
		at, err := o.Seek(step.offset, step.whence)
		if err != nil || at != step.at {
			t.Fatalf("seek %d from %d: at %d, %v; want %d", step.offset, step.whence, at, err, step.at)
		}
		got := make([]byte, len(step.read))
		if _, err := io.ReadFull(o, got); err != nil || string(got) != step.read {
			t.Fatalf("at %d: got %q, %v; want %q", at, got, err, step.read)
		}
	}
	if n, err := o.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("read %d bytes at the end, %v", n, err)
	}
	if _, err := o.Seek(-1, io.SeekStart); err == nil {
		t.Error("seek before the start")
	}

	put(t, store, "empty", "")
	if o, err = store.Get(t.Context(), "empty"); err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	for _, whence := range []int{io.SeekEnd, io.SeekStart} {
		if at, err := o.Seek(0, whence); at != 0 || err != nil {
			t.Errorf("seek in an empty object: %d, %v", at, err)
		}
		if got, err := io.ReadAll(o); len(got) != 0 || err != nil {
			t.Errorf("read %q, %v", got, err)
		}
	}
}

// A file that isn't what was planned must not be published.
func (s suite) changedFile(t *testing.T) {
	store := s.newStore(t)
	put(t, store, "p/old", "old")
	for _, size := range []int{10, 17 << 20} {
		body := random(size)
		other := bytes.Clone(body)
		other[size-1]++
		for what, now := range map[string][]byte{"other bytes": other, "shorter": body[:size-1], "longer": append(other, 'x'), "empty": nil} {
			content := file(t, now)
			content.Size, content.MD5 = int64(size), md5.Sum(body)
			for _, key := range []string{"p/old", "p/new"} {
				if err := store.Put(t.Context(), key, content, payload); err == nil {
					t.Errorf("%s of %d bytes, %s: put", key, size, what)
				} else if !strings.Contains(err.Error(), key) {
					t.Errorf("error %q doesn't name %s", err, key)
				}
			}
		}
	}
	content := file(t, nil)
	content.Open = func() (io.ReadSeekCloser, error) { return nil, fs.ErrPermission }
	if err := store.Put(t.Context(), "p/new", content, payload); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("content that can't be opened: %v", err)
	}
	if diff := cmp.Diff([]string{"p/old"}, keys(list(t, store, ""))); diff != "" {
		t.Errorf("list (-want +got):\n%s", diff)
	}
	if got := get(t, store, "p/old"); got != "old" {
		t.Errorf("got %d bytes", len(got))
	}
}

func (s suite) readersOutliveObjects(t *testing.T) {
	store := s.newStore(t)
	put(t, store, "r", "first")
	o, err := store.Get(t.Context(), "r")
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	put(t, store, "r", "2nd")
	if got, err := io.ReadAll(o); err != nil || string(got) != "first" {
		t.Errorf("got %q, %v", got, err)
	}
}
