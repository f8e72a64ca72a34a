package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"cairn/publish"

	"golang.org/x/term"
)

// watch shows how far some work is, on a line of the terminal, until it is
// done. Where there is no terminal it shows nothing.
func watch(w io.Writer, p *publish.Progress, work func() error) error {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return work()
	}
	done := make(chan error, 1)
	go func() { done <- work() }()
	const clear = "\r\x1b[K"
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	start := time.Now()
	for {
		select {
		case err := <-done:
			fmt.Fprint(w, clear)
			return err
		case now := <-tick.C:
			fmt.Fprint(w, clear+line(p, now.Sub(start)))
		}
	}
}

func line(p *publish.Progress, elapsed time.Duration) string {
	done, total := p.Done.Load(), p.Total.Load()
	rate := float64(done) / elapsed.Seconds()
	s := fmt.Sprintf("%s  %s/%s  %s/s", publish.Phase(p.Phase.Load()), thousands(int(done)), thousands(int(total)), thousands(int(rate)))
	if rate > 0 {
		s += fmt.Sprintf("  %s left", time.Duration(float64(total-done)/rate*float64(time.Second)).Round(time.Second))
	}
	return s
}
