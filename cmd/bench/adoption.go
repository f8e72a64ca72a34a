package main

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"
)

// adoption reads a log of a fortnight, of so many lines, as nginx writes them.
func (b *bench) adoption(lines int) {
	project := b.folder(b.disk)
	b.check(os.WriteFile(filepath.Join(project, "cairn.toml"), []byte("[project]\nslug = \"f\"\nbase_url = \"https://ota.example.com\"\n"), 0o644))
	b.check(os.MkdirAll(filepath.Join(project, "releases"), 0o755))
	b.check(os.WriteFile(filepath.Join(project, "releases/a.toml"), []byte("version = \"1.0.0\"\n[payload.main-fw.mp]\nurl = \"https://ota.example.com/x\"\nsize = 1\nsha256 = \"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"\n"), 0o644))
	name := filepath.Join(project, "access.log")
	b.check(writeLog(name, lines))
	info, err := os.Stat(name)
	b.check(err)
	all := b.takeTurns(b.rounds,
		contender{"adoption", func() usage {
			return b.command(nil, b.absolute(b.cairn), "-C", project, "adoption", name, "--at", "2026-12-15T00:00:00Z")
		}},
		contender{"floor", func() usage { return b.child("lines", name) }},
	)
	gigabytes := float64(info.Size()) / 1e9
	fmt.Printf("adoption %d lines, %.2f GB: %.2f s, %.2f times a bare loop over its lines (%.2f s); CPU %.2f s, %.1f s a GB; peak %.0f MiB\n",
		lines, gigabytes, all.of("adoption", wall), all.ratio("adoption", "floor", wall), all.of("floor", wall),
		all.of("adoption", cpu), all.of("adoption", cpu)/gigabytes, all.of("adoption", peak))
}

func writeLog(name string, lines int) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	defer file.Close()
	w := bufio.NewWriterSize(file, 1<<20)
	dice := rand.New(rand.NewPCG(1, 2))
	start := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	for i := range lines {
		at := start.Add(time.Duration(i) * (14 * 24 * time.Hour / time.Duration(lines)))
		version := []string{"1.0.0", "1.1.0", "0.9.0"}[dice.IntN(3)]
		fmt.Fprintf(w, "192.0.2.%d - - [%s] \"GET /f/v1/latest/main-fw/mp/default/%s/%02x.txt HTTP/1.1\" 200 92 \"-\" \"fridge-firmware/1.0 (stm32; zephyr; build 20261101; ota-client/2.4.1 coreHTTP)\"\n",
			dice.IntN(256), at.Format("02/Jan/2006:15:04:05 -0700"), version, dice.IntN(256))
	}
	return w.Flush()
}

// scanning counts the lines of a file, in one goroutine.
func scanning(name string) (func() error, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	return func() error {
		lines := bufio.NewReaderSize(file, 1<<20)
		for {
			if _, err := lines.ReadSlice('\n'); err == io.EOF {
				return nil
			} else if err != nil {
				return err
			}
		}
	}, nil
}
