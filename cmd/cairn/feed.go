package main

import (
	"cmp"
	"encoding/xml"
	"errors"
	"strings"
	"time"

	"cairn/releases"
	"cairn/templates/console"

	"github.com/spf13/cobra"
)

func feedCommand(global *globalOptions) *cobra.Command {
	return &cobra.Command{
		Use:   "feed",
		Short: "Write an Atom feed of releases, rollouts and stops",
		Long: `feed writes an Atom feed (RFC 4287) to standard output: an entry for each of the
last commits that changed who is offered what, with the percentages, aborts,
pauses and withdrawals that it brought. It is made of the git history alone, so
the same commits give the same feed.`,
		Example: "  cairn feed >public/releases.atom",
		RunE: global.inProject(func(cmd *cobra.Command, p *project) error {
			last, err := p.worktree().Log(cmd.Context(), 1)
			if err == nil && len(last) == 0 {
				err = errors.New("no commit has the definitions yet")
			}
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(atom(p.fleet.Project, last[0].At, p.history(cmd.Context())))
			return err
		}),
	}
}

type (
	atomFeed struct {
		XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
		ID      string      `xml:"id"`
		Title   string      `xml:"title"`
		Updated string      `xml:"updated"`
		Author  string      `xml:"author>name"`
		Entries []atomEntry `xml:"entry"`
	}
	atomEntry struct {
		ID      string `xml:"id"`
		Title   string `xml:"title"`
		Updated string `xml:"updated"`
		Content string `xml:"content"`
	}
)

// atom is the feed of edits, the newest first, where the last commit is of an
// instant. Edits that change nothing have no entry.
func atom(p releases.Project, last time.Time, edits []console.Edit) []byte {
	id := p.BaseURL + "/" + p.Prefix + "/"
	feed := atomFeed{ID: id, Title: "Releases of " + p.Slug, Updated: last.UTC().Format(time.RFC3339), Author: cmp.Or(p.Organization, p.Slug)}
	for _, e := range edits {
		if len(e.Changes) == 0 {
			continue
		}
		feed.Entries = append(feed.Entries, atomEntry{
			ID: id + "#" + e.Commit, Title: strings.Join(e.Changes, "; "), Updated: time.Unix(e.At, 0).UTC().Format(time.RFC3339),
			Content: strings.Join(append(e.Changes, "", e.Subject), "\n"),
		})
	}
	text, err := xml.MarshalIndent(feed, "", "  ")
	if err != nil {
		panic(err) // it is text only
	}
	return []byte(xml.Header + string(text) + "\n")
}
