package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cairn/cmd/cairn/internal/cli"
	"cairn/cmd/cairn/internal/git"
	"cairn/cmd/cairn/internal/outfile"
	"cairn/cmd/cairn/internal/report"
	"cairn/publish"
	"cairn/publish/s3store"
	"cairn/releases"
	scaffold "cairn/templates/project"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

type initOptions struct {
	slug, organization, baseURL string
	to, endpoint, region        string
	ci, branch, policy          string
	signed, second, gates       bool
}

func initCommand(global *globalOptions) *cobra.Command {
	var opts initOptions
	policies := []string{"all", "publish", "plan", "publish-trust", "plan-trust"}
	cmd := &cobra.Command{
		Use:   "init [DIR]",
		Short: "Start a project: its definitions, a README, CI workflows",
		Long: `init writes a project into a folder: cairn.toml, releases/, cohorts/default.toml,
.gitignore, a README for the team and, for a bucket, workflows for GitHub or
GitLab: they check and plan each change, publish what is merged, and publish
again on a schedule. Then it prints the policies that CI's roles need.

At a terminal it asks for what no flag says. It writes over nothing: a project
that is there is left alone, and so is each other file.`,
		Example: `  cairn init
  cairn init fridges --slug smartfridge --base-url https://ota.example.com --to s3://acme-ota --region eu-central-1
  cairn init --print-policy=publish > publish.json`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return cli.NoArguments(cmd, args[1:])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := global.dir
			if len(args) == 1 && filepath.IsAbs(args[0]) {
				dir = args[0]
			} else if len(args) == 1 {
				dir = filepath.Join(dir, args[0])
			}
			if opts.policy == "all" && len(args) == 1 && slices.Contains(policies, args[0]) {
				return cli.Usagef("--print-policy has its value behind a =\nhint: write --print-policy=%s", args[0])
			}
			if opts.policy != "" {
				return runPrintPolicy(cmd, dir, opts)
			}
			return runInit(cmd, dir, opts)
		},
	}
	f := cmd.Flags()
	f.StringVar(&opts.slug, "slug", "", "short `name` of the fleet, which firmware has in it: [-a-zA-Z0-9_]+")
	f.StringVar(&opts.organization, "organization", "", "whose it is, for reports")
	f.StringVar(&opts.baseURL, "base-url", "", "where devices see what is published")
	f.StringVar(&opts.to, "to", "", "where to publish: s3://BUCKET, or dir:DIR")
	f.StringVar(&opts.endpoint, "endpoint", "", "`URL` of the S3 service (default: AWS)")
	f.StringVar(&opts.region, "region", "", "the bucket's region")
	f.Var(cli.NewChoice(&opts.ci, "github", "gitlab", "both", "none"), "ci", "whose workflows to write (default: what the git remote says, else both; none for dir:)")
	f.StringVar(&opts.branch, "branch", "", "the branch that is published (default: that of the git remote, else main)")
	f.BoolVar(&opts.signed, "signed", false, "make the keys of signed answers, too, as 'cairn keys init' does")
	f.BoolVar(&opts.second, "second-signer", false, "the same with two online keys, which have to sign both, and a job at GitHub for the second one")
	f.BoolVar(&opts.gates, "gates", false, "a job at GitHub that asks gates and promotes on the schedule, pushes what they decide, and publishes a stop at once")
	f.Var(cli.NewChoice(&opts.policy, policies...), "print-policy", "only print a policy of the project that is there")
	f.Lookup("print-policy").NoOptDefVal = "all"
	return cmd
}

func runInit(cmd *cobra.Command, dir string, opts initOptions) error {
	name := filepath.Join(dir, releases.ProjectFile)
	if _, err := os.Lstat(name); err == nil {
		return errThere(name)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return cli.Usagef("project folder %q: %w", dir, cli.Cause(err))
	}
	if err := opts.complete(cmd, dir); err != nil {
		return err
	}
	repo, err := git.Find(cmd.Context(), dir)
	config := opts.config(repo)
	if err != nil && config.CI() {
		return fmt.Errorf("where workflows go depends on git: %w\nhint: --ci none writes none", err)
	}
	files, err := scaffold.Files(config)
	if err != nil {
		return cli.Usage(withoutPlaces(err))
	}
	if err := checkBucket(config.Publish); err != nil {
		return cli.Usage(err)
	}
	kept, err := writeProject(cmd.Context(), cmd.OutOrStdout(), dir, repo.Above(dir), files)
	if err != nil {
		return err
	}
	if opts.signed || opts.second {
		keys := keysOptions{valid: keysValid}
		if opts.second {
			keys.threshold = 2
		}
		if err := runKeysInit(cmd, &globalOptions{dir: dir, stderr: cmd.ErrOrStderr()}, keys); err != nil {
			return fmt.Errorf("%w\nthe project is written: 'cairn keys init' goes on from here", err)
		}
	}
	return report.PrintNext(cmd.OutOrStdout(), dir, config, repo.Origin, kept)
}

// config is what the flags and the repository say.
func (opts *initOptions) config(repo git.Repository) scaffold.Config {
	c := scaffold.Config{
		Slug: opts.slug, Organization: opts.organization, BaseURL: opts.baseURL,
		Publish: releases.Publish{To: opts.to, Endpoint: opts.endpoint, Region: opts.region},
		Branch:  repo.Branch, Within: repo.Within, LFS: repo.LFS, Guards: publish.GuardNames(),
		SecondSigner: opts.second, Gates: opts.gates,
	}
	if opts.branch != "" {
		c.Branch = opts.branch
	}
	ci := opts.ci
	if scheme, _ := releases.CutTarget(opts.to); ci == "" && scheme == "s3" {
		ci = repo.CI()
	}
	c.GitHub = ci == "github" || ci == "both"
	c.GitLab = ci == "gitlab" || ci == "both"
	return c
}

// checkBucket says what keeps a target from being a bucket's name.
func checkBucket(p releases.Publish) error {
	scheme, name := releases.CutTarget(p.To)
	if scheme != "s3" {
		return nil
	}
	_, err := s3store.New(s3store.Config{Endpoint: p.Endpoint, Region: p.Region, Bucket: name})
	return err
}

// withoutPlaces says what is wrong with values that are in no file yet.
func withoutPlaces(err error) error {
	var faults releases.Faults
	if !errors.As(err, &faults) {
		return err
	}
	var lines []string
	for _, f := range faults {
		lines = append(lines, f.Message)
		if f.Hint != "" {
			lines = append(lines, "hint: "+f.Hint)
		}
	}
	return errors.New(strings.Join(lines, "\n"))
}

// errThere says that a project is where another was to begin.
func errThere(name string) error {
	return fmt.Errorf("%s is there already: it is left as it is\nname another folder, or change what it says", name)
}

// writeProject writes what is not there yet, and says so. It gives the names of
// the files that somebody else wrote. What an earlier attempt has written, it
// goes on from.
func writeProject(ctx context.Context, w io.Writer, dir, top string, files []scaffold.File) (kept []string, err error) {
	begun := false
	for _, f := range files {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		name := filepath.Join(dir, filepath.FromSlash(f.Name))
		if f.Shared {
			name = filepath.Join(top, filepath.FromSlash(f.Name))
		}
		there, err := writeNew(name, f.Content)
		state := "wrote"
		switch {
		case err != nil && begun:
			return nil, fmt.Errorf("%w\nwhat is written so far is in order: run init again to go on", err)
		case err != nil:
			return nil, err
		case there && f.Name == releases.ProjectFile: // another init was faster
			return nil, errThere(name)
		case there:
			if is, err := os.ReadFile(name); err == nil && bytes.Equal(is, f.Content) {
				state = "unchanged"
			} else {
				state, kept = "kept", append(kept, f.Name)
			}
		}
		begun = true
		if _, err := fmt.Fprintf(w, "%s %s\n", state, name); err != nil {
			return nil, err
		}
	}
	return kept, nil
}

// writeNew writes a file where nothing is, and says whether something was.
func writeNew(name string, content []byte) (there bool, err error) {
	if _, err := os.Lstat(name); err == nil {
		return true, nil
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return false, err
	}
	err = outfile.Create(name, content)
	if errors.Is(err, fs.ErrExist) {
		return true, nil
	}
	return false, err
}

// runPrintPolicy prints policies for the project that is in a folder.
func runPrintPolicy(cmd *cobra.Command, dir string, opts initOptions) error {
	p, err := (&globalOptions{dir: dir, stderr: cmd.ErrOrStderr()}).open(cmd.Context())
	if err != nil {
		return err
	}
	defer p.close()
	repo, err := git.Find(cmd.Context(), dir)
	if err != nil {
		return err
	}
	opts.to, opts.endpoint, opts.region = p.fleet.Publish.To, p.fleet.Publish.Endpoint, p.fleet.Publish.Region
	policies, err := scaffold.Policies(opts.config(repo), p.fleet.Project.Prefix, repo.Origin)
	if err != nil {
		return cli.Usage(err)
	}
	if opts.policy == "all" {
		return report.PrintPolicies(cmd.OutOrStdout(), policies)
	}
	i := slices.IndexFunc(policies, func(p scaffold.Policy) bool { return p.Name == opts.policy })
	if i < 0 {
		return cli.Usagef("--print-policy=%s: there is no such policy for this project; 'cairn init --print-policy' prints all", opts.policy)
	}
	_, err = cmd.OutOrStdout().Write(policies[i].JSON)
	return err
}

// complete asks for what no flag says, or refuses to guess where there is no
// terminal.
func (opts *initOptions) complete(cmd *cobra.Command, dir string) error {
	if in, ok := cmd.InOrStdin().(*os.File); ok && term.IsTerminal(int(in.Fd())) {
		return opts.ask(cli.NewAsker(cmd.Context(), in, cmd.ErrOrStderr()), cmd.Flags().Changed, dir)
	}
	var missing []string
	for _, name := range []string{"slug", "base-url", "to"} {
		if !cmd.Flags().Changed(name) {
			missing = append(missing, "--"+name)
		}
	}
	if len(missing) > 0 {
		return cli.Usagef("init needs %s, where there is no terminal to ask at\nsee 'cairn init --help'", strings.Join(missing, ", "))
	}
	return nil
}

// ask completes the options with answers. Each is held to the project's rules
// at once.
func (opts *initOptions) ask(a *cli.Asker, given func(flag string) bool, dir string) error {
	// Values that are right, for what is not known yet.
	c := scaffold.Config{Slug: "x", BaseURL: "https://example.com", Publish: releases.Publish{To: "dir:x", Region: "x"}, Within: "."}
	check := func(field *string) func(string) error {
		return func(s string) error {
			before := *field
			*field = s
			err := withoutPlaces(c.Check())
			if err == nil {
				err = checkBucket(c.Publish)
			}
			if err != nil {
				*field = before
			}
			return err
		}
	}
	questions := []struct {
		flag, question, fallback string
		answer                   *string
		check                    func(string) error
		bucket                   bool // a question about one
	}{
		{"slug", "Short name of the fleet, which firmware has in it", slugOf(dir), &opts.slug, check(&c.Slug), false},
		{"base-url", "Where devices see what is published, such as https://ota.example.com", "", &opts.baseURL, check(&c.BaseURL), false},
		{"to", "Where to publish: s3://BUCKET, or dir:DIR", "dir:public", &opts.to, check(&c.Publish.To), false},
		{"endpoint", "URL of the S3 service; nothing for AWS", "", &opts.endpoint, check(&c.Publish.Endpoint), true},
		{"region", "Region of the bucket, such as eu-central-1", "", &opts.region, check(&c.Publish.Region), true},
	}
	for _, q := range questions {
		switch {
		case given(q.flag):
			if err := q.check(*q.answer); err != nil {
				return cli.Usage(err)
			}
		case q.bucket && !strings.HasPrefix(opts.to, "s3://"):
		default:
			var err error
			if *q.answer, err = a.Ask(q.question, q.fallback, q.check); err != nil {
				return err
			}
		}
	}
	return nil
}

// slugOf is a folder's name, if that can be a slug.
func slugOf(dir string) string {
	abs, err := filepath.Abs(dir)
	if name := filepath.Base(abs); err == nil && releases.ValidSlug(name) {
		return name
	}
	return ""
}
