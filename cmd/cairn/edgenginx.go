package main

import (
	"errors"
	"net/url"
	"path/filepath"
	"strings"

	"cairn/releases"
	"cairn/templates/edge/nginx"

	"github.com/spf13/cobra"
)

type edgeNginxOptions struct {
	out, root, origin, listen, modules, ca string
}

func edgeNginxCommand(global *globalOptions) *cobra.Command {
	var opts edgeNginxOptions
	cmd := &cobra.Command{
		Use:   "nginx --out DIR",
		Short: "Write an nginx.conf with its njs script",
		Long: `nginx writes nginx.conf and cairn.js to a folder, from which nginx runs as an
ordinary user: over a published folder, or over a bucket or another origin whose
objects can be read over HTTP without a name, with a cache.

Files that were edited, or that are not cairn's, are not overwritten.`,
		Example: `  cairn edge nginx --out /srv/edge --root /srv/public
  cairn edge nginx --out edge --origin https://bucket.s3.eu-central-1.amazonaws.com
  nginx -p edge -c nginx.conf`,
		RunE: func(cmd *cobra.Command, _ []string) error { return runEdgeNginx(cmd, global, &opts) },
	}
	f := cmd.Flags()
	f.StringVar(&opts.out, "out", "", "`folder` to write to")
	f.StringVar(&opts.root, "root", "", "published `folder` to serve; it stands for the bucket (default: what [publish] names, if that is a folder)")
	f.StringVar(&opts.origin, "origin", "", "`URL` below which the bucket's keys can be read, in place of a folder")
	f.StringVar(&opts.ca, "origin-ca", nginx.DebianCA, "PEM `file` with the certificates that vouch for an https origin")
	f.StringVar(&opts.modules, "modules", nginx.DebianModules, "`folder` of nginx's modules: what \"nginx -V\" calls --modules-path")
	f.StringVar(&opts.listen, "listen", "127.0.0.1:8080", "`address` to listen on")
	return cmd
}

func runEdgeNginx(cmd *cobra.Command, global *globalOptions, opts *edgeNginxOptions) error {
	switch {
	case opts.out == "":
		return usagef("edge nginx needs --out DIR")
	case opts.root != "" && opts.origin != "":
		return usagef("--root and --origin are two ways to the same tree: name one")
	case cmd.Flags().Changed("origin-ca") && !strings.HasPrefix(opts.origin, "https://"):
		return usagef("--origin-ca goes with an --origin that is https://")
	}
	p, err := global.open(cmd.Context())
	if err != nil {
		return err
	}
	defer p.close()
	c := nginx.Config{Project: p.fleet.Project, Cache: p.fleet.Cache, Listen: opts.listen}
	var errs [3]error
	if opts.origin != "" {
		c.Origin, errs[0] = url.Parse(opts.origin)
	} else {
		c.Root, errs[0] = p.publishedFolder(opts.root)
	}
	c.Modules, errs[1] = filepath.Abs(opts.modules)
	c.CA, errs[2] = filepath.Abs(opts.ca)
	if err := errors.Join(errs[:]...); err != nil {
		return usageError{err}
	}
	files, err := nginx.Files(c)
	if err != nil {
		return usageError{err}
	}
	return writeGenerated(cmd, opts.out, []generated{
		{nginx.ConfigFile, "# ", files[nginx.ConfigFile]},
		{nginx.ScriptFile, "// ", files[nginx.ScriptFile]},
	})
}

// publishedFolder is the absolute path of the folder that a flag names, or else
// [publish].
func (p *project) publishedFolder(flag string) (string, error) {
	if flag != "" {
		return filepath.Abs(flag)
	}
	if p.fleet.Publish.To == "" {
		return "", usagef("edge nginx needs --root DIR, a published folder, or --origin URL")
	}
	scheme, name := releases.CutTarget(p.fleet.Publish.To)
	if scheme != "dir" {
		return "", usagef("[publish] names %s: say with --origin at which URL its keys can be read", p.fleet.Publish.To)
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(p.dir, name)
	}
	return filepath.Abs(name)
}
