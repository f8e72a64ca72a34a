package main

import (
	"fmt"

	"cairn/releases/signing"

	"github.com/spf13/cobra"
)

func keysRotateCommand(global *globalOptions) *cobra.Command {
	var opts keysOptions
	cmd := &cobra.Command{
		Use:   "rotate (--root FILE | --command COMMAND)",
		Short: "Sign the next statement of the keys: with other keys, or for another year",
		Long: `rotate signs a statement of the next generation. Its online keys are those that
are given: one that is not is revoked. Without any they stay, for another year.
Devices that have seen the new statement refuse what the old keys sign.`,
		Example: `  cairn keys rotate --root /media/usb1/root.key
  cairn keys rotate --root /media/usb1/root.key --online ~/online-2.key`,
		RunE: func(cmd *cobra.Command, _ []string) error { return runKeysRotate(cmd, global, opts) },
	}
	opts.addRoot(cmd)
	opts.addStatement(cmd)
	return cmd
}

func runKeysRotate(cmd *cobra.Command, global *globalOptions, opts keysOptions) error {
	p, err := global.keysProject(true)
	if err != nil {
		return err
	}
	was := p.keys
	keys, made, err := p.onlineKeys(&opts)
	if err != nil {
		return err
	}
	if len(keys) == 0 {
		keys = was.Online
		if !cmd.Flags().Changed("threshold") {
			opts.threshold = int(was.Threshold)
		}
	}
	if err := p.state(&opts, was.Generation+1, keys); err != nil {
		return err
	}
	if err := p.sign(cmd, &opts); err != nil {
		return err
	}
	for _, k := range made {
		if opts.dryRun {
			break
		}
		if err := k.write(); err != nil {
			return err
		}
	}
	if err := p.write(cmd, opts.dryRun); err != nil {
		return err
	}
	stderr := cmd.ErrOrStderr()
	fmt.Fprintf(stderr, "Devices that have seen generation %d refuse every head of generation %d and below, whatever its epoch.\n", p.keys.Generation, was.Generation)
	for _, k := range was.Online {
		if !isOne(p.keys.Online, k) {
			fmt.Fprintf(stderr, "Key %x is revoked: it signs nothing that they take.\n", k.ID)
		}
	}
	for _, k := range made {
		fmt.Fprintf(stderr, "%s signs each publish: make it the secret CAIRN_SIGN_KEY of CI, then delete the file.\n", k.name)
	}
	if err := p.lacking(); err != nil {
		fmt.Fprintln(stderr, err)
		return nil
	}
	fmt.Fprintf(stderr, "Commit %s, and publish. The keys are good until %s.\n", p.file, day(p.keys.Expires))
	return nil
}

func isOne(keys []signing.Key, k signing.Key) bool {
	for _, other := range keys {
		if other.Is(k) {
			return true
		}
	}
	return false
}
