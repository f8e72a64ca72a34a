package outfile

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/cespare/xxhash/v2"
	"github.com/spf13/cobra"
)

// Generated is a file that a command writes into a folder of the user's.
type Generated struct {
	Name    string
	Comment string // what begins a line of comment in it
	Content []byte
}

// marked is the content below a line that tells the bytes that cairn wrote from
// those that somebody edited.
func (g Generated) marked() []byte {
	return append([]byte(g.marker(g.Content)), g.Content...)
}

func (g Generated) marker(content []byte) string {
	return fmt.Sprintf("%sWritten by cairn edge (%016x). It is not written over once it is edited.\n", g.Comment, xxhash.Sum64(content))
}

// written says whether a file is as cairn wrote it, now or some time ago.
func (g Generated) written(file []byte) bool {
	first, rest, _ := bytes.Cut(file, []byte("\n"))
	return string(first)+"\n" == g.marker(rest)
}

// WriteGenerated writes files into a folder, and says so: all of them or, where
// one is not cairn's, none.
func WriteGenerated(cmd *cobra.Command, dir string, files []Generated) error {
	states := make([]string, len(files))
	for i, g := range files {
		name := filepath.Join(dir, g.Name)
		there, err := os.ReadFile(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			states[i] = "wrote"
		case err != nil:
			return err
		case bytes.Equal(there, g.marked()):
			states[i] = "unchanged"
		case g.written(there):
			states[i] = "updated"
		default:
			return fmt.Errorf("%s was edited, or is not cairn's: it is left as it is\nmove it away, or write to another folder with --out and compare", name)
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for i, g := range files {
		name := filepath.Join(dir, g.Name)
		if states[i] != "unchanged" {
			if err := Replace(name, g.marked()); err != nil {
				return err
			}
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%s %s\n", states[i], name)
	}
	return nil
}
