package main

import (
	"errors"
	"net/url"
	"path/filepath"
	"strings"

	"cairn/cmd/cairn/internal/cli"
	"cairn/cmd/cairn/internal/outfile"
	"cairn/releases"
	"cairn/templates/edge/nginx"

	"github.com/spf13/cobra"
)

func edgeNginxCommand(global *globalOptions) *cobra.Command {
	var root, listen, modules, ca, log string
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
	}
	f := cmd.Flags()
	f.StringVar(&root, "root", "", "published `folder` to serve; it stands for the bucket (default: what [publish] names, if that is a folder)")
	f.StringVar(&listen, "listen", "127.0.0.1:8080", "`address` to listen on")
	f.StringVar(&modules, "modules", nginx.DebianModules, "`folder` of nginx's modules: what \"nginx -V\" calls --modules-path")
	f.StringVar(&ca, "origin-ca", nginx.DebianCA, "PEM `file` with the certificates that vouch for an https origin")
	f.StringVar(&log, "access-log", "", "log requests to this `file`, as 'cairn adoption' reads it, without naming a device (default: none)")
	return overTree(global, cmd, "root", func(p *project, origin string) ([]outfile.Generated, error) {
		if f.Changed("origin-ca") && !strings.HasPrefix(origin, "https://") {
			return nil, cli.Usagef("--origin-ca goes with an --origin that is https://")
		}
		c := nginx.Config{Project: p.fleet.Project, Cache: p.fleet.Cache, Listen: listen}
		var errs [4]error
		if origin != "" {
			c.Origin, errs[0] = url.Parse(origin)
		} else {
			c.Root, errs[0] = p.publishedFolder(root)
		}
		c.Modules, errs[1] = filepath.Abs(modules)
		c.CA, errs[2] = filepath.Abs(ca)
		if log != "" {
			c.Log, errs[3] = filepath.Abs(log)
		}
		if err := errors.Join(errs[:]...); err != nil {
			return nil, err
		}
		files, err := nginx.Files(c)
		return []outfile.Generated{
			{Name: nginx.ConfigFile, Comment: "# ", Content: files[nginx.ConfigFile]},
			{Name: nginx.ScriptFile, Comment: "// ", Content: files[nginx.ScriptFile]},
		}, err
	})
}

// publishedFolder is the absolute path of the folder that a flag names, or else
// [publish].
func (p *project) publishedFolder(flag string) (string, error) {
	if flag != "" {
		return filepath.Abs(flag)
	}
	if p.fleet.Publish.To == "" {
		return "", cli.Usagef("edge nginx needs --root DIR, a published folder, or --origin URL")
	}
	scheme, name := releases.CutTarget(p.fleet.Publish.To)
	if scheme != "dir" {
		return "", cli.Usagef("[publish] names %s: say with --origin at which URL its keys can be read", p.fleet.Publish.To)
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(p.dir, name)
	}
	return filepath.Abs(name)
}
