package main

import (
	"cairn/cmd/cairn/internal/cli"
	"cairn/cmd/cairn/internal/outfile"
	"cairn/releases"
	"cairn/templates/edge/cloudflare"

	"github.com/spf13/cobra"
)

func edgeCloudflareCommand(global *globalOptions) *cobra.Command {
	var bucket string
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
	}
	cmd.Flags().StringVar(&bucket, "bucket", "", "`name` of the R2 bucket (default: the one that [publish] names)")
	return overTree(global, cmd, "bucket", func(p *project, origin string) ([]outfile.Generated, error) {
		if scheme, name := releases.CutTarget(p.fleet.Publish.To); bucket == "" && origin == "" {
			if scheme != "s3" {
				return nil, cli.Usagef("edge cloudflare needs --bucket NAME, an R2 bucket, or --origin URL")
			}
			bucket = name
		}
		files, err := cloudflare.Files(p.fleet, cloudflare.Options{Bucket: bucket, Origin: origin})
		var written []outfile.Generated
		for _, f := range files {
			comment := "// "
			if f.Name == "wrangler.toml" {
				comment = "# "
			}
			written = append(written, outfile.Generated{Name: f.Name, Comment: comment, Content: f.Content})
		}
		return written, err
	})
}
