package main

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"cairn/releases"
)

// filesIn are the files in a topic: what is indented by four below a comment
// that names one.
func filesIn(text string) (files [][2]string) {
	for block := range strings.SplitSeq(text, "\n\n") {
		name, ok := strings.CutPrefix(strings.SplitN(block, "\n", 2)[0], "    # ")
		if ok {
			files = append(files, [2]string{name, strings.ReplaceAll("\n"+block, "\n    ", "\n")})
		}
	}
	return files
}

// TestTopics loads each example of a topic beside those of the definitions.
func TestTopics(t *testing.T) {
	base := fstest.MapFS{"releases/stm32-fw-mp.bin": {Data: []byte("x")}}
	for _, c := range topics() {
		if c.Name() != "definitions" {
			continue
		}
		for _, e := range filesIn(c.Long) {
			base[e[0]] = &fstest.MapFile{Data: []byte(e[1])}
		}
	}
	if _, err := releases.Load(base); err != nil || len(base) != 4 {
		t.Fatalf("%d files: %v", len(base), err)
	}
	loaded := 0
	for _, c := range topics() {
		for line := range strings.Lines(c.Long) {
			if len(line) > 81 && c.Name() != "topics" {
				t.Errorf("%s: %q is longer than 80", c.Name(), line)
			}
		}
		for _, e := range filesIn(c.Long) {
			loaded++
			files := maps.Clone(base)
			files[e[0]] = &fstest.MapFile{Data: []byte(e[1])}
			if _, err := releases.Load(files); err != nil {
				t.Errorf("%s: %v", c.Name(), err)
			}
		}
		for _, doc := range regexp.MustCompile(`docs/[a-z-]+\.md`).FindAllString(c.Long, -1) {
			if _, err := os.Stat("../../" + doc); err != nil {
				t.Errorf("%s: %v", c.Name(), err)
			}
		}
		for _, m := range regexp.MustCompile(`'cairn ([a-z-]+)`).FindAllStringSubmatch(c.Long, -1) {
			if c, _, err := rootCommand().Find(m[1:2]); err != nil || c.Name() != m[1] {
				t.Errorf("%s: there is no command %q", c.Name(), m[1])
			}
		}
	}
	if loaded < 10 {
		t.Errorf("only %d examples were loaded", loaded)
	}
}

// TestEnvironmentTopic compares the variables that the topic names with those
// for credentials and regions that the AWS SDK reads.
func TestEnvironmentTopic(t *testing.T) {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/aws/aws-sdk-go-v2/config").Output()
	if err != nil {
		t.Fatal(err)
	}
	var read []string
	for _, name := range []string{"env_config.go", "resolve_credentials.go"} {
		source, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), name))
		if err != nil {
			t.Fatal(err)
		}
		about := `ACCESS_KEY|SECRET|SESSION|(DEFAULT_)?PROFILE|CONFIG_FILE|SHARED|WEB_IDENTITY|ROLE|CONTAINER|EC2_METADATA_DISABLED|(DEFAULT_)?REGION`
		for _, m := range regexp.MustCompile(`"(AWS_(`+about+`)\w*)"`).FindAllStringSubmatch(string(source), -1) {
			read = append(read, m[1])
		}
	}
	text, err := topicFiles.ReadFile("topics/environment.txt")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`AWS_\w+`).FindAllString(string(text), -1)
	slices.Sort(read)
	slices.Sort(named)
	if read, named = slices.Compact(read), slices.Compact(named); !slices.Equal(read, named) {
		t.Errorf("read are\n%q, the topic names\n%q", read, named)
	}
}
