package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"cairn/cmd/cairn/internal/cli"
	"cairn/releases"
	"cairn/releases/edit"

	"github.com/spf13/cobra"
)

type deployOptions struct {
	editOptions
	deployment edit.Deployment
	deactivate bool
	deltaFrom  string
	deltaTo    string
	percent    float64
	ramp       time.Duration
	from       float64
	linear     bool
	steps      string
	every      time.Duration
	gate       string
	start      cli.At
	eager      bool
}

func deployReleaseCommand(global *globalOptions) *cobra.Command {
	var opts deployOptions
	cmd := &cobra.Command{
		Use:   "deploy-release --release-version VERSION --cohort COHORT",
		Short: "Offer a release to a cohort, or to a growing part of it",
		Long: `deploy-release activates a release in a cohort: for all of its devices, a
percentage of them, or more and more of them over time, by a ramp or by steps.
For a release that the cohort activates already it changes the rollout, and ends
a pause.

It edits the cohort's file, and shows the difference. Devices see it after the
next publish. A ramp or steps need a publish now and then to move on; 'cairn
init' sets that up.`,
		Example: `  cairn deploy-release --release-version 1.1.0 --cohort beta
  cairn deploy-release --release-version 1.1.0 --cohort default --rollout-percent 5
  cairn deploy-release --release-version 1.1.0 --cohort default --ramp 48h
  cairn deploy-release --release-version 1.1.0 --cohort default --steps 1,10,50,100 --every 24h
  cairn deploy-release --release-version 1.1.0 --cohort default --steps 1,10,100 --gate healthy
  cairn deploy-release --release-version 1.1.0 --cohort default --rollout-percent 1 --eager=false
  cairn deploy-release --release-version 1.1.0 --cohort default \
    --steps 1@2026-12-01T09:00:00Z,100@2026-12-03T09:00:00Z --commit --publish
  cairn deploy-release --delta-from 1.0.0 --delta-to 1.1.0 --cohort beta
  cairn deploy-release --release-version 1.1.0 --cohort beta --deactivate`,
		RunE: func(cmd *cobra.Command, _ []string) error { return runDeployRelease(cmd, global, &opts) },
	}
	f := cmd.Flags()
	f.StringVar(&opts.deployment.Version, "release-version", "", "the release's `version`")
	f.StringVar(&opts.deltaFrom, "delta-from", "", "offer the release that has a patch from this `version` …")
	f.StringVar(&opts.deltaTo, "delta-to", "", "… to this `version`: the release's")
	f.StringVar(&opts.deployment.Cohort, "cohort", "", "the `cohort` to offer it to")
	f.Float64Var(&opts.percent, "rollout-percent", 100, "the share of the cohort's devices, 0 to 100")
	f.DurationVar(&opts.ramp, "ramp", 0, "let the share grow for so long, such as 48h: from 1 percent to all, slowly at first")
	f.Float64Var(&opts.from, "from", 1, "the `percent` that a ramp begins with")
	f.BoolVar(&opts.linear, "linear", false, "let a ramp grow at the same pace all the time")
	f.StringVar(&opts.steps, "steps", "", "let the share grow by steps: `percents` such as 1,10,50,100, or each with its instant, such as 1@2026-12-01T09:00:00Z,100@2026-12-03T09:00:00Z")
	f.DurationVar(&opts.every, "every", 24*time.Hour, "the time from one of the steps to the next")
	f.StringVar(&opts.gate, "gate", "", "have each step but the first wait for this gate, the `NAME` of a [gate.NAME] in cairn.toml")
	f.Var(&opts.start, "start", "the instant at which a ramp or steps begin (default now)")
	f.BoolVar(&opts.deactivate, "deactivate", false, "take the release out of the cohort instead")
	f.BoolVar(&opts.deployment.Again, "again", false, "offer it although it was aborted or paused in this cohort, or withdrawn from all, here or by what was published")
	f.BoolVar(&opts.eager, "eager", true, "give devices that ask eagerly a head start; --eager=false keeps the release to its percentage")
	f.BoolVar(&opts.deployment.Create, "create-cohort", false, "make the cohort where it does not exist")
	opts.add(cmd)
	cli.AcceptMemfault(cmd)
	cmd.MarkFlagsMutuallyExclusive("rollout-percent", "ramp", "steps", "deactivate")
	return cmd
}

func runDeployRelease(cmd *cobra.Command, global *globalOptions, opts *deployOptions) error {
	cli.NoteMemfault(cmd)
	d, err := opts.named()
	if err != nil {
		return err
	}
	at := now()
	d.At = wallClock()
	if cmd.Flags().Changed("eager") {
		d.Eager = &opts.eager
	}
	if d.Rollout, err = opts.rollout(cmd, at); err != nil {
		return cli.Usage(err)
	}
	return global.edit(cmd, opts.editOptions, func(p *project) (change, error) {
		rest, err := p.besideDelta(opts)
		switch {
		case err != nil:
			return change{}, err
		case opts.deactivate:
			return p.deactivate(d, rest)
		}
		return p.deploy(d, at, rest)
	})
}

// named is the deployment of the release that the flags name.
func (opts *deployOptions) named() (edit.Deployment, error) {
	d := opts.deployment
	switch delta := opts.deltaFrom != "" || opts.deltaTo != ""; {
	case d.Version != "" && delta:
		return d, cli.Usagef("--release-version names a release, --delta-from and --delta-to name one by its patch: it is one of the two")
	case delta && (opts.deltaFrom == "" || opts.deltaTo == ""):
		return d, cli.Usagef("--delta-from and --delta-to go together")
	case delta:
		d.Version = opts.deltaTo
	}
	if d.Version == "" || d.Cohort == "" {
		return d, cli.Usagef("deploy-release needs --release-version VERSION, or --delta-from VERSION and --delta-to VERSION, and --cohort COHORT")
	}
	return d, nil
}

// deploy offers a release to a cohort. Rest is what it has besides the patch that
// it was named by.
func (p *project) deploy(d edit.Deployment, at time.Time, rest string) (change, error) {
	files, err := p.definitions().Deploy(d)
	c := change{files: files, title: title(d.Cohort, "deploy %s %s", d.Version, plan(d.Rollout)), notes: p.offeredToo(d, at)}
	if rest != "" {
		c.notes = append(c.notes, fmt.Sprintf("note: release %s also has %s, which is offered with the patch", d.Version, rest))
	}
	for _, a := range p.activations(d.Cohort) {
		if a.Release.Version == d.Version {
			c.notes = append(c.notes, otherShare(d, a, at)...)
		}
	}
	return c, err
}

// otherShare notes that a deployment gives another share of the devices than an
// activation does.
func otherShare(d edit.Deployment, a releases.Activation, at time.Time) []string {
	before, after := 0.0, d.Rollout.Percent(at)
	if a.Offers() {
		before = a.Percent(at)
	}
	what := "offers it to " + cli.Percent(after) + " at once"
	switch {
	case after == before:
		return nil
	case after < before:
		what = "takes the offer back from those beyond " + cli.Percent(after)
	}
	return []string{fmt.Sprintf("note: cohort %s was offered %s at %s; this %s", d.Cohort, d.Version, cli.Percent(before), what)}
}

// deactivate takes a release out of a cohort, if it has nothing besides the patch
// that it was named by.
func (p *project) deactivate(d edit.Deployment, rest string) (change, error) {
	if rest != "" {
		return change{}, fmt.Errorf("release %s also has %s, which would go with the patch\nto take all of it out of the cohort, name it by --release-version %[1]s", d.Version, rest)
	}
	files, err := p.definitions().Deactivate(d.Version, d.Cohort)
	return change{files: files, title: title(d.Cohort, "deactivate %s", d.Version)}, err
}

// besideDelta is what the release of a patch has besides, in words; "" for nothing,
// and where no patch is named.
func (p *project) besideDelta(opts *deployOptions) (string, error) {
	r := p.fleet.Release(opts.deltaTo)
	if opts.deltaFrom == "" || r == nil {
		return "", nil // what is not there is told of later
	}
	var patches, others []string
	for _, of := range r.Payloads {
		what := "an image for "
		if of.Delta() {
			what = "a patch from " + of.From + " for "
		}
		what += of.SoftwareType + " on " + of.HardwareVersion
		if of.From == opts.deltaFrom && r.VersionOf(of.SoftwareType) == r.Version {
			patches = append(patches, what)
		} else {
			others = append(others, what)
		}
	}
	if len(patches) == 0 {
		return "", fmt.Errorf("release %s has no patch from %s: upload it first, by 'cairn upload-ota-payload --delta-from %[2]s --delta-to %[1]s'", r.Version, opts.deltaFrom)
	}
	return strings.Join(others, ", "), nil
}

// offeredToo notes the other cohorts that a withdrawn release comes back to.
func (p *project) offeredToo(d edit.Deployment, at time.Time) (notes []string) {
	for _, c := range p.fleet.Cohorts {
		for _, a := range c.Activations {
			if c.Slug != d.Cohort && a.Release.Version == d.Version && a.Release.Withdrawn != "" && a.Aborted == "" {
				notes = append(notes, fmt.Sprintf("note: the withdrawal is over: cohort %s is offered %s at %s, too", c.Slug, d.Version, cli.Percent(a.Percent(at))))
			}
		}
	}
	return notes
}

func (p *project) activations(cohort string) []releases.Activation {
	if c := p.fleet.Cohort(cohort); c != nil {
		return c.Activations
	}
	return nil
}

// rollout is the one that the flags describe.
func (o *deployOptions) rollout(cmd *cobra.Command, now time.Time) (releases.Rollout, error) {
	start := now
	if !o.start.IsZero() {
		start = o.start.Time
	}
	for _, f := range []struct {
		name string
		of   bool
	}{{"from", o.ramp != 0}, {"linear", o.ramp != 0}, {"every", o.steps != ""}, {"gate", o.steps != ""}, {"start", o.ramp != 0 || o.steps != ""}} {
		if cmd.Flags().Changed(f.name) && !f.of {
			return releases.Rollout{}, fmt.Errorf("--%s belongs to --ramp or --steps", f.name)
		}
	}
	switch {
	case cmd.Flags().Changed("ramp"):
		switch {
		case o.ramp <= 0:
			return releases.Rollout{}, fmt.Errorf("--ramp %s is not over 0", o.ramp)
		case o.from < 0 || o.from > 100 || o.from != o.from:
			return releases.Rollout{}, fmt.Errorf("--from %v is outside 0 to 100 percent", o.from)
		case o.from == 0 && !o.linear:
			return releases.Rollout{}, fmt.Errorf("--from 0: a ramp that is slow at first cannot grow from 0; take 1, or --linear")
		}
		return releases.Rollout{Ramp: &releases.Ramp{Start: start, Duration: o.ramp, From: o.from, To: 100, Linear: o.linear}}, nil
	case cmd.Flags().Changed("steps"):
		return o.parseSteps(start)
	case !(o.percent >= 0 && o.percent <= 100):
		return releases.Rollout{}, fmt.Errorf("--rollout-percent %v is outside 0 to 100", o.percent)
	}
	return releases.Rollout{Fixed: o.percent}, nil
}

func (o *deployOptions) parseSteps(at time.Time) (releases.Rollout, error) {
	var r releases.Rollout
	if o.every <= 0 {
		return r, fmt.Errorf("--every %s is not over 0", o.every)
	}
	for _, part := range strings.Split(o.steps, ",") {
		share, instant, stated := strings.Cut(strings.TrimSpace(part), "@")
		p, err := strconv.ParseFloat(strings.TrimSuffix(share, "%"), 64)
		if err != nil || !(p >= 0 && p <= 100) {
			return r, fmt.Errorf("--steps: %q is no percentage from 0 to 100; write 1,10,50,100", share)
		}
		if stated {
			if at, err = releases.ParseInstant(instant); err != nil {
				return r, fmt.Errorf("--steps: %w", err)
			}
		}
		if n := len(r.Steps); n > 0 {
			last := r.Steps[n-1]
			if !at.After(last.At) {
				return r, fmt.Errorf("--steps: %s is not after the step before it", at.Format(cli.TimeFormat))
			}
			if p < last.Percent {
				return r, fmt.Errorf("--steps: %v is under the step before it; a rollout only grows", p)
			}
		}
		r.Steps = append(r.Steps, releases.Step{At: at, Percent: p})
		if n := len(r.Steps); n > 1 && o.gate != "" {
			s := releases.Step{Due: at, Percent: p, Gate: o.gate}
			if !stated {
				s.After = o.every
			}
			r.Held = append(r.Held, s)
		}
		at = at.Add(o.every)
	}
	if len(r.Held) > 0 {
		r.Steps = r.Steps[:1]
	}
	return r, nil
}

// plan is a rollout in a few words.
func plan(r releases.Rollout) string {
	switch {
	case r.Ramp != nil:
		return fmt.Sprintf("over %s from %s", edit.Duration(r.Ramp.Duration), edit.Time(r.Ramp.Start))
	case len(r.Steps) > 0:
		n := len(r.Steps) + len(r.Held)
		return fmt.Sprintf("in %s from %s", cli.Count(n, "step"), edit.Time(r.Steps[0].At))
	}
	return "at " + cli.Percent(r.Fixed)
}
