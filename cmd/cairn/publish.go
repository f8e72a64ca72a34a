package main

import (
	"cairn/publish"

	"github.com/spf13/cobra"
)

func publishCommand(global *globalOptions) *cobra.Command {
	var at atFlag
	var to string
	var concurrency int
	cmd := &cobra.Command{
		Use:   "publish",
		Short: "Bring a bucket or a folder up to date",
		Long: `publish puts what has changed into the bucket or folder that [publish] names:
payloads first, then answers, so that no answer names a payload that is not
there, and deletions last. It stops at the first failure; run it again to go
on. Nothing outside the project's prefix is touched.

Credentials come from the usual AWS environment variables and files.`,
		Example: "  cairn publish\n  cairn publish --to dir:/srv/ota --at 2026-12-01T09:00:00Z",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if concurrency < 1 || concurrency > 1024 {
				return usagef("--concurrency %d is outside 1 to 1024", concurrency)
			}
			p, err := global.open(cmd.Context())
			if err != nil {
				return err
			}
			defer p.close()
			store, err := p.store(to)
			if err != nil {
				return err
			}
			return transfer(cmd, p.site(at.instant()), store, publish.ApplyOptions{Concurrency: concurrency})
		},
	}
	addAt(cmd, &at)
	cmd.Flags().StringVar(&to, "to", "", "`target`, instead of the one in [publish]: dir:DIR, relative to the working directory, or s3://BUCKET")
	cmd.Flags().IntVar(&concurrency, "concurrency", publish.DefaultConcurrency, "requests at once")
	return cmd
}
