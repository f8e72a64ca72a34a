package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"cairn/releases"
	scaffold "cairn/templates/project"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// complete asks for what no flag says, or refuses to guess where there is no
// terminal.
func (opts *initOptions) complete(cmd *cobra.Command, dir string) error {
	if in, ok := cmd.InOrStdin().(*os.File); ok && term.IsTerminal(int(in.Fd())) {
		return opts.ask(newAsker(cmd.Context(), in, cmd.ErrOrStderr()), cmd.Flags().Changed, dir)
	}
	var missing []string
	for _, name := range []string{"slug", "base-url", "to"} {
		if !cmd.Flags().Changed(name) {
			missing = append(missing, "--"+name)
		}
	}
	if len(missing) > 0 {
		return usagef("init needs %s, where there is no terminal to ask at\nsee 'cairn init --help'", strings.Join(missing, ", "))
	}
	return nil
}

// ask completes the options with answers. Each is held to the project's rules
// at once.
func (opts *initOptions) ask(a *asker, given func(flag string) bool, dir string) error {
	// Values that are right, for what is not known yet.
	c := scaffold.Config{Slug: "x", BaseURL: "https://example.com", Publish: releases.Publish{To: "dir:x", Region: "x"}, Within: "."}
	check := func(field *string) func(string) error {
		return func(s string) error {
			before := *field
			*field = s
			err := withoutPlaces(c.Check())
			if err == nil {
				err = checkBucket(c.Publish)
			}
			if err != nil {
				*field = before
			}
			return err
		}
	}
	questions := []struct {
		flag, question, fallback string
		answer                   *string
		check                    func(string) error
		bucket                   bool // a question about one
	}{
		{"slug", "Short name of the fleet, which firmware has in it", slugOf(dir), &opts.slug, check(&c.Slug), false},
		{"base-url", "Where devices see what is published, such as https://ota.example.com", "", &opts.baseURL, check(&c.BaseURL), false},
		{"to", "Where to publish: s3://BUCKET, or dir:DIR", "dir:public", &opts.to, check(&c.Publish.To), false},
		{"endpoint", "URL of the S3 service; nothing for AWS", "", &opts.endpoint, check(&c.Publish.Endpoint), true},
		{"region", "Region of the bucket, such as eu-central-1", "", &opts.region, check(&c.Publish.Region), true},
	}
	for _, q := range questions {
		switch {
		case given(q.flag):
			if err := q.check(*q.answer); err != nil {
				return usageError{err}
			}
		case q.bucket && !strings.HasPrefix(opts.to, "s3://"):
		default:
			var err error
			if *q.answer, err = a.ask(q.question, q.fallback, q.check); err != nil {
				return err
			}
		}
	}
	return nil
}

// slugOf is a folder's name, if that can be a slug.
func slugOf(dir string) string {
	abs, err := filepath.Abs(dir)
	if name := filepath.Base(abs); err == nil && releases.ValidSlug(name) {
		return name
	}
	return ""
}

// asker asks questions, a line each.
type asker struct {
	ctx context.Context
	in  *bufio.Reader
	out io.Writer
}

func newAsker(ctx context.Context, in io.Reader, out io.Writer) *asker {
	return &asker{ctx, bufio.NewReader(in), out}
}

// ask repeats a question until the answer, or the fallback for none, is right.
func (a *asker) ask(question, fallback string, check func(string) error) (string, error) {
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
func (a *asker) line() (string, error) {
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
