package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"cairn/cmd/cairn/internal/cli"
	"cairn/cmd/cairn/internal/outfile"
	"cairn/releases"
	"cairn/releases/edit"
	"cairn/releases/signing"

	"github.com/spf13/cobra"
)

func keysCommand(global *globalOptions) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "Make, rotate and show the keys that sign what devices get",
		Long: `keys makes and rotates the keys of signed answers. Firmware has the root keys
burned in. A root signs, once a year, the statement of the online keys, which
sign each publish. The statement is in git, and is published as it is.

No private key is written into a git work tree, and none is printed.`,
	}
	cmd.AddCommand(keysInitCommand(global), keysRotateCommand(global), keysSignCommand(global), keysShowCommand(global))
	return cmd
}

// keysValid is how long a statement of keys is good for, unless a flag says.
const keysValid = "1y"

// keysOptions are those of the commands that write the statement.
type keysOptions struct {
	root, spare string   // files
	online      []string // files to make
	command     string
	rootPublic  []string // keys of roots that are held elsewhere
	public      []string // the same of online keys
	threshold   int
	valid       string
	dryRun      bool
}

func (o *keysOptions) addStatement(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVar(&o.online, "online", nil, "the `file` to write a new online key to; again for another")
	f.StringArrayVar(&o.public, "online-public", nil, "a public `key` that is to sign heads, up to 3 times: NAME+ID+BASE64, or a file as openssl and KMS write it")
	f.IntVar(&o.threshold, "threshold", 0, "so many of the online keys sign each head (default 1)")
	f.StringVar(&o.valid, "valid", keysValid, "how long the statement is good for, as in 1y or 90d")
	f.BoolVar(&o.dryRun, "dry-run", false, "show the edit, and write nothing")
}

func (o *keysOptions) addRoot(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.root, "root", "", "the `file` with a root's private key")
	cmd.Flags().StringVar(&o.command, "command", "", "a `command` that signs its standard input with a root, in place of --root: for a token")
}

func keysSignCommand(global *globalOptions) *cobra.Command {
	var opts keysOptions
	cmd := &cobra.Command{
		Use:   "sign (--root FILE | --command COMMAND)",
		Short: "Add a root's signature to the statement of the keys",
		Long: `sign adds the signature of another root to the statement of the keys, where
root_threshold asks for more than one.`,
		Example: `  cairn keys sign --root /media/usb2/spare.key
  cairn keys sign --command 'pkcs11-tool --sign --mechanism EDDSA --id 02'`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := global.keysProject(true)
			if err != nil {
				return err
			}
			if err := p.sign(cmd, &opts); err != nil {
				return err
			}
			if err := p.write(cmd, opts.dryRun); err != nil {
				return err
			}
			if err := p.lacking(); err != nil {
				fmt.Fprintln(cmd.ErrOrStderr(), err)
			}
			return nil
		},
	}
	opts.addRoot(cmd)
	cmd.Flags().BoolVar(&opts.dryRun, "dry-run", false, "show the edit, and write nothing")
	return cmd
}

// keysProject is a project whose keys are worked on. Its statement may lack
// signatures, or be over.
type keysProject struct {
	dir   string
	fleet *releases.Fleet
	text  []byte // of cairn.toml
	roots []signing.Key

	file string // of the statement
	note []byte // as it was; nil for none
	keys *signing.Keys
	next *signing.Note
}

// keysProject reads a project and, where it has to have one, the statement of
// its keys.
func (g *globalOptions) keysProject(has bool) (*keysProject, error) {
	p := &keysProject{dir: g.dir, file: releases.KeysFile}
	var err error
	if p.text, err = os.ReadFile(filepath.Join(g.dir, releases.ProjectFile)); err != nil {
		return nil, cli.Usagef("%s: %w", filepath.Join(g.dir, releases.ProjectFile), cli.Cause(err))
	}
	if p.fleet, err = releases.ReadProject(p.text); err != nil {
		return nil, err
	}
	s := p.fleet.Signing
	switch {
	case s == nil && has:
		return nil, cli.Usagef("%s has no [signing]: 'cairn keys init' makes the keys, and writes it", releases.ProjectFile)
	case s != nil && !has:
		return nil, cli.Usagef("%s has a [signing] already: 'cairn keys rotate' makes other online keys", releases.ProjectFile)
	case !has:
		if _, err := os.Lstat(filepath.Join(g.dir, p.file)); err == nil {
			return nil, cli.Usagef("%s is there already, and no [signing] in %s: bring one back, or take the other away", p.file, releases.ProjectFile)
		}
		return p, nil
	}
	p.roots, p.file = s.Roots, s.KeysFile
	if p.note, err = os.ReadFile(filepath.Join(g.dir, filepath.FromSlash(p.file))); err != nil {
		return nil, cli.Usagef("%s: %w\nbring it back from git: it has the generation of the keys", p.file, cli.Cause(err))
	}
	if p.keys, p.next, err = signing.ParseKeys(p.note); err != nil {
		return nil, cli.Usagef("%s: %w\nbring it back from git", p.file, err)
	}
	if err := p.next.Verify(p.roots, 1); err != nil && !errors.Is(err, signing.ErrUnsigned) {
		return nil, cli.Usagef("%s: %w\nbring it back from git", p.file, err)
	}
	return p, nil
}

// state makes the statement anew.
func (p *keysProject) state(opts *keysOptions, generation uint32, online []signing.Key) error {
	valid, err := releases.ParseDays(opts.valid)
	if err != nil || valid <= 0 {
		return cli.Usagef("--valid %q is no lifetime: write 1y, or 90d", opts.valid)
	}
	at := now()
	k := &signing.Keys{
		Origin: p.fleet.Project.KeyName(), Generation: generation, Threshold: uint32(max(opts.threshold, 1)),
		Issued: uint32(at.Unix()), Expires: uint32(at.Add(valid).Unix()), Online: online,
	}
	if p.keys, p.next, err = signing.ParseKeys(k.Text()); err != nil {
		return cli.Usagef("the statement of these keys is none: %w", err)
	}
	return nil
}

// onlineKeys are those that are given, and those that are new.
func (p *keysProject) onlineKeys(opts *keysOptions) (keys []signing.Key, made []keyFile, err error) {
	name := p.fleet.Project.KeyName()
	if keys, err = publicKeys(opts.public, name); err != nil {
		return nil, nil, cli.Usagef("--online-public: %w", err)
	}
	for i, file := range opts.online {
		if slices.Contains(opts.online[:i], file) {
			return nil, nil, cli.Usagef("--online %s stands there twice: each key has a file of its own", file)
		}
		k, err := newKeyFile(file, name)
		if err != nil {
			return nil, nil, err
		}
		keys, made = append(keys, k.Key), append(made, k)
	}
	return keys, made, nil
}

// publicKeys reads keys that are to have a name.
func publicKeys(stated []string, name string) (keys []signing.Key, err error) {
	for _, s := range stated {
		k, err := publicKey(s, name)
		if err == nil && k.Name != name {
			err = fmt.Errorf("the key is called %s, and is to be called %s", k.Name, name)
		}
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	return keys, nil
}

// publicKey reads a vkey, or a file with a key of Ed25519 in PEM or DER.
func publicKey(stated, name string) (signing.Key, error) {
	text, err := os.ReadFile(stated)
	if err != nil {
		return signing.ParseKey(stated)
	}
	if block, _ := pem.Decode(text); block != nil {
		text = block.Bytes
	}
	any, err := x509.ParsePKIXPublicKey(text)
	public, ok := any.(ed25519.PublicKey)
	if err != nil || !ok {
		return signing.Key{}, fmt.Errorf("%s has no public key of Ed25519, in PEM or DER", stated)
	}
	return signing.NewKey(name, public), nil
}

// sign adds the signature of a root.
func (p *keysProject) sign(cmd *cobra.Command, opts *keysOptions) error {
	var signature []byte
	switch {
	case (opts.root == "") == (opts.command == ""):
		return cli.Usagef("keys %s needs --root FILE, or --command COMMAND", cmd.Name())
	case opts.root != "":
		key, err := readKeyFile(opts.root)
		if err != nil {
			return err
		}
		signature = key.Sign(p.next.Text)
	default:
		var err error
		if signature, err = signWith(cmd.Context(), opts.command, p.next.Text, cmd.ErrOrStderr()); err != nil {
			return err
		}
	}
	if err := p.next.Add(p.roots, signature); err != nil {
		return cli.Usagef("this is none of the roots in %s: %w", releases.ProjectFile, err)
	}
	return nil
}

// write puts the statement, and other files, into the project.
func (p *keysProject) write(cmd *cobra.Command, dryRun bool, others ...edit.Change) error {
	changes := others
	if after := p.next.Bytes(); !bytes.Equal(after, p.note) {
		changes = append(changes, edit.Change{File: p.file, Before: p.note, After: after})
	}
	for _, c := range changes {
		if _, err := cmd.OutOrStdout().Write(difference(c)); err != nil {
			return err
		}
	}
	stderr := cmd.ErrOrStderr()
	if len(changes) == 0 {
		fmt.Fprintln(stderr, "nothing to change: this root has signed already")
	}
	if !dryRun {
		if err := outfile.WriteChanges(p.dir, changes); err != nil {
			return err
		}
	}
	return nil
}

// lacking is what the statement lacks to be good; nil for nothing.
func (p *keysProject) lacking() error {
	if err := p.next.Verify(p.roots, p.fleet.Signing.RootThreshold); err != nil {
		return fmt.Errorf("%s: %w\nnow sign it with another root: cairn keys sign --root FILE", p.file, err)
	}
	return nil
}

func day(seconds uint32) string { return time.Unix(int64(seconds), 0).UTC().Format(time.DateOnly) }
