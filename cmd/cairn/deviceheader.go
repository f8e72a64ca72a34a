package main

import (
	"cairn/cmd/cairn/internal/cli"
	"cairn/cmd/cairn/internal/outfile"
	"cairn/releases/signing"
	"cairn/templates/device"

	"github.com/spf13/cobra"
)

func deviceHeaderCommand(global *globalOptions) *cobra.Command {
	var opts device.Options
	var signed bool
	var out string
	cmd := &cobra.Command{
		Use:   "device-header [--signed] [--out FILE]",
		Short: "Write the C header that firmware includes to ask for updates",
		Long: `device-header writes cairn_ota.h: one C99 file with what a device needs to find
its answer by direct keys, and with this project's prefix, digits, base_url and
max_serial in it. They are burned into firmware: change none of them afterwards.

A device whose version has no folder compares it with what is offered, in this
project's version_order. With --no-compare it takes itself for up to date, and
the code is smaller. Such firmware needs unknown_version = "hold", for as long as
it is in the field: otherwise a listed version has no folder where its answer is
what other versions are offered, and the device is never updated.

With --signed the firmware takes signed answers alone: the roots of [signing] and the
generation of keys.txt are burned in, too. It brings an Ed25519 verifier, and its
calls stay the same.

A promise of short serials, max_serial = 31, makes the code smaller, too. The header
refuses a serial or a cohort that breaks a promise.`,
		Example: "  cairn device-header --out firmware/cairn_ota.h\n  cairn device-header --signed --max-keys 2 --max-cohort 20 >cairn_ota.h",
		RunE: global.inProject(func(cmd *cobra.Command, p *project) error {
			if signed {
				if opts.Signed = p.fleet.Signing; opts.Signed == nil {
					return cli.Usagef("--signed: cairn.toml has no [signing], so nobody signs the answers\nhint: 'cairn keys init' makes the keys and writes the table")
				}
			}
			if err := device.Check(p.fleet, opts); err != nil {
				return cli.Usage(err)
			}
			header, err := device.Header(p.fleet.Project, opts)
			if err != nil {
				return err
			}
			if out == "" {
				_, err = cmd.OutOrStdout().Write(header)
				return err
			}
			return outfile.Replace(out, header)
		}),
	}
	f := cmd.Flags()
	f.StringVar(&out, "out", "", "`file` to write to (default: standard output)")
	f.BoolVar(&signed, "signed", false, "take signed answers alone, of the roots in [signing]")
	f.IntVar(&opts.MaxKeys, "max-keys", signing.MaxOnline, "with --signed, most `keys` that sign answers, 1 to 3; each takes 36 bytes")
	f.IntVar(&opts.MaxCohort, "max-cohort", 63, "most `bytes` of a cohort's name")
	f.BoolVar(&opts.NoCompare, "no-compare", false, "leave out the comparison of versions: smaller, but a version without a folder gets no update; needs unknown_version = \"hold\"")
	return cmd
}
