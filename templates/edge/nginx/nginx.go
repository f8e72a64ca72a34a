// Package nginx writes the configuration of an nginx that is an edge: the
// query API of docs/contract.md section 4 and the tree beside it, over a published
// directory or over an origin such as a bucket.
package nginx

import (
	"bytes"
	"cmp"
	_ "embed"
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"text/template"
	"time"

	"cairn/manifest"
	"cairn/releases"
	"cairn/templates/edge/javascript"
)

// Config says what an edge serves, and where. It has a root or an origin.
type Config struct {
	Project releases.Project
	Cache   releases.Cache
	Root    string   // absolute path of the folder that stands for the bucket
	Origin  *url.URL // where the bucket can be read, over http or https
	Listen  string   // "host:port"; the host may be empty
	Modules string   // absolute path of nginx's modules; "" is where Debian has them
	Log     string   // absolute path of the access log; "" is none
	CA      string   // absolute path of the certificates that vouch for an https origin, in PEM; "" is Debian's
}

// The files of an edge.
const (
	ConfigFile = "nginx.conf"
	ScriptFile = "cairn.js"
)

// Where Debian has what a configuration names: the packages of nginx, its own
// and those of nginx.org, and ca-certificates.
const (
	DebianModules = "/usr/lib/nginx/modules"
	DebianCA      = "/etc/ssl/certs/ca-certificates.crt"
)

//go:embed nginx.conf.tmpl
var configText string

//go:embed xxh64.js.tmpl
var hashText string

//go:embed cairn.js.tmpl
var scriptText string

var (
	functions = template.FuncMap{
		"js":      quoteJS,
		"conf":    quoteConf,
		"literal": regexp.QuoteMeta,
		"times":   times,
		"plus":    plus,
		"rotate":  rotate,
		"seconds": func(d time.Duration) int64 { return int64(d / time.Second) },
	}
	templates = sync.OnceValue(func() []*template.Template {
		config := template.Must(template.New(ConfigFile).Funcs(functions).Parse(configText))
		script := template.Must(template.New(ScriptFile).Funcs(functions).Parse(scriptText))
		template.Must(script.New("xxh64").Parse(hashText))
		return []*template.Template{config, script}
	})
)

// values are what the templates fill in.
type values struct {
	Slug, Prefix, Key, Base    string
	CohortDigits, BucketDigits int
	Answers, Cohorts           time.Duration
	Root, Listen, Modules, CA  string
	Log                        string
	Origin                     *origin
	// Patterns of keys, as [manifest.Layout] has them.
	Shard, Bucket, Folder, Segment string
	Eager                          bool   // devices may ask eagerly
	Plain                          string // of names that are their own segments
	Versions                       string // their comparison, in the project's order
}

// segment matches the segments of a key, and nothing that leads elsewhere.
const segment = `[-_A-Za-z0-9][-_.A-Za-z0-9]*`

// Files makes the two files.
func Files(c Config) (map[string][]byte, error) {
	listen, err := listenValue(c.Listen)
	if err != nil {
		return nil, err
	}
	v := values{
		Slug: c.Project.Slug, Prefix: c.Project.Prefix, Key: c.Project.Key, Base: c.Project.BasePath(),
		CohortDigits: c.Project.CohortDigits, BucketDigits: c.Project.BucketDigits,
		Answers: c.Cache.Answers, Cohorts: c.Cache.Cohorts,
		Log: c.Log, Root: c.Root, Listen: listen, Modules: cmp.Or(c.Modules, DebianModules), CA: cmp.Or(c.CA, DebianCA),
		Shard:    fmt.Sprintf("[0-9a-f]{%d}", c.Project.CohortDigits),
		Eager:    c.Project.Eager,
		Bucket:   fmt.Sprintf("[0-9a-f]{%d}", c.Project.BucketDigits),
		Folder:   strings.Join([]string{segment, segment, segment, segment}, "/"),
		Segment:  segment,
		Versions: javascript.Versions(c.Project.Order),
		Plain:    `[-A-Za-z0-9][-.A-Za-z0-9]{0,127}`,
	}
	if v.Eager {
		v.Bucket = "(?:" + v.Bucket + "|" + manifest.EagerBucket + ")"
	}
	if v.Base == "/origin" {
		return nil, fmt.Errorf("base_url %s has the path /origin, which this edge uses itself", c.Project.BaseURL)
	}
	if c.Root == "" {
		if v.Origin, err = newOrigin(c.Origin); err != nil {
			return nil, err
		}
	}
	for _, path := range []string{v.Root, v.Modules, v.CA, v.Log} {
		if err := checkPath(path); err != nil {
			return nil, err
		}
	}
	files := map[string][]byte{}
	for _, t := range templates() {
		var b bytes.Buffer
		if err := t.Execute(&b, v); err != nil {
			return nil, err
		}
		files[t.Name()] = b.Bytes()
	}
	return files, nil
}

// listenValue is an address as nginx takes it.
func listenValue(address string) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil || port == "" || strings.ContainsAny(host+port, " \t\n;{}$\"'\\#/") {
		return "", fmt.Errorf("%q is no address such as 127.0.0.1:8080 or :8080", address)
	}
	if host == "" {
		return port, nil
	}
	return address, nil
}

// origin is where objects are fetched.
type origin struct {
	Scheme  string
	Address string // with the port
	Name    string // without it
	Host    string // as the Host line states it
	Path    string // before a key's slash
	TLS     bool
}

func newOrigin(u *url.URL) (*origin, error) {
	wrong := ""
	switch {
	case u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		wrong = "is no URL such as https://bucket.s3.example.com"
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		wrong = "has more than a host and a path: the origin is read without a name or a key"
	case strings.ContainsAny(u.Host+u.Path, " \t\r\n;{}$\"'\\#?%"):
		wrong = "has characters that its keys cannot have"
	}
	if wrong != "" {
		return nil, fmt.Errorf("%q %s", u.Redacted(), wrong)
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return &origin{
		Scheme: u.Scheme, Address: net.JoinHostPort(u.Hostname(), port), Name: u.Hostname(), Host: u.Host,
		Path: strings.TrimRight(u.Path, "/"), TLS: u.Scheme == "https",
	}, nil
}

// checkPath refuses a path that nginx would not take literally.
func checkPath(path string) error {
	if strings.ContainsAny(path, "$\n\r\x00") {
		return fmt.Errorf("the path %q has a $ or a line break, which nginx does not take: move what is there, or link to it", path)
	}
	return nil
}

// quoteConf is a string in nginx's syntax.
func quoteConf(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// quoteJS is a string in JavaScript's.
func quoteJS(s string) (string, error) {
	b, err := json.Marshal(s)
	return string(b), err
}
