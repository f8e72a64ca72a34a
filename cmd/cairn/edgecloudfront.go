package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"cairn/manifest"
	"cairn/templates/edge/cloudfront"

	"github.com/spf13/cobra"
)

type edgeCloudfrontOptions struct {
	out, kvs string
	at       atFlag
}

func edgeCloudfrontCommand(global *globalOptions) *cobra.Command {
	var opts edgeCloudfrontOptions
	cmd := &cobra.Command{
		Use:   "cloudfront --out DIR",
		Short: "Write a CloudFront Function and its key-value store",
		Long: `cloudfront writes a function for viewer requests (function.js), which turns the
query API into keys of an S3 origin, and what it knows of the tree (kvs.json):
the cohort of each listed device, and each version folder with the buckets that
are up to date.

The store follows the tree: write it for the instant of each publish, with
--kvs alone, and bring it to CloudFront. docs/edge-cloudfront.md says in which
order, and what a function cannot do.`,
		Example: `  cairn edge cloudfront --out edge
  cairn edge cloudfront --kvs kvs.json --at 2026-12-01T09:00:00Z`,
		RunE: func(cmd *cobra.Command, _ []string) error { return runEdgeCloudfront(cmd, global, &opts) },
	}
	f := cmd.Flags()
	f.StringVar(&opts.out, "out", "", "`folder` to write the function and the store to")
	f.StringVar(&opts.kvs, "kvs", "", "`file` to write the store to (default: kvs.json in the folder)")
	addAt(cmd, &opts.at)
	return cmd
}

func runEdgeCloudfront(cmd *cobra.Command, global *globalOptions, opts *edgeCloudfrontOptions) error {
	if opts.out == "" && opts.kvs == "" {
		return usagef("edge cloudfront needs --out DIR, or --kvs FILE")
	}
	p, err := global.open(cmd.Context())
	if err != nil {
		return err
	}
	defer p.close()
	pairs := cloudfront.Pairs(manifest.New(p.fleet, opts.at.instant()))
	store, err := cloudfront.Store(pairs)
	if err != nil {
		return err
	}
	if opts.out != "" {
		function, err := cloudfront.Function(p.fleet)
		if err != nil {
			return err
		}
		if err := writeGenerated(cmd, opts.out, []generated{{"function.js", "// ", function}}); err != nil {
			return err
		}
	}
	if opts.kvs == "" {
		opts.kvs = filepath.Join(opts.out, "kvs.json")
	}
	// It has no line that tells whose it is, and nobody edits it.
	if there, err := os.ReadFile(opts.kvs); err == nil && !cloudfront.IsStore(there) {
		return fmt.Errorf("%s is no key-value store: it is left as it is", opts.kvs)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := replaceFile(opts.kvs, store); err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "wrote %s: %s, %s\n", opts.kvs, count(len(pairs), "key"), count(len(store), "byte"))
	return nil
}
