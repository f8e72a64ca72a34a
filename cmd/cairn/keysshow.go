package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"cairn/cmd/cairn/internal/cli"
	"cairn/releases/signing"

	"github.com/spf13/cobra"
)

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
