package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"cairn/cmd/cairn/internal/cli"
	"cairn/cmd/cairn/internal/outfile"
	"cairn/manifest"
	"cairn/releases"
	"cairn/templates/edge/cloudfront"

	"github.com/spf13/cobra"
)

type edgeCloudfrontOptions struct {
	out, kvs       string
	since, updates string
	at             cli.At
}

func edgeCloudfrontCommand(global *globalOptions) *cobra.Command {
	var opts edgeCloudfrontOptions
	cmd := &cobra.Command{
		Use:   "cloudfront --out DIR",
		Short: "Write a CloudFront Function and its key-value store",
		Long: `cloudfront writes a function for viewer requests (function.js), which turns the
query API into keys of an S3 origin, a response headers policy for that API
(headers.json), and what the function knows of the tree (kvs.json): the cohort
of each listed device, each version folder with the buckets that are up to date,
and the lowest version that others are offered.

The store follows the tree: write it for the instant of each publish, with
--kvs alone, and --since the store as it is. The folder --updates then has the
inputs of "aws cloudfront-keyvaluestore update-keys" that lead from one to the
other: before-*.json for before the publish, and after-*.json for when the old
answers have left CloudFront's caches. docs/edge-cloudfront.md has the commands,
and says what a function cannot do.`,
		Example: `  cairn edge cloudfront --out edge
  cairn edge cloudfront --kvs new.json --since old.json --updates updates --at 2026-12-01T09:00:00Z`,
		RunE: func(cmd *cobra.Command, _ []string) error { return runEdgeCloudfront(cmd, global, &opts) },
	}
	f := cmd.Flags()
	f.StringVar(&opts.out, "out", "", "`folder` to write the function and the store to")
	f.StringVar(&opts.kvs, "kvs", "", "`file` to write the store to (default: kvs.json in the folder)")
	f.StringVar(&opts.since, "since", "", "`file` with the store as it is: written here before, or by \"aws cloudfront-keyvaluestore list-keys\"")
	f.StringVar(&opts.updates, "updates", "", "new `folder` for the calls that lead from there to the new store")
	cli.AddAt(cmd, &opts.at)
	return cmd
}

func runEdgeCloudfront(cmd *cobra.Command, global *globalOptions, opts *edgeCloudfrontOptions) error {
	switch {
	case opts.out == "" && opts.kvs == "":
		return cli.Usagef("edge cloudfront needs --out DIR, or --kvs FILE")
	case (opts.since == "") != (opts.updates == ""):
		return cli.Usagef("--since FILE and --updates DIR go together")
	}
	if opts.kvs == "" {
		opts.kvs = filepath.Join(opts.out, "kvs.json")
	}
	if opts.since != "" && sameFile(opts.since, opts.kvs) {
		return cli.Usagef("--since and --kvs are one file: keep the old one until CloudFront has all updates")
	}
	p, err := global.open(cmd.Context())
	if err != nil {
		return err
	}
	defer p.close()
	pairs := cloudfront.Pairs(manifest.New(p.fleet, opts.at.Instant()))
	store, err := cloudfront.Store(pairs)
	if err != nil {
		return err
	}
	if opts.out != "" {
		function, err := cloudfront.Function(p.fleet)
		if err != nil {
			return err
		}
		if err := outfile.WriteGenerated(cmd, opts.out, []outfile.Generated{{Name: "function.js", Comment: "// ", Content: function}}); err != nil {
			return err
		}
		if err := outfile.Replace(filepath.Join(opts.out, "headers.json"), cloudfront.Headers); err != nil {
			return err
		}
	}
	// It has no line that tells whose it is, and nobody edits it.
	if _, err := readKeyValues(opts.kvs); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: it is left as it is", err)
	}
	if opts.since != "" {
		if err := writeUpdates(cmd.OutOrStdout(), opts, p.fleet.Project.Order, pairs); err != nil {
			return err
		}
	}
	if err := outfile.Replace(opts.kvs, store); err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "wrote %s: %s, %s\n", opts.kvs, cli.Count(len(pairs), "key"), cli.Count(len(store), "byte"))
	return nil
}

func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

func readKeyValues(name string) ([]cloudfront.Pair, error) {
	file, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	pairs, err := cloudfront.ReadStore(file)
	if err != nil {
		return nil, fmt.Errorf("%s is no key-value store: %w", name, err)
	}
	return pairs, nil
}

// writeUpdates writes the calls that lead to a store with such pairs.
func writeUpdates(out io.Writer, opts *edgeCloudfrontOptions, order releases.Order, pairs []cloudfront.Pair) error {
	old, err := readKeyValues(opts.since)
	if err != nil {
		return err
	}
	update, err := cloudfront.NewUpdate(order, old, pairs)
	if err != nil {
		return fmt.Errorf("--since %s: %w", opts.since, err)
	}
	if err := os.MkdirAll(opts.updates, 0o755); err != nil {
		return err
	}
	if there, err := os.ReadDir(opts.updates); err != nil {
		return err
	} else if len(there) > 0 {
		return fmt.Errorf("--updates %s is not empty: name a new folder, so that no old update is taken for a new one", opts.updates)
	}
	write := func(when string, batches []cloudfront.Batch) error {
		for i, b := range batches {
			input, err := json.MarshalIndent(b, "", " ")
			if err != nil {
				return err
			}
			if err := outfile.Replace(filepath.Join(opts.updates, fmt.Sprintf("%s-%04d.json", when, i+1)), append(input, '\n')); err != nil {
				return err
			}
		}
		return nil
	}
	if err := errors.Join(write("before", update.Before), write("after", update.After)); err != nil {
		return err
	}
	fmt.Fprintf(out, "wrote %s: %s before the publish, %d after it\n", opts.updates, cli.Count(len(update.Before), "call"), len(update.After))
	return nil
}
