package main

import (
	"fmt"
	"os"
	"time"

	"cairn/publish"
	"cairn/publish/notify"

	"github.com/spf13/cobra"
)

// notify tells the address in [notify] of what was published. Where that fails it
// only says so: all is published.
func (p *project) notify(cmd *cobra.Command, published []*publish.Proposal) {
	to := p.fleet.Notify.URL
	for _, proposal := range published {
		now := wallClock()
		news := proposal.News(now)
		if to == "" || news == nil {
			continue
		}
		event := notify.EventOf(news, p.fleet.Project.BaseURL+"/"+p.fleet.Project.Prefix, now)
		err := notify.Post(cmd.Context(), event, notify.Options{URL: to, Secret: os.Getenv("CAIRN_NOTIFY_SECRET"), Attempt: 5 * time.Second, Whole: 15 * time.Second})
		if err != nil {
			fmt.Fprintf(cmd.ErrOrStderr(), "warning: it is published, but %s was not told: %v\n", to, err)
			return
		}
	}
}
