package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"cairn/cmd/cairn/internal/cli"
	"cairn/publish"
	"cairn/publish/dirstore"
	"cairn/publish/review"

	"github.com/spf13/cobra"
)

type planOptions struct {
	targetOptions
	against  string
	json     bool
	markdown bool
	html     string
	detailed bool
}

func planCommand(global *globalOptions) *cobra.Command {
	var opts planOptions
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Show who gets what before and after a publish",
		Long: `plan shows what publish would do, as a reviewer wants to read it: for each
cohort, software type and hardware version who is offered what before and
after, those first who would move down; which devices change cohort, and what
they get; then the objects, requests and their cost; what guards would stop; and
what the schedule brings next. It writes nothing, and needs no right to write.

--against compares the definitions with another tree than the one in the
bucket: a folder that build or publish wrote, or a URL below which a published
prefix can be read.

    v  moves down    -  withdrawn    +  newly offered    ~  another release
    =  as it was`,
		Example: `  cairn plan
  cairn plan --markdown > comment.md
  cairn plan --html plan.html
  git worktree add /tmp/main main && cairn -C /tmp/main build --out /tmp/tree && cairn plan --against /tmp/tree`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			err := runPlan(cmd, global, opts)
			if opts.detailed && err != nil && !errors.Is(err, exitError(exitChanges)) {
				return &failedError{err}
			}
			return err
		},
	}
	opts.add(cmd)
	f := cmd.Flags()
	f.StringVar(&opts.against, "against", "", "another tree to compare with: a `folder or URL`")
	f.BoolVar(&opts.json, "json", false, "write one JSON object")
	f.BoolVar(&opts.markdown, "markdown", false, "write Markdown for a comment on a pull request, under 60,000 characters")
	f.StringVar(&opts.html, "html", "", "also write a page to this `file`, with the buckets before and after")
	f.BoolVar(&opts.detailed, "detailed-exitcode", false, "exit with 0 where nothing is to be done, 2 where something is, 1 for every error")
	return cmd
}

// failedError is an error that ends with exit code 1 whatever it is: with
// --detailed-exitcode, 2 has another meaning.
type failedError struct{ error }

func runPlan(cmd *cobra.Command, global *globalOptions, opts planOptions) error {
	if opts.json && opts.markdown {
		return cli.Usagef("--json and --markdown exclude each other")
	}
	if opts.against != "" && (opts.to != "" || opts.rescan) {
		return cli.Usagef("--against takes the place of --to and --rescan")
	}
	p, err := global.open(cmd.Context())
	if err != nil {
		return err
	}
	defer p.close()
	var proposal *publish.Proposal
	name := opts.against
	if opts.against != "" {
		proposal, err = p.against(cmd.Context(), opts)
	} else if proposal, err = p.look(cmd, opts.targetOptions); err == nil {
		name = proposal.Store.String()
	}
	if err != nil {
		return err
	}
	r := review.New(proposal.Plan, p.fleet, proposal.Edition.At)
	r.To = name
	r.Forgotten = append(r.Forgotten, proposal.Remote.Forgotten(p.fleet)...)
	if tripped := (*publish.TrippedError)(nil); errors.As(proposal.Tripped(), &tripped) {
		r.Guard, r.Trips, r.Allow = tripped.Error(), tripped.Trips, tripped.Flag()
	}
	if opts.html != "" {
		if err := p.writePlanPage(opts.html, r); err != nil {
			return err
		}
	}
	if err := writeReview(cmd.OutOrStdout(), r, opts); err != nil {
		return err
	}
	if opts.detailed && !r.Empty() {
		return exitError(exitChanges)
	}
	return nil
}

func writeReview(w io.Writer, r *review.Review, opts planOptions) error {
	switch {
	case opts.json:
		return cli.WriteJSON(w, r)
	case opts.markdown:
		return r.Markdown(w)
	}
	return r.Text(w)
}

// against plans what makes another tree the one of the definitions.
func (p *project) against(ctx context.Context, opts planOptions) (*publish.Proposal, error) {
	edition := p.edition(opts.at.Instant(), nil)
	if strings.HasPrefix(opts.against, "http://") || strings.HasPrefix(opts.against, "https://") {
		tree := webTree(strings.TrimRight(opts.against, "/"))
		state, err := tree.state(ctx, p.fleet.Project.Prefix)
		if err != nil {
			return nil, err
		}
		live, err := state.Live.WithRelocations(ctx, edition.Site, tree)
		if err != nil {
			return nil, err
		}
		return edition.Beside(live, &publish.Remote{State: state}, true), nil
	}
	store := dirstore.New(strings.TrimPrefix(opts.against, "dir:"))
	remote, err := publish.ReadState(ctx, store, p.fleet.Project.Prefix)
	if err != nil {
		return nil, err
	}
	proposal, err := edition.Propose(ctx, store, remote, publish.ProposeOptions{Rescan: true, Concurrency: opts.concurrency})
	if err == nil && proposal.Live.Len() == 0 {
		return nil, fmt.Errorf("there is no tree of prefix %q in %s", p.fleet.Project.Prefix, store)
	}
	return proposal, err
}

// webTree is the URL below which a published prefix can be read.
type webTree string

// Get reads the object at a key.
func (base webTree) Get(ctx context.Context, key string) (*publish.Stored, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	url := string(base) + "/" + key
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, cli.Usagef("--against: %w", err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("get %s: %s\nonly what publish has put there can be compared with", url, answer.Status)
	}
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", url, err)
	}
	content, err := publish.BytesContent(b).Reader()
	return &publish.Stored{ReadSeekCloser: content, Entry: publish.Entry{Key: key, Size: int64(len(b))}}, err
}

// state reads the state of a prefix.
func (base webTree) state(ctx context.Context, prefix string) (*publish.State, error) {
	key := publish.StateKey(prefix)
	object, err := base.Get(ctx, key)
	if err != nil {
		return nil, err
	}
	defer object.Close()
	b, err := io.ReadAll(object)
	if err != nil {
		return nil, err
	}
	state, err := publish.DecodeState(b, prefix)
	if err != nil {
		return nil, fmt.Errorf("get %s/%s: %w", base, key, err)
	}
	return state, nil
}
