package main

import (
	"fmt"
	"strings"

	"cairn/cmd/cairn/internal/cli"
	"cairn/releases"

	"github.com/spf13/cobra"
)

func blockCommand(global *globalOptions) *cobra.Command {
	var opts editOptions
	var b releases.Block
	var from []string
	cmd := &cobra.Command{
		Use:   "block VERSION --from VERSIONS --reason REASON",
		Short: "Keep devices on some versions from a release",
		Long: `block keeps devices on some versions from a release and from all above it, up to
the one that --fixed-in names. It writes a [blocked] table into the release's
file, and shows the difference. Devices see it after the next publish; to take a
release back at once, 'cairn abort-rollout' it first.

Each --from is a version, or with version_order = "semver" a range. To run it
again with the same --name or reason adds versions to the block, or says where it
is fixed: then these devices may have the release with the fix, and those above.
'cairn unblock' takes the block out.`,
		Example: `  cairn block 1.2.0 --from 1.0.3 --from ">=0.9.0 <0.9.4" --reason "it overwrites the calibration"
  cairn block 1.2.0 --fixed-in 1.2.1 --commit`,
		Args: cli.OneArgument("VERSION"),
		RunE: func(cmd *cobra.Command, args []string) error {
			b.Reason = strings.TrimSpace(b.Reason)
			for _, text := range from {
				b.From = append(b.From, releases.Versions{Text: text})
			}
			if len(from) == 0 && b.Reason == "" && b.URL == "" && b.FixedIn == "" {
				return cli.Usagef("block needs --from VERSIONS and --reason REASON, or what to change of a block: --fixed-in VERSION")
			}
			return global.edit(cmd, opts, func(p *project) (change, error) {
				files, err := p.definitions().Block(args[0], b)
				what := "block " + args[0]
				if b.FixedIn != "" && len(from) == 0 {
					what += ", fixed in " + b.FixedIn
				}
				if b.Reason != "" {
					what += ": " + b.Reason
				}
				return change{files: files, title: "ota: " + what}, err
			})
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&from, "from", nil, "the `versions` that the devices run, below the release: one, or a range; may be repeated")
	f.StringVar(&b.Reason, "reason", "", "why; it stays in the definitions and in reports")
	f.StringVar(&b.FixedIn, "fixed-in", "", "the `version` from which on the devices are offered releases again")
	f.StringVar(&b.URL, "url", "", "the `URL` of more to read")
	f.StringVar(&b.Name, "name", "", "the block's `name` (default: the first words of the reason)")
	opts.add(cmd)
	return cmd
}

func unblockCommand(global *globalOptions) *cobra.Command {
	var opts editOptions
	var name string
	cmd := &cobra.Command{
		Use:   "unblock VERSION",
		Short: "Take a block out of a release, so that devices may take it again",
		Long: `unblock takes a [blocked] table out of a release. Where devices are offered by
that what they were kept from, the guard "edge" stops the next publish: read
'cairn plan', and then let it through with 'cairn publish --allow edge'.

If only a later release is good for these devices, don't: say in which one it is
fixed, with 'cairn block VERSION --fixed-in FIX'.`,
		Example: "  cairn unblock 1.2.0\n  cairn unblock 1.2.0 --name eats-calibration --commit",
		Args:    cli.OneArgument("VERSION"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return global.edit(cmd, opts, func(p *project) (change, error) {
				files, name, err := p.definitions().Unblock(args[0], name)
				return change{files: files, title: fmt.Sprintf("ota: unblock %s (%s)", args[0], name)}, err
			})
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "the block's `name` (default: that of the only one)")
	opts.add(cmd)
	return cmd
}
