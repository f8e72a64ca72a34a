package main

import (
	"bytes"
	"fmt"
	"os"
	"time"

	"cairn/cmd/cairn/internal/cli"
	"cairn/cmd/cairn/internal/outfile"
	"cairn/cmd/cairn/internal/report"
	"cairn/manifest/adoption"
	"cairn/publish/accesslog"
	"cairn/templates/console"

	"github.com/spf13/cobra"
)

// adoptionOptions say which logs are read, and how.
type adoptionOptions struct {
	at   cli.At
	days float64
	poll time.Duration
	from []string
	json bool
	svg  string
	html string
}

// period is what requests have to be in.
func (o *adoptionOptions) period() (since, until time.Time) {
	until = o.at.Instant()
	return until.Add(-time.Duration(o.days * 24 * float64(time.Hour))), until.Add(time.Second)
}

func (o *adoptionOptions) add(cmd *cobra.Command) {
	o.addDays(cmd)
	cmd.Flags().DurationVar(&o.poll, "poll", 0, "how long a device waits from one poll to the next (default: poll in [adoption], or else 24h)")
	cli.Check(cmd, func() error {
		if cmd.Flags().Changed("poll") && o.poll < time.Second {
			return cli.Usagef("--poll %s is under a second", o.poll)
		}
		return nil
	})
}

func (o *adoptionOptions) addDays(cmd *cobra.Command) {
	cmd.Flags().Float64Var(&o.days, "days", 30, "read the requests of the last `N` days")
	cli.Check(cmd, func() error {
		if !(o.days > 0 && o.days <= 366) {
			return cli.Usagef("--days %g is outside 0 to 366", o.days)
		}
		return nil
	})
}

func adoptionCommand(global *globalOptions) *cobra.Command {
	var opts adoptionOptions
	cmd := &cobra.Command{
		Use:   "adoption [LOG...]",
		Short: "Tell from access logs who has a release, and who fell silent",
		Long: `adoption reads the access logs of what devices speak to, and tells for each
release how many devices run it, how many are offered it and still ask on an
older version, how many downloads an arrival takes, and how many devices fell
silent after the download.

A LOG is a file, a folder, s3://BUCKET/PREFIX, or - for standard input; by
default it reads the logs that [adoption] in cairn.toml names. It knows the logs
of CloudFront, Cloudflare Logpush, S3, nginx, Caddy and cairn serve by what is
in them, compressed with gzip or not. Lines that it does not know are counted.
For more logs than a machine reads, 'cairn adoption sql' has an engine count
them, and --from takes what it gave.

Devices are estimated: polls by polls per device, so say how often yours poll.
Serials and addresses are dropped while reading. docs/adoption.md has the method.`,
		Example: `  cairn adoption /var/log/nginx/access.log*
  cairn adoption s3://acme-logs/cdn/ --days 7 --svg adoption.svg
  zcat logs/*.gz | cairn adoption - --poll 1h --json`,
		Args: cobra.ArbitraryArgs,
	}
	cmd.RunE = func(cmd *cobra.Command, logs []string) error {
		logs = append(logs, opts.from...)
		return global.inProject(func(cmd *cobra.Command, p *project) error { return runAdoption(cmd, p, logs, opts) })(cmd, nil)
	}
	cmd.AddCommand(adoptionSQLCommand(global))
	cli.AddAt(cmd, &opts.at)
	opts.add(cmd)
	f := cmd.Flags()
	f.BoolVar(&opts.json, "json", false, "write one JSON object")
	f.StringArrayVar(&opts.from, "from", nil, "read what the query of 'cairn adoption sql' gave: another `LOG`, again for more")
	f.StringVar(&opts.svg, "svg", "", "draw the devices on each version over time, too, into this `file`")
	f.StringVar(&opts.html, "html", "", "also write a page to this `file`, of what every device gets and who has it")
	return cmd
}

func runAdoption(cmd *cobra.Command, p *project, logs []string, opts adoptionOptions) error {
	tally, result, err := p.adoption(cmd, logs, opts)
	if err != nil {
		return err
	}
	var chart bytes.Buffer
	if series := tally.Series(result.Poll); series != nil {
		if err := series.SVG(&chart); err != nil {
			return err
		}
	}
	if opts.svg != "" {
		if chart.Len() == 0 {
			return fmt.Errorf("--svg: the logs are too short for a chart: it takes more than one poll of each device")
		}
		if err := os.WriteFile(opts.svg, chart.Bytes(), 0o666); err != nil {
			return fmt.Errorf("write the chart: %w", err)
		}
	}
	if opts.html != "" {
		if err := p.writeAdoptionPage(opts.html, result, chart.Bytes(), opts.at.Instant()); err != nil {
			return err
		}
	}
	if opts.json {
		return cli.WriteJSON(cmd.OutOrStdout(), result)
	}
	return report.Adoption(cmd.OutOrStdout(), result)
}

// adoption reads logs, by default those that the definitions name.
func (p *project) adoption(cmd *cobra.Command, logs []string, opts adoptionOptions) (*adoption.Tally, *adoption.Report, error) {
	poll := opts.poll
	if poll == 0 {
		poll = p.fleet.Adoption.Poll
	}
	since, until := opts.period()
	sources, total, err := p.logs(cmd, logs, since)
	if err != nil {
		return nil, nil, err
	}
	tally := adoption.New(p.fleet, since, until)
	base := p.fleet.Project.BasePath()
	var read accesslog.Read
	err = cli.Follow(cmd.ErrOrStderr(), func(elapsed time.Duration) string {
		return accesslog.Pace(&read, total, elapsed)
	}, func() error {
		return accesslog.Each(cmd.Context(), sources, &read, func(records []accesslog.Record) {
			for i := range records {
				if r, ok := requestOf(&records[i], base); ok {
					tally.Add(&r)
				} else {
					tally.Skip(records[i].Times)
				}
			}
		})
	})
	if err != nil {
		return nil, nil, fmt.Errorf("read the logs: %w", err)
	}
	result := tally.Report(poll)
	result.Lines, result.Unknown = read.Lines, read.Unknown
	return tally, result, nil
}

// writeAdoptionPage writes the page of the definitions, and of what logs tell.
func (p *project) writeAdoptionPage(file string, r *adoption.Report, chart []byte, at time.Time) error {
	m := p.model(at.Truncate(time.Second))
	m.Adoption = &console.Adoption{Summary: "No request.", Chart: chart}
	if r.Requests > 0 {
		m.Adoption.Summary, m.Adoption.Table = report.AdoptionSummary(r), report.AdoptionTable(r)
	}
	page, err := console.Page(m)
	if err != nil {
		return err
	}
	return outfile.Replace(file, page)
}

// requestOf is what a line of a log says of a device; false for what asks for
// nothing.
func requestOf(r *accesslog.Record, base string) (adoption.Request, bool) {
	if string(r.Method) != "GET" {
		return adoption.Request{}, false
	}
	key, door := r.Key, len(r.Key) > 0
	if !door {
		key = r.Path
		if rest, ok := bytes.CutPrefix(key, []byte(base+"/")); ok {
			key = rest
		}
		key = bytes.TrimPrefix(key, []byte("/"))
	}
	return adoption.Request{At: r.At, Last: r.Last, Times: r.Times, Key: key, Door: door, Status: r.Status, Bytes: r.Bytes, Counts: counts(r.Query)}, true
}

// counts says whether a query has w, as the first poll of a week has.
func counts(query []byte) bool {
	for len(query) > 0 {
		var parameter []byte
		parameter, query, _ = bytes.Cut(query, []byte("&"))
		if string(parameter) == "w" || bytes.HasPrefix(parameter, []byte("w=")) {
			return true
		}
	}
	return false
}
