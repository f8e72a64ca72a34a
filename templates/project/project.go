// Package project writes a new project: its definitions, what its team reads,
// and the CI workflows that publish it.
package project

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"
	"sync"
	"text/template"
	"unicode"
	"unicode/utf8"

	"cairn/releases"
	"cairn/releases/syntax"
)

// Config is what is known of a new project.
type Config struct {
	Slug         string
	Organization string // may be empty
	BaseURL      string
	Publish      releases.Publish

	GitHub, GitLab bool     // for which CI workflows are written; s3:// targets only
	Branch         string   // the one that is published; needed with a CI
	Guards         []string // names of what a publish by hand may let through
	Within         string   // the project folder in its repository, with slashes; "." is its top
	LFS            bool     // the repository keeps files in Git LFS
	SecondSigner   bool     // a job of its own signs, too, before the one that publishes; GitHub only
	Gates          bool     // a job asks gates, promotes, and pushes what they decide, before the one that publishes; GitHub only
}

// File is one of those that make a project.
type File struct {
	Name    string // with slashes, relative to the project folder
	Shared  bool   // Name is relative to the top of the repository
	Content []byte
}

// The actions that the GitHub workflow uses, by commit.
const (
	checkout = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1"
	signIn   = "aws-actions/configure-aws-credentials@e6de054238d6b7531b4efff3b6587d9aade6a06c # v6.2.3"
	keep     = "actions/upload-artifact@b7c566a772e6b6bfb58ed0dc250532a479d7789f # v6.0.0"
)

// PushToken is the secret at GitHub with which decisions of gates are pushed where
// the branch is protected.
const PushToken = "OTA_PUSH_TOKEN"

// SecondSigner is the environment at GitHub that has the second online key.
const SecondSigner = "cairn-second-signer"

// CI says whether any workflow is written.
func (c *Config) CI() bool { return c.GitHub || c.GitLab }

// SignsIn says whether CI gets short-lived credentials for its identity: at
// AWS. Other services have keys.
func (c *Config) SignsIn() bool {
	if !strings.HasPrefix(c.Publish.To, "s3://") {
		return false
	}
	u, err := url.Parse(c.Publish.Endpoint)
	if err != nil || c.Publish.Endpoint == "" {
		return err == nil
	}
	host := "." + u.Hostname()
	return strings.HasSuffix(host, ".amazonaws.com") || strings.HasSuffix(host, ".amazonaws.com.cn")
}

// Check says what is wrong with a configuration: by the rules for
// [releases.ProjectFile], as [releases.Faults] in what that would be, and by
// those that workflows have besides.
func (c *Config) Check() error {
	for _, s := range []string{c.Slug, c.Organization, c.BaseURL, c.Publish.To, c.Publish.Endpoint, c.Publish.Region} {
		if !utf8.ValidString(s) {
			return fmt.Errorf("%q is not UTF-8", s)
		}
	}
	text, err := execute(releases.ProjectFile, c)
	if err != nil {
		return err
	}
	if _, err := releases.ReadProject(text); err != nil {
		return err
	}
	if c.Publish.Region != "" && !releases.ValidSlug(c.Publish.Region) {
		return fmt.Errorf("region %q is none such as eu-central-1", c.Publish.Region)
	}
	if c.SignsIn() && c.Publish.Region == "" {
		return errors.New("a bucket at AWS needs its region, such as eu-central-1")
	}
	if c.SecondSigner && (!c.GitHub || c.GitLab) {
		return errors.New("a second signer is a job at GitHub, and no other workflow is written for it: --ci github")
	}
	if c.Gates && (!c.GitHub || c.GitLab) {
		return errors.New("gates are asked by a job at GitHub, and no other workflow has one: --ci github\nfor GitLab docs/adoption.md has the lines to add")
	}
	if !c.CI() {
		return nil
	}
	if scheme, _ := releases.CutTarget(c.Publish.To); scheme != "s3" {
		return fmt.Errorf("CI cannot publish to %q: a runner's folder is gone after the run", c.Publish.To)
	}
	if strings.ContainsFunc(c.Branch, func(r rune) bool { return !strings.ContainsRune("._/-", r) && !letterOrDigit(r) }) || c.Branch == "" {
		return fmt.Errorf("branch %q is not of letters, digits and . _ / -", c.Branch)
	}
	if strings.ContainsAny(c.Within, "$`\"'\\") || strings.ContainsFunc(c.Within, unicode.IsControl) || !utf8.ValidString(c.Within) {
		return fmt.Errorf("workflows cannot name the folder %q: it has a quote, $, \\ or control character", c.Within)
	}
	return nil
}

func letterOrDigit(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}

//go:embed *.tmpl install-cairn.sh
var sources embed.FS

var templates = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("").Delims("[[", "]]").Funcs(template.FuncMap{
		"quote": syntax.String, // YAML reads it as TOML does
		"join":  func(names []string) string { return strings.Join(names, ", ") },
		"list":  func(s string) string { return "[" + syntax.String(s) + "]" },
	}).ParseFS(sources, "*.tmpl"))
})

// execute fills in a template.
func execute(name string, c *Config) ([]byte, error) {
	var b bytes.Buffer
	err := templates().ExecuteTemplate(&b, name+".tmpl", struct {
		*Config
		Checkout, SignIn, Keep, PushToken string
	}{c, checkout, signIn, keep, PushToken})
	return b.Bytes(), err
}

// Ignored is a line of .gitignore: what is published to a folder of the project,
// or to that of the examples. It is below the slug, whatever else is there.
func (c *Config) Ignored() string {
	folder := "public"
	if scheme, name := releases.CutTarget(c.Publish.To); scheme == "dir" {
		name = path.Clean(name)
		if !path.IsAbs(name) && name != ".." && !strings.HasPrefix(name, "../") {
			folder = name
		}
	}
	folder = path.Join(folder, c.Slug)
	var b strings.Builder
	for _, r := range folder {
		if strings.ContainsRune("\\*?[]!# ", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return "/" + b.String() + "/"
}

// Files makes the files of a project, in the order in which they are to be
// written: the one that makes a folder a project comes last.
func Files(c Config) ([]File, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	var files []File
	var failed error
	add := func(name, template string, shared bool) {
		text, err := execute(template, &c)
		failed = errors.Join(failed, err)
		files = append(files, File{name, shared, text})
	}
	add("README.md", "readme.md", false)
	add(".gitignore", "gitignore", false)
	add("releases/README.md", "releases.md", false)
	add("cohorts/"+releases.DefaultCohort+".toml", "default.toml", false)
	if c.CI() {
		script, err := sources.ReadFile("install-cairn.sh")
		failed = errors.Join(failed, err)
		files = append(files, File{InstallScript, false, script})
	}
	if c.GitHub {
		add(".github/workflows/cairn.yml", "github.yml", true)
	}
	if c.GitLab {
		add(".gitlab-ci.yml", "gitlab.yml", true)
	}
	add(releases.ProjectFile, releases.ProjectFile, false)
	return files, failed
}

// InstallScript is the file that brings cairn to CI, once it is filled in.
const InstallScript = "ci/install-cairn.sh"
