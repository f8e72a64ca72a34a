package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"cairn/cmd/cairn/internal/cli"
	"cairn/publish"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

func unlockCommand(global *globalOptions) *cobra.Command {
	var to string
	var yes bool
	cmd := &cobra.Command{
		Use:   "unlock",
		Short: "Remove the lease of a publisher that died",
		Long: `unlock removes the lease that keeps others from publishing, if its holder died
and the lease has not run out by itself. A holder that still lives writes no more
once it tries to renew the lease. What it was about to write stays on record as
doubtful: the next publish writes it again. For 15 minutes each publish also reads
it again, since a request may still be on its way.`,
		Example: "  cairn unlock\n  cairn unlock --yes",
		RunE: global.inProject(func(cmd *cobra.Command, p *project) error {
			store, err := p.store(to, 0)
			if err != nil {
				return err
			}
			remote, err := publish.ReadState(cmd.Context(), store, p.fleet.Project.Prefix)
			if err != nil {
				return err
			}
			if held := remote.Held(time.Now()); held != nil && remote.Problem != nil {
				return fmt.Errorf("the state in %s can't be written: %w\nits lease runs out at %s; until then only the cairn that wrote it can unlock it", store, remote.Problem, held.Expires.Format(cli.TimeFormat))
			}
			if remote.Problem != nil {
				return fmt.Errorf("the state in %s can't be used: %w\nnothing is locked by it; run 'cairn publish --rescan'", store, remote.Problem)
			}
			if remote.State == nil || remote.State.Lease == nil {
				_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s is not locked\n", store)
				return err
			}
			if !yes {
				if err := confirm(cmd.InOrStdin(), cmd.ErrOrStderr(), *remote.State.Lease, store); err != nil {
					return err
				}
			}
			err = publish.Unlock(cmd.Context(), store, remote, wallClock())
			if errors.Is(err, publish.ErrMoved) {
				return fmt.Errorf("%w: its holder is not dead", err)
			}
			if err == nil {
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is unlocked; what %s may have written is doubtful: the next publish writes it again, and publish once more in 15 minutes, or with --settle\n", store, remote.State.Lease)
			}
			return err
		}),
	}
	addTo(cmd, &to)
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}

// confirm asks whether the holder of a lease is dead.
func confirm(in io.Reader, out io.Writer, l publish.Lease, store publish.Store) error {
	fmt.Fprintf(out, "%s has been publishing to %s since %s; its lease runs out at %s.\n",
		l, store, l.Began.Format(time.RFC3339), l.Expires.Format(time.RFC3339))
	if f, ok := in.(*os.File); !ok || !term.IsTerminal(int(f.Fd())) {
		return cli.Usagef("to take it away without a terminal to ask, add --yes")
	}
	fmt.Fprint(out, "Is it dead? Only \"yes\" takes the lease away: ")
	answer, _ := bufio.NewReader(in).ReadString('\n')
	if strings.TrimSpace(answer) != "yes" {
		return errors.New("left as it is")
	}
	return nil
}
