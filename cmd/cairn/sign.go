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
	var at cli.At
	cmd := &cobra.Command{
		Use:   "sign --rebuild",
		Short: "Sign a head that another job has made, if this checkout makes the same",
		Long: `sign reads the text of a head from standard input, builds what the definitions
here give at its instant, and writes a signature if that is what the head commits
to. It is for a second signer that does not trust the job which publishes: with
a threshold of 2, whoever takes over that job or its key gets nothing signed
that the repository does not say.

The publishing job calls it with --sign-with, wherever the second signer is. Or
the second signer goes first: with --at it signs the head that a publish with the
same --at makes, within 15 minutes, and reads nothing. 'cairn init
--second-signer' writes a workflow of two such jobs.

It refuses a head of another project or generation, one that was not issued within
15 minutes of now, that is good for longer than valid under [signing], or whose
epoch is more than a day ahead. It writes to nothing, and asks nobody.`,
		Example: `  cairn publish --sign-key a.key --sign-with 'ssh signer cairn -C /srv/fleet sign --rebuild --sign-key /etc/cairn/b.key'
  cairn sign --rebuild --sign-key b.key <head.txt
  cairn sign --rebuild --sign-key b.key --at 2026-12-01T09:00:00Z`,
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
			return runSign(cmd, p, opts, at)
		},
	}
	cmd.Flags().BoolVar(&rebuild, "rebuild", false, "build what the definitions give at the instant of the head, and sign if that is the same")
	cmd.Flags().Var(&at, "at", "sign the head of this instant, such as 2026-12-01T09:00:00Z, and read none from standard input")
	opts.addKeys(cmd)
	return cmd
}

// How far a head may be from the clock of a second signer.
const (
	mostOld   = 15 * time.Minute // or ahead
	mostAhead = 24 * time.Hour   // its epoch, where clocks were wrong before
)

func runSign(cmd *cobra.Command, p *project, opts signingOptions, at cli.At) error {
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
	var text []byte
	if at.IsZero() {
		text, err = p.checkedHead(cmd.InOrStdin())
	} else {
		text, err = p.headOf(at.Time)
	}
	if err != nil {
		return err
	}
	signature, err := signers[0](cmd.Context(), text)
	if err == nil {
		err = (&signing.Note{Text: text}).Add(by.Keys.Online, signature)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(cmd.OutOrStdout(), base64.StdEncoding.EncodeToString(signature))
	return err
}

// checkedHead reads the text of a head that may be signed.
func (p *project) checkedHead(r io.Reader) ([]byte, error) {
	const most = 4096 // no note is that long
	text, err := io.ReadAll(io.LimitReader(r, most))
	if err != nil {
		return nil, err
	}
	head, note, err := signing.ParseHead(text)
	if err != nil {
		return nil, fmt.Errorf("what is to be signed: %w", err)
	}
	if err := p.rebuilds(head, time.Now()); err != nil {
		return nil, fmt.Errorf("not signed: %w", err)
	}
	return note.Text, nil
}

// headOf is the text of the head that is issued at an instant, where no epoch is
// ahead of that.
func (p *project) headOf(at time.Time) ([]byte, error) {
	at = at.UTC().Truncate(time.Second)
	if now := time.Now(); now.Sub(at).Abs() > mostOld {
		return nil, cli.Usagef("--at %s is not within %s of now, %s", at.Format(time.RFC3339), mostOld, now.UTC().Format(time.RFC3339))
	}
	signed, err := manifest.New(p.fleet, at).Signed()
	if err != nil {
		return nil, err
	}
	s := p.fleet.Signing
	seconds := uint32(at.Unix())
	return signing.Head{
		Origin: s.Keys.Origin, Generation: s.Keys.Generation, Epoch: seconds, Issued: seconds, Expires: uint32(at.Add(s.Valid).Unix()),
		Latest: signed.Latest, Cohorts: signed.Cohorts,
	}.Text(), nil
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
