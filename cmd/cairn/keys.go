package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
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
	root, spare, online string // files
	command             string
	public              []string // vkeys
	threshold           int
	valid               string
	dryRun              bool
}

func (o *keysOptions) addStatement(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVar(&o.public, "online-public", nil, "a public `key` that is to sign heads, up to 3 times: NAME+ID+BASE64, or a file as openssl and KMS write it")
	f.IntVar(&o.threshold, "threshold", 0, "so many of the online keys sign each head (default 1)")
	f.StringVar(&o.valid, "valid", keysValid, "how long the statement is good for, as in 1y or 90d")
	f.BoolVar(&o.dryRun, "dry-run", false, "show the edit, and write nothing")
}

func (o *keysOptions) addRoot(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.root, "root", "", "the `file` with a root's private key")
	cmd.Flags().StringVar(&o.command, "command", "", "a `command` that signs its standard input with a root, in place of --root: for a token")
}

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
	cmd.Flags().StringVar(&opts.online, "online", "", "the `file` to write a new online key to")
	opts.addStatement(cmd)
	return cmd
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

func keysShowCommand(global *globalOptions) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Show the keys, who has signed for them, and until when",
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := global.keysProject(true)
			if err != nil {
				return err
			}
			if asJSON {
				return cli.WriteJSON(cmd.OutOrStdout(), p.described())
			}
			return p.described().text(cmd.OutOrStdout())
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "write one JSON object")
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

// onlineKeys are those that are given, and the one that is new.
func (p *keysProject) onlineKeys(opts *keysOptions, file string) (keys []signing.Key, made []keyFile, err error) {
	name := p.fleet.Project.KeyName()
	for _, stated := range opts.public {
		k, err := publicKey(stated, name)
		if err == nil && k.Name != name {
			err = fmt.Errorf("the key is called %s, and is to be called %s", k.Name, name)
		}
		if err != nil {
			return nil, nil, cli.Usagef("--online-public: %w", err)
		}
		keys = append(keys, k)
	}
	if file != "" {
		k, err := newKeyFile(file, name)
		if err != nil {
			return nil, nil, err
		}
		keys, made = append(keys, k.Key), append(made, k)
	}
	return keys, made, nil
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

func runKeysRotate(cmd *cobra.Command, global *globalOptions, opts keysOptions) error {
	p, err := global.keysProject(true)
	if err != nil {
		return err
	}
	was := p.keys
	keys, made, err := p.onlineKeys(&opts, opts.online)
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

func day(seconds uint32) string { return time.Unix(int64(seconds), 0).UTC().Format(time.DateOnly) }

// shownKeys is what keys show says.
type shownKeys struct {
	Origin        string      `json:"origin"`
	Generation    uint32      `json:"generation"`
	Issued        time.Time   `json:"issued"`
	Expires       time.Time   `json:"expires"`
	Threshold     uint32      `json:"threshold"`
	Online        []shownKey  `json:"online"`
	RootThreshold int         `json:"root_threshold"`
	Roots         []shownRoot `json:"roots"`
}

type shownKey struct {
	ID  string `json:"id"`
	Key string `json:"key"`
}

type shownRoot struct {
	shownKey
	Signed bool `json:"signed"`
}

func (p *keysProject) described() shownKeys {
	at := func(seconds uint32) time.Time { return time.Unix(int64(seconds), 0).UTC() }
	show := func(k signing.Key) shownKey { return shownKey{fmt.Sprintf("%x", k.ID), k.String()} }
	s := shownKeys{
		Origin: p.keys.Origin, Generation: p.keys.Generation, Issued: at(p.keys.Issued), Expires: at(p.keys.Expires),
		Threshold: p.keys.Threshold, RootThreshold: p.fleet.Signing.RootThreshold,
	}
	for _, k := range p.keys.Online {
		s.Online = append(s.Online, show(k))
	}
	for _, k := range p.roots {
		_, signed := p.next.By(k)
		s.Roots = append(s.Roots, shownRoot{show(k), signed})
	}
	return s
}

func (s shownKeys) text(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "origin\t%s\n", s.Origin)
	fmt.Fprintf(t, "generation\t%d\n", s.Generation)
	fmt.Fprintf(t, "expires\t%s\n", s.Expires.Format(cli.TimeFormat))
	for _, k := range s.Online {
		fmt.Fprintf(t, "online key\t%s\n", k.Key)
	}
	fmt.Fprintf(t, "\t%d of them sign a head\n", s.Threshold)
	for _, k := range s.Roots {
		state := "has not signed"
		if k.Signed {
			state = "has signed"
		}
		fmt.Fprintf(t, "root\t%s\t%s\n", k.Key, state)
	}
	fmt.Fprintf(t, "\t%d of them sign for the online keys\n", s.RootThreshold)
	return t.Flush()
}
