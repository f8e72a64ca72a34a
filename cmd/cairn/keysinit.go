package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
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
outside of git, by default into a folder of the user's configuration.

--root-public takes a root that a token holds, in place of the two that are
made; --command signs with it.`,
		Example: `  cairn keys init
  cairn keys init --root /media/usb1/root.key --spare /media/usb2/spare.key
  cairn keys init --root-public root.pub --root-public spare.pub --command 'pkcs11-tool --sign --mechanism EDDSA --id 02'
  cairn keys init --online-public ota.example.com/smartfridge+05458f4b+AWa+fjMsekUzMr2dCn99sFX1xe8aBq2mbZizn7aBDEc6`,
		RunE: func(cmd *cobra.Command, _ []string) error { return runKeysInit(cmd, global, opts) },
	}
	f := cmd.Flags()
	f.StringVar(&opts.root, "root", "", "the `file` to write the root key to")
	f.StringVar(&opts.spare, "spare", "", "the `file` to write the spare root to")
	f.StringArrayVar(&opts.rootPublic, "root-public", nil, "the public `key` of a root that is held elsewhere, again for another; no root is made but those that --root and --spare name")
	f.StringVar(&opts.command, "command", "", "a `command` that signs its standard input with a root of --root-public")
	opts.addStatement(cmd)
	return cmd
}

func runKeysInit(cmd *cobra.Command, global *globalOptions, opts keysOptions) error {
	p, err := global.keysProject(false)
	if err != nil {
		return err
	}
	if err := opts.defaults(p.fleet.Project.KeyName()); err != nil {
		return err
	}
	made, err := p.initialRoots(opts)
	if err != nil {
		return err
	}
	keys, online, err := p.onlineKeys(&opts)
	if err != nil {
		return err
	}
	if err := p.state(&opts, 1, keys); err != nil {
		return err
	}
	switch {
	case len(made) > 0:
		err = p.next.Add(p.roots, made[0].Sign(p.next.Text))
	case opts.command != "":
		err = p.sign(cmd, &keysOptions{command: opts.command})
	}
	if err != nil {
		return err
	}
	after, err := edit.Signing(p.text, p.roots)
	if err != nil {
		return cli.Usagef("%s: %w", releases.ProjectFile, err)
	}
	if p.fleet, err = releases.ReadProject(after); err != nil {
		return err
	}
	if !opts.dryRun {
		for _, k := range slices.Concat(made, online) {
			if err := k.write(); err != nil {
				return err
			}
		}
	}
	if err := p.write(cmd, opts.dryRun, edit.Change{File: releases.ProjectFile, Before: p.text, After: after}); err != nil || opts.dryRun {
		return err
	}
	p.whereToKeep(cmd.ErrOrStderr(), made, online)
	return nil
}

// defaults names the files of keys that are neither named nor held elsewhere.
func (o *keysOptions) defaults(name string) error {
	var missing []*string
	if len(o.rootPublic) == 0 {
		missing = append(missing, &o.root, &o.spare)
	} else if o.root == "" {
		o.root, o.spare = o.spare, ""
	}
	usual := []string{"root.key", "spare.key"}
	if len(o.public)+len(o.online) == 0 {
		for i := range max(o.threshold, 1) {
			o.online = append(o.online, "")
			usual = append(usual, []string{"online.key", "second.key", "third.key"}[min(i, signing.MaxOnline-1)])
		}
		for i := range o.online {
			missing = append(missing, &o.online[i])
		}
	}
	if len(missing) == 0 {
		return nil
	}
	folder, err := keysFolder(name)
	if err != nil {
		return err
	}
	usual = usual[len(usual)-len(missing):]
	for i, file := range missing {
		if *file == "" {
			*file = filepath.Join(folder, usual[i])
		}
	}
	return nil
}

// initialRoots are those that are held elsewhere, and those that are made.
func (p *keysProject) initialRoots(opts keysOptions) (made []keyFile, err error) {
	name := signing.RootName(p.fleet.Project.KeyName())
	if p.roots, err = publicKeys(opts.rootPublic, name); err != nil {
		return nil, cli.Usagef("--root-public: %w", err)
	}
	for _, file := range []string{opts.root, opts.spare} {
		if file == "" {
			continue
		}
		k, err := newKeyFile(file, name)
		if err != nil {
			return nil, err
		}
		p.roots, made = append(p.roots, k.Key), append(made, k)
	}
	return made, nil
}

// whereToKeep says it of each key in a line.
func (p *keysProject) whereToKeep(w io.Writer, roots, online []keyFile) {
	for i, k := range roots {
		if i == 0 {
			fmt.Fprintf(w, "%s signs for the online keys, once a year: move it to a USB stick or a token in a safe.\n", k.name)
		} else {
			fmt.Fprintf(w, "%s stands in where the root is lost: keep it in another place than the root.\n", k.name)
		}
	}
	for i, k := range online {
		of := "CI"
		if i > 0 {
			of = "another job, or of another machine"
		}
		fmt.Fprintf(w, "%s signs each publish: make it the secret CAIRN_SIGN_KEY of %s, then delete the file.\n", k.name, of)
	}
	if len(online) == 0 {
		fmt.Fprintln(w, "The online key is that of --online-public: publish with --sign-with COMMAND.")
	}
	if err := p.lacking(); err != nil {
		fmt.Fprintln(w, err)
	}
	fmt.Fprintf(w, `Commit %s and %s, which are public; the keys are good until %s.
Firmware has the roots burned in for good: 'cairn device-header --signed' writes them.
`, releases.ProjectFile, p.file, day(p.keys.Expires))
}

// keysFolder is where private keys go unless a flag says otherwise.
func keysFolder(name string) (string, error) {
	config, err := os.UserConfigDir()
	if err != nil {
		return "", cli.Usagef("there is no folder for keys: %w\nname the files: --root FILE --spare FILE --online FILE", err)
	}
	return filepath.Join(config, "cairn", strings.NewReplacer("/", "_", ":", "_").Replace(name)), nil
}
