package releases_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"cairn/releases"

	"github.com/google/go-cmp/cmp"
)

// sound is a project without faults. Tests lay files over it.
const sound = `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
-- releases/1.0.0.toml --
version = "1.0.0"
[payload.main.mp]
file = "a.bin"
-- releases/a.bin --
abc
-- releases/folder/empty.bin --
-- cohorts/beta.toml --
devices = ["SN-1"]
[activate."1.0.0"]
`

// project makes a project of files, each of which a line "-- path --" begins.
// A later one takes the place of an earlier one.
func project(files ...string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for _, text := range files {
		for _, part := range strings.Split("\n"+text, "\n-- ")[1:] {
			name, content, _ := strings.Cut(part, " --")
			if content = strings.TrimPrefix(content, "\n"); content != "" {
				content = strings.TrimSuffix(content, "\n") + "\n"
			}
			fsys[name] = &fstest.MapFile{Data: []byte(content)}
		}
	}
	return fsys
}

// refusal is files laid over the sound project, and everything that Load must
// say of them.
type refusal struct{ name, files, want string }

func refuse(t *testing.T, rows []refusal) {
	t.Helper()
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			_, err := releases.Load(project(sound, row.files))
			got := ""
			if err != nil {
				got = "\n" + err.Error() + "\n"
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("faults differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSoundProject(t *testing.T) {
	if _, err := releases.Load(project(sound)); err != nil {
		t.Fatal(err)
	}
}
