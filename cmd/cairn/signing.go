package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"cairn/cmd/cairn/internal/cli"
	"cairn/publish"
	"cairn/releases/signing"

	"github.com/spf13/cobra"
)

// signing is how the project's answers are signed, by nobody yet; nil where they
// are not, and where the statement of the keys is at fault.
func (p *project) signing() *publish.Signing {
	s := p.fleet.Signing
	if s == nil || s.Keys == nil {
		return nil
	}
	return &publish.Signing{Keys: s.Keys, KeysNote: s.Note, Valid: s.Valid, Renew: s.Renew}
}

// signingOptions say who signs what is published.
type signingOptions struct {
	keys     []string // files of private keys, or one from the environment
	commands []string // that sign their standard input
	unsigned bool
}

func (o *signingOptions) add(cmd *cobra.Command) {
	o.addKeys(cmd)
	cmd.Flags().BoolVar(&o.unsigned, "unsigned", false, "leave what is signed as it is: devices that verify see nothing of this publish")
}

func (o *signingOptions) addKeys(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVar(&o.keys, "sign-key", nil, "sign with the key in this `file`; once for each key that has to sign (the variable CAIRN_SIGN_KEY may also be the key)")
	f.StringArrayVar(&o.commands, "sign-with", nil, "sign with a `command` that takes what is to be signed from standard input, and writes the signature: for a KMS or a token (default: command of [signing])")
}

// signers are who signs; none where no key is given. No message has a private
// key in it.
func (o *signingOptions) signers(cmd *cobra.Command, usual string) (all []publish.Signer, err error) {
	for _, name := range o.keys {
		text, from := name, "CAIRN_SIGN_KEY"
		switch inline := strings.HasPrefix(name, signing.PrivatePrefix); {
		case inline && name != os.Getenv(from):
			return nil, cli.Usagef("--sign-key takes a file: a key on the command line is for all to see\nwrite the key into a file that nobody else may read, or into the variable CAIRN_SIGN_KEY")
		case !inline:
			b, err := os.ReadFile(name)
			if err != nil {
				return nil, cli.Usagef("--sign-key: %w", err)
			}
			text, from = string(b), "--sign-key "+name
		}
		key, err := signing.ParsePrivate(text)
		if err != nil {
			return nil, cli.Usagef("%s: %w", from, err)
		}
		all = append(all, func(_ context.Context, text []byte) ([]byte, error) { return key.Sign(text), nil })
	}
	commands := o.commands
	if len(all)+len(commands) == 0 && usual != "" {
		commands = []string{usual}
	}
	for _, command := range commands {
		all = append(all, func(ctx context.Context, text []byte) ([]byte, error) {
			return signWith(ctx, command, text, cmd.ErrOrStderr())
		})
	}
	return all, nil
}

// sign is how an edition of the project is signed. It says where it is not,
// though it should be.
func (o *signingOptions) sign(cmd *cobra.Command, p *project) (*publish.Signing, error) {
	by := p.signing()
	switch {
	case p.fleet.Signing == nil:
		return nil, nil
	case o.unsigned:
		fmt.Fprintln(cmd.ErrOrStderr(), "unsigned, as you ask: devices that verify see nothing of this publish")
		return nil, nil
	case by == nil:
		fmt.Fprintf(cmd.ErrOrStderr(), "unsigned, since %s is at fault: devices that verify see nothing of this publish\n", p.fleet.Signing.KeysFile)
		return nil, nil
	}
	var err error
	by.Signers, err = o.signers(cmd, p.fleet.Signing.Command)
	return by, err
}
