package main

import (
	"encoding/base64"
	"fmt"
	"io"
	"time"

	"cairn/cmd/cairn/internal/cli"
	"cairn/manifest"
	"cairn/releases/signing"

	"github.com/spf13/cobra"
)

func signCommand(global *globalOptions) *cobra.Command {
	var opts signingOptions
	var rebuild bool
	cmd := &cobra.Command{
		Use:   "sign --rebuild",
		Short: "Sign a head that another job has made, if this checkout makes the same",
		Long: `sign reads the text of a head from standard input, builds what the definitions
here give at its instant, and writes a signature if that is what the head commits
to. It is for a second signer that does not trust the job which publishes: with
a threshold of 2, whoever takes over that job or its key gets nothing signed
that the repository does not say.

The publishing job calls it with --sign-with, wherever the second signer is. It
refuses a head of another project or generation, one that was not issued within
15 minutes of now, that is good for longer than valid under [signing], or whose
epoch is more than a day ahead. It writes to nothing, and asks nobody.`,
		Example: `  cairn publish --sign-key a.key --sign-with 'ssh signer cairn -C /srv/fleet sign --rebuild --sign-key /etc/cairn/b.key'
  cairn sign --rebuild --sign-key b.key <head.txt`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !rebuild {
				return cli.Usagef("sign needs --rebuild: it signs nothing that the definitions do not say")
			}
			p, err := global.open(cmd.Context())
			if err != nil {
				return err
			}
			defer p.close()
			return runSign(cmd, p, opts)
		},
	}
	cmd.Flags().BoolVar(&rebuild, "rebuild", false, "build what the definitions give at the instant of the head, and sign if that is the same")
	opts.addKeys(cmd)
	return cmd
}

// How far a head may be from the clock of a second signer.
const (
	mostOld   = 15 * time.Minute // or ahead
	mostAhead = 24 * time.Hour   // its epoch, where clocks were wrong before
)

func runSign(cmd *cobra.Command, p *project, opts signingOptions) error {
	by := p.signing()
	if by == nil {
		return cli.Usagef("nothing is signed here: there is no [signing] in cairn.toml")
	}
	signers, err := opts.signers(cmd, "")
	if err != nil {
		return err
	}
	if len(signers) != 1 {
		return cli.Usagef("sign needs one key: give --sign-key FILE, --sign-with COMMAND or CAIRN_SIGN_KEY")
	}
	const most = 4096 // no note is that long
	text, err := io.ReadAll(io.LimitReader(cmd.InOrStdin(), most))
	if err != nil {
		return err
	}
	head, note, err := signing.ParseHead(text)
	if err != nil {
		return fmt.Errorf("what is to be signed: %w", err)
	}
	if err := p.rebuilds(head, time.Now()); err != nil {
		return fmt.Errorf("not signed: %w", err)
	}
	signature, err := signers[0](cmd.Context(), note.Text)
	if err == nil {
		err = (&signing.Note{Text: note.Text}).Add(by.Keys.Online, signature)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(cmd.OutOrStdout(), base64.StdEncoding.EncodeToString(signature))
	return err
}

// rebuilds is an error where the definitions don't give what a head commits to,
// or it is none that may be signed at an instant.
func (p *project) rebuilds(head signing.Head, now time.Time) error {
	keys, at := p.fleet.Signing.Keys, time.Unix(int64(head.Issued), 0).UTC()
	switch {
	case head.Origin != keys.Origin:
		return fmt.Errorf("the head is for %s, and this is %s", head.Origin, keys.Origin)
	case head.Generation != keys.Generation:
		return fmt.Errorf("the head is of generation %d, and the keys here are of generation %d: bring in %s", head.Generation, keys.Generation, p.fleet.Signing.KeysFile)
	case now.Sub(at).Abs() > mostOld:
		return fmt.Errorf("the head was issued at %s, and it is %s: an old one, or a clock that is off", at.Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	case time.Duration(int64(head.Expires)-int64(head.Issued))*time.Second != p.fleet.Signing.Valid:
		return fmt.Errorf("the head expires at %s, and valid under [signing] is %s", time.Unix(int64(head.Expires), 0).UTC().Format(time.RFC3339), p.fleet.Signing.Valid)
	case head.Epoch < head.Issued || time.Duration(head.Epoch-head.Issued)*time.Second > mostAhead:
		return fmt.Errorf("the head has epoch %d, and was issued at %d: epochs are times, and no publisher counts on by a day", head.Epoch, head.Issued)
	}
	signed, err := manifest.New(p.fleet, at).Signed()
	if err != nil {
		return err
	}
	for _, root := range []struct {
		of      string
		is, was [32]byte
	}{{"other answers", head.Latest, signed.Latest}, {"another cohort index", head.Cohorts, signed.Cohorts}} {
		if root.is != root.was {
			return fmt.Errorf("the head commits to %s than the definitions here give at %s\nbring in what is published, and compare with 'cairn build --at %[2]s'", root.of, at.Format(time.RFC3339))
		}
	}
	return nil
}
