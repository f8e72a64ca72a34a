package cli

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Asker asks questions, a line each.
type Asker struct {
	ctx context.Context
	in  *bufio.Reader
	out io.Writer
}

// NewAsker asks on out, and reads the answers from in. The context ends the waiting.
func NewAsker(ctx context.Context, in io.Reader, out io.Writer) *Asker {
	return &Asker{ctx, bufio.NewReader(in), out}
}

// Ask repeats a question until the answer, or the fallback for none, is right.
func (a *Asker) Ask(question, fallback string, check func(string) error) (string, error) {
	for {
		fmt.Fprint(a.out, question)
		if fallback != "" {
			fmt.Fprintf(a.out, " [%s]", fallback)
		}
		fmt.Fprint(a.out, ": ")
		line, err := a.line()
		if err != nil {
			fmt.Fprintln(a.out)
			return "", err
		}
		answer := cmp.Or(strings.TrimSpace(line), fallback)
		wrong := check(answer)
		if wrong == nil {
			return answer, nil
		}
		fmt.Fprintln(a.out, wrong)
	}
}

// line reads a line. An interrupt leaves the reading to the end of the program.
func (a *Asker) line() (string, error) {
	type result struct {
		line string
		err  error
	}
	done := make(chan result, 1)
	go func() {
		line, err := a.in.ReadString('\n')
		done <- result{line, err}
	}()
	select {
	case r := <-done:
		if errors.Is(r.err, io.EOF) {
			return "", errors.New("no answer: nothing was written")
		}
		return r.line, r.err
	case <-a.ctx.Done():
		return "", a.ctx.Err()
	}
}
