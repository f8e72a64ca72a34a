package main

import (
	"cairn/templates/device"

	"github.com/spf13/cobra"
)

func deviceHeaderCommand(global *globalOptions) *cobra.Command {
	var promise device.Promise
	var out string
	cmd := &cobra.Command{
		Use:   "device-header [--out FILE]",
		Short: "Write the C header with which firmware asks for updates",
		Long: `device-header writes cairn_ota.h: one C99 file with what a device needs to find
its answer by direct keys, and with this project's prefix, digits and base_url
in it. They are burned into firmware: change none of them afterwards.

A promise of short serials makes the code smaller. The header refuses a serial
or a cohort that breaks a promise.`,
		Example: "  cairn device-header --out firmware/cairn_ota.h\n  cairn device-header --max-serial 31 >cairn_ota.h",
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := global.open(cmd.Context())
			if err != nil {
				return err
			}
			defer p.close()
			if err := promise.Check(p.fleet); err != nil {
				return usageError{err}
			}
			header, err := device.Header(p.fleet.Project, promise)
			if err != nil {
				return err
			}
			if out == "" {
				_, err = cmd.OutOrStdout().Write(header)
				return err
			}
			return replaceFile(out, header)
		},
	}
	f := cmd.Flags()
	f.StringVar(&out, "out", "", "`file` to write to (default: standard output)")
	f.IntVar(&promise.MaxSerial, "max-serial", 128, "most `bytes` of a device serial; under 32 makes the code smaller")
	f.IntVar(&promise.MaxCohort, "max-cohort", 63, "most `bytes` of a cohort's name")
	return cmd
}
