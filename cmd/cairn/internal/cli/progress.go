package cli

import (
	"fmt"
	"io"
	"time"

	"cairn/publish"
)

// Watch shows how far a plan is until it is carried out.
func Watch(w io.Writer, p *publish.Progress, work func() error) error {
	return Follow(w, func(elapsed time.Duration) string { return line(p, elapsed) }, work)
}

// Follow shows a line about some work until it is done: again and again in the
// same place of a terminal, else every few seconds; nothing where it is empty.
func Follow(w io.Writer, line func(elapsed time.Duration) string, work func() error) error {
	every, before, after := 5*time.Second, "", "\n"
	if Terminal(w) {
		every, before, after = 100*time.Millisecond, "\r\x1b[K", ""
	}
	done := make(chan error, 1)
	go func() { done <- work() }()
	tick := time.NewTicker(every)
	defer tick.Stop()
	start := time.Now()
	for {
		select {
		case err := <-done:
			fmt.Fprint(w, before)
			return err
		case now := <-tick.C:
			if s := line(now.Sub(start)); s != "" {
				fmt.Fprint(w, before+s+after)
			}
		}
	}
}

func line(p *publish.Progress, elapsed time.Duration) string {
	if p.Total.Load() == 0 {
		return "" // it is not planned yet
	}
	return Pace(publish.Phase(p.Phase.Load()).String(), p.Done.Load(), p.Total.Load(), elapsed)
}

// Pace is "answers  1,301/6,444  260/s  20s left".
func Pace(what string, done, total int64, elapsed time.Duration) string {
	rate := float64(done) / elapsed.Seconds()
	s := fmt.Sprintf("%s  %s/%s  %s/s", what, Thousands(int(done)), Thousands(int(total)), Thousands(int(rate)))
	if rate > 0 {
		s += fmt.Sprintf("  %s left", time.Duration(float64(total-done)/rate*float64(time.Second)).Round(time.Second))
	}
	return s
}
