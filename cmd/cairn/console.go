package main

import (
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"net/http"
	"os"
	"sync"
	"time"

	"cairn/cmd/cairn/internal/cli"
	"cairn/releases"
	"cairn/templates/console"

	"github.com/spf13/cobra"
)

const consolePath = "/_cairn/"

// withConsole answers for the page, and leaves all else to the answers.
func withConsole(answers, page http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", answers)
	mux.Handle("GET "+consolePath+"{$}", page)
	return mux
}

// consolePage is the page of the definitions as they are on disk. Its entity
// tag changes with them: by that an open page knows when to load itself again.
type consolePage struct {
	global *globalOptions
	cmd    *cobra.Command
	at     cli.At

	mu   sync.Mutex
	tag  string
	made time.Time
	page []byte
	err  error
}

func (c *consolePage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	tag, page, err := c.now()
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("ETag", tag)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if r.Method != http.MethodHead {
		w.Write(page)
	}
}

// now is the page, made again where the definitions changed, or it is a minute
// old.
func (c *consolePage) now() (tag string, page []byte, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	tag = fingerprint(os.DirFS(c.global.dir))
	if tag == c.tag && time.Since(c.made) < time.Minute {
		return c.tag, c.page, c.err
	}
	c.tag, c.made = tag, time.Now()
	c.page, c.err = c.render()
	return c.tag, c.page, c.err
}

func (c *consolePage) render() ([]byte, error) {
	p, err := c.global.open(c.cmd.Context())
	if err != nil {
		return nil, err
	}
	defer p.close()
	m := p.model(c.at.Instant().Truncate(time.Second))
	m.Live, m.History = c.tag, p.history(c.cmd.Context())
	return console.Page(m)
}

// fingerprint is an entity tag of all files that the definitions are in, by
// their names, sizes and times.
func fingerprint(project fs.FS) string {
	sum := fnv.New64a()
	for _, root := range []string{releases.ProjectFile, "releases", "cohorts"} {
		_ = fs.WalkDir(project, root, func(name string, entry fs.DirEntry, err error) error {
			if err != nil {
				if errors.Is(err, fs.ErrNotExist) {
					return nil
				}
				fmt.Fprintln(sum, name, err)
				return nil
			}
			if info, err := entry.Info(); err == nil {
				fmt.Fprintln(sum, name, info.Size(), info.ModTime().UnixNano())
			}
			return nil
		})
	}
	return fmt.Sprintf(`"%016x"`, sum.Sum64())
}
