package payload

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cairn/publish"
	"cairn/publish/dirstore"

	"github.com/spf13/cobra"
)

// A build that goes on while its file is uploaded is told apart from a store
// that fails, and leaves nothing.
func TestAFileThatIsBuiltAnewWhileItIsUploaded(t *testing.T) {
	name := filepath.Join(t.TempDir(), "fw.bin")
	for _, after := range []string{"other firmware", "longer firmware", ""} {
		if err := os.WriteFile(name, []byte("first firmware"), 0o644); err != nil {
			t.Fatal(err)
		}
		cmd := &cobra.Command{}
		cmd.SetContext(t.Context())
		b, err := Read(cmd, name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(after), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, time.Time{}, b.info.ModTime().Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		store := dirstore.New(t.TempDir())
		err = b.Store(cmd, store, "p/fw.bin", publish.Header{})
		if err == nil || !strings.HasPrefix(err.Error(), name+" was changed while it was read; run the command again when the build is done\n") {
			t.Errorf("%q: %v", after, err)
		}
		for e, err := range store.List(t.Context(), "") {
			t.Errorf("the store has %+v, %v", e, err)
		}
	}
}
