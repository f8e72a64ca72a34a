package main

import (
	"net/url"

	"cairn/releases"
	"cairn/templates/edge/cloudflare"

	"github.com/spf13/cobra"
)

type edgeCloudflareOptions struct {
	out string
	cloudflare.Options
}

func edgeCloudflareCommand(global *globalOptions) *cobra.Command {
	var opts edgeCloudflareOptions
	cmd := &cobra.Command{
		Use:   "cloudflare --out DIR",
		Short: "Write a Cloudflare Worker over an R2 bucket or an HTTP origin",
		Long: `cloudflare writes a Worker, in modules, and its wrangler.toml to a folder. The
Worker answers for the host of base_url, out of an R2 bucket that is bound to it
or from an origin whose objects can be read over HTTP without a name.

The project's key is a variable in wrangler.toml; the file says how to make it a
secret. Files that were edited, or that are not cairn's, are not overwritten.`,
		Example: `  cairn edge cloudflare --out worker --bucket fridges
  cairn edge cloudflare --out worker --origin https://bucket.s3.eu-central-1.amazonaws.com
  cd worker && npx wrangler deploy`,
		RunE: func(cmd *cobra.Command, _ []string) error { return runEdgeCloudflare(cmd, global, &opts) },
	}
	f := cmd.Flags()
	f.StringVar(&opts.out, "out", "", "`folder` to write to")
	f.StringVar(&opts.Bucket, "bucket", "", "`name` of the R2 bucket (default: the one that [publish] names)")
	f.StringVar(&opts.Origin, "origin", "", "`URL` below which the bucket's keys can be read, in place of an R2 bucket")
	return cmd
}

func runEdgeCloudflare(cmd *cobra.Command, global *globalOptions, opts *edgeCloudflareOptions) error {
	switch {
	case opts.out == "":
		return usagef("edge cloudflare needs --out DIR")
	case opts.Bucket != "" && opts.Origin != "":
		return usagef("--bucket and --origin are two ways to the same tree: name one")
	}
	if opts.Origin != "" {
		u, err := url.Parse(opts.Origin)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
			return usagef("--origin %q is no URL such as https://bucket.s3.eu-central-1.amazonaws.com", opts.Origin)
		}
	}
	p, err := global.open(cmd.Context())
	if err != nil {
		return err
	}
	defer p.close()
	if opts.Bucket == "" && opts.Origin == "" {
		if scheme, name := releases.CutTarget(p.fleet.Publish.To); scheme == "s3" {
			opts.Bucket = name
		} else {
			return usagef("edge cloudflare needs --bucket NAME, an R2 bucket, or --origin URL")
		}
	}
	files, err := cloudflare.Files(p.fleet, opts.Options)
	if err != nil {
		return usageError{err}
	}
	var written []generated
	for _, f := range files {
		comment := "// "
		if f.Name == "wrangler.toml" {
			comment = "# "
		}
		written = append(written, generated{f.Name, comment, f.Content})
	}
	return writeGenerated(cmd, opts.out, written)
}
