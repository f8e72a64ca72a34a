package main

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"cairn/cmd/cairn/internal/cli"
	"cairn/cmd/cairn/internal/report"
	"cairn/manifest"
	"cairn/publish/edge/doctor"
	"cairn/releases"

	"github.com/spf13/cobra"
)

type doctorOptions struct {
	baseURL, path, payload, ca string
	json                       bool
}

func doctorCommand(global *globalOptions) *cobra.Command {
	var opts doctorOptions
	cmd := &cobra.Command{
		Use:   "doctor --base-url URL",
		Short: "Say what firmware would meet at an edge, and how to mend it",
		Long: `doctor asks an edge or a CDN what firmware asks, as small clients ask it: TLS 1.2
as Mbed TLS and wolfSSL come, with and without SNI, certificates, the length of
records, HTTP/1.1, Content-Length, ranges, how long a 404 is kept, IPv6, the
clock. It says what each finding means for firmware and how to mend it:
docs/doctor.md has them all.

It asks for an answer and a payload of the definitions. Without definitions name
an answer with --path, and a payload with --payload where that answer names none.

Exit codes: 0 no error, 1 a finding that breaks devices.`,
		Example: `  cairn doctor --base-url project
  cairn doctor --base-url https://ota.example.com --json
  cairn doctor --base-url https://ota.example.com --path fridge/v1/latest/fw/mp/default/_none/00.txt`,
		PreRunE: cli.Needs("base-url URL"),
		RunE:    func(cmd *cobra.Command, _ []string) error { return runDoctor(cmd, global, opts) },
	}
	f := cmd.Flags()
	f.StringVar(&opts.baseURL, "base-url", "", "the edge's `URL`; \"project\" is base_url in cairn.toml")
	f.StringVar(&opts.path, "path", "", "`key` of an answer below the URL that ends in .txt (default: one of the definitions)")
	f.StringVar(&opts.payload, "payload", "", "`key` of a payload below the URL (default: the longest of the definitions, or the one that the answer names)")
	f.StringVar(&opts.ca, "ca", "", "PEM `file` with the roots to trust (default: those of the system)")
	f.BoolVar(&opts.json, "json", false, "write JSON")
	return cmd
}

func runDoctor(cmd *cobra.Command, global *globalOptions, opts doctorOptions) error {
	if _, err := os.Stat(filepath.Join(global.dir, releases.ProjectFile)); opts.path == "" && opts.baseURL != projectURL && errors.Is(err, fs.ErrNotExist) {
		return cli.Usagef("there is no %s in %q\nhint: without definitions name an answer: --path PREFIX/v1/latest/TYPE/HARDWARE/COHORT/VERSION/BUCKET.txt", releases.ProjectFile, global.dir)
	}
	var p *project
	if opts.path == "" || opts.baseURL == projectURL {
		var err error
		if p, err = global.open(cmd.Context()); err != nil {
			return err
		}
		defer p.close()
	}
	base, err := p.baseURL(opts.baseURL)
	if err != nil {
		return err
	}
	o := doctor.Options{Dial: new(net.Dialer).DialContext, Lookup: lookup, Now: time.Now}
	if o.Base, err = url.Parse(base); err != nil {
		return err
	}
	if o.Roots, err = trusted(opts.ca); err != nil {
		return err
	}
	if opts.path == "" {
		o.Answers = p.fleet.Cache.Answers
		o.Objects, err = p.objects(time.Now())
		if err != nil {
			return err
		}
	} else if o.Objects, err = objectsBeside(opts.path); err != nil {
		return err
	}
	if opts.payload != "" {
		o.Objects.Payload = "/" + strings.TrimLeft(opts.payload, "/")
	}
	findings, err := doctor.Run(cmd.Context(), o)
	if err != nil {
		return err
	}
	r := report.Doctor{Base: base, Findings: findings}
	write := r.Write
	if opts.json {
		write = r.WriteJSON
	}
	if err := write(cmd.OutOrStdout()); err != nil {
		return err
	}
	return r.Outcome()
}

// lookup asks the system's resolver. A host that has no address of the kind is
// no error.
func lookup(ctx context.Context, network, host string) ([]netip.Addr, error) {
	found, err := net.DefaultResolver.LookupNetIP(ctx, network, host)
	if missing := (*net.DNSError)(nil); errors.As(err, &missing) && missing.IsNotFound {
		return nil, nil
	}
	for i := range found {
		found[i] = found[i].Unmap()
	}
	return found, err
}

// noVersion is a version that nothing runs.
const noVersion = "cairn-doctor"

// objects are what a doctor asks for: an answer with content, where there is
// one, and the longest payload.
func (p *project) objects(at time.Time) (o doctor.Objects, err error) {
	tree := manifest.New(p.fleet, at)
	if len(tree.Folders) == 0 {
		return o, errors.New("no release has a payload, so there is no answer to ask for\nadd one first: 'cairn upload-ota-payload'")
	}
	folder, i := &tree.Folders[0], 0
	for f := range tree.Folders {
		if with := slices.IndexFunc(tree.Folders[f].Bodies, func(body uint32) bool { return body != 0 }); with >= 0 {
			folder, i = &tree.Folders[f], with
			break
		}
	}
	name := tree.BucketAt(folder, i) + string(manifest.Text)
	o = doctor.Objects{
		Answer:  "/" + folder.Key + name,
		Missing: "/" + tree.Layout.AnswerFolder(folder.Target, folder.Cohort, noVersion) + name,
	}
	payloads := slices.Concat(tree.Payloads, tree.Stored)
	if len(payloads) > 0 {
		longest := slices.MaxFunc(payloads, func(a, b *releases.Payload) int { return cmp.Compare(a.Size, b.Size) })
		o.Payload = "/" + tree.Layout.PayloadKey(longest.SHA256, longest.Name)
	}
	return o, nil
}

// objectsBeside are an answer that is named, and one in another version's folder
// beside its own.
func objectsBeside(path string) (doctor.Objects, error) {
	parts := strings.Split(strings.TrimLeft(path, "/"), "/")
	if len(parts) < 2 || !strings.HasSuffix(path, string(manifest.Text)) {
		return doctor.Objects{}, cli.Usagef("--path %q is no key of an answer, such as smartfridge/v1/latest/stm32-fw/mp/default/1.0.0/a3.txt", path)
	}
	o := doctor.Objects{Answer: "/" + strings.Join(parts, "/")}
	parts[len(parts)-2] = noVersion
	o.Missing = "/" + strings.Join(parts, "/")
	return o, nil
}
