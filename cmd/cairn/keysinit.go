package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"cairn/cmd/cairn/internal/cli"
	"cairn/releases"
	"cairn/releases/edit"
	"cairn/releases/signing"

	"github.com/spf13/cobra"
)

func keysInitCommand(global *globalOptions) *cobra.Command {
	var opts keysOptions
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Make a root key, a spare root and an online key, and write [signing]",
		Long: `init makes three keys, has the root sign the first statement of the online key,
and writes it and [signing] into the project. The private keys go to files
outside of git, by default into a folder of the user's configuration.`,
		Example: `  cairn keys init
  cairn keys init --root /media/usb1/root.key --spare /media/usb2/spare.key
  cairn keys init --online-public ota.example.com/smartfridge+05458f4b+AWa+fjMsekUzMr2dCn99sFX1xe8aBq2mbZizn7aBDEc6`,
		RunE: func(cmd *cobra.Command, _ []string) error { return runKeysInit(cmd, global, opts) },
	}
	f := cmd.Flags()
	f.StringVar(&opts.root, "root", "", "the `file` to write the root key to")
	f.StringVar(&opts.spare, "spare", "", "the `file` to write the spare root to")
	f.StringVar(&opts.online, "online", "", "the `file` to write the online key to")
	opts.addStatement(cmd)
	return cmd
}

func runKeysInit(cmd *cobra.Command, global *globalOptions, opts keysOptions) error {
	p, err := global.keysProject(false)
	if err != nil {
		return err
	}
	name := p.fleet.Project.KeyName()
	folder, err := keysFolder(name)
	if err != nil {
		return err
	}
	file := func(stated, usual string) string {
		if stated != "" {
			return stated
		}
		return filepath.Join(folder, usual)
	}
	root, err := newKeyFile(file(opts.root, "root.key"), signing.RootName(name))
	if err != nil {
		return err
	}
	spare, err := newKeyFile(file(opts.spare, "spare.key"), signing.RootName(name))
	if err != nil {
		return err
	}
	online := opts.online
	if len(opts.public) == 0 {
		online = file(opts.online, "online.key")
	}
	keys, made, err := p.onlineKeys(&opts, online)
	if err != nil {
		return err
	}
	if err := p.state(&opts, 1, keys); err != nil {
		return err
	}
	p.roots = []signing.Key{root.Key, spare.Key}
	if err := p.next.Add(p.roots, root.Sign(p.next.Text)); err != nil {
		return err
	}
	after, err := edit.Signing(p.text, p.roots)
	if err != nil {
		return cli.Usagef("%s: %w", releases.ProjectFile, err)
	}
	if _, err := releases.ReadProject(after); err != nil {
		return err
	}
	if !opts.dryRun {
		for _, k := range append([]keyFile{root, spare}, made...) {
			if err := k.write(); err != nil {
				return err
			}
		}
	}
	if err := p.write(cmd, opts.dryRun, edit.Change{File: releases.ProjectFile, Before: p.text, After: after}); err != nil || opts.dryRun {
		return err
	}
	secret := "The online key is that of --online-public: publish with --sign-with COMMAND."
	if len(made) > 0 {
		secret = fmt.Sprintf("%s signs each publish: make it the secret CAIRN_SIGN_KEY of CI, then delete the file.", made[0].name)
	}
	fmt.Fprintf(cmd.ErrOrStderr(), `%s signs for the online key, once a year: move it to a USB stick or a token in a safe.
%s stands in where the root is lost: keep it in another place than the root.
%s
Commit %s and %s, which are public; the keys are good until %s.
Firmware has both roots burned in for good: 'cairn device-header --signed' writes them.
`, root.name, spare.name, secret, releases.ProjectFile, p.file, day(p.keys.Expires))
	return nil
}

// keysFolder is where private keys go unless a flag says otherwise.
func keysFolder(name string) (string, error) {
	config, err := os.UserConfigDir()
	if err != nil {
		return "", cli.Usagef("there is no folder for keys: %w\nname the files: --root FILE --spare FILE --online FILE", err)
	}
	return filepath.Join(config, "cairn", strings.NewReplacer("/", "_", ":", "_").Replace(name)), nil
}
