package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"cairn/cmd/cairn/internal/cli"
	"cairn/manifest"
	"cairn/manifest/adoption"
	"cairn/publish/accesslog"
	"cairn/releases"

	"github.com/spf13/cobra"
)

func adoptionSQLCommand(global *globalOptions) *cobra.Command {
	var opts adoptionOptions
	var dialect, only string
	cmd := &cobra.Command{
		Use:   "sql [LOG...]",
		Short: "Write the query that counts the logs elsewhere",
		Long: `sql writes a query that counts what adoption counts, for logs that have outgrown
a machine: for Amazon Athena, Google BigQuery, ClickHouse or DuckDB. Athena and
BigQuery need a table, too, whose definition comes first.

Hand the result to 'cairn adoption --from', as CSV with a header: the report is
the same as of the logs themselves. The result has requests in slots of time, by
version and bucket, but no serial, no address and no query string.

A LOG is a file, a folder, s3://BUCKET/PREFIX or gs://BUCKET/PREFIX, by default
the logs that [adoption] in cairn.toml names. The query is for the period of --at
and --days, the targets and the cohorts of now: write it anew each time.`,
		Example: `  cairn adoption sql --dialect duckdb /var/log/nginx | duckdb -csv >result.csv
  cairn adoption sql --dialect athena --only query >query.sql
  cairn adoption --from result.csv`,
		Args: cobra.ArbitraryArgs,
	}
	cmd.RunE = func(cmd *cobra.Command, logs []string) error {
		return global.inProject(func(cmd *cobra.Command, p *project) error {
			return runAdoptionSQL(cmd, p, accesslog.Dialect(dialect), only, logs, opts)
		})(cmd, nil)
	}
	cli.AddAt(cmd, &opts.at)
	opts.addDays(cmd)
	var names []string
	for _, d := range accesslog.Dialects {
		names = append(names, string(d))
	}
	cmd.Flags().Var(cli.NewChoice(&dialect, names...), "dialect", "the engine that is to count")
	cmd.Flags().Var(cli.NewChoice(&only, "table", "query"), "only", "write one of the two, for engines that take a statement at a time")
	_ = cmd.MarkFlagRequired("dialect")
	return cmd
}

func runAdoptionSQL(cmd *cobra.Command, p *project, d accesslog.Dialect, only string, logs []string, opts adoptionOptions) error {
	globs, err := p.logGlobs(d, logs)
	if err != nil {
		return err
	}
	since, until := opts.period()
	layout := manifest.LayoutOf(p.fleet)
	q := accesslog.Question{
		Name: "cairn_" + strings.ReplaceAll(p.fleet.Project.Slug, "-", "_"), Logs: globs,
		Base: p.fleet.Project.BasePath(), Prefix: layout.Prefix, BucketDigits: layout.BucketDigits,
		Slot: adoption.Slot(layout), Since: since.Unix(), Until: until.Unix(),
	}
	for _, t := range manifest.Targets(p.fleet) {
		q.Targets = append(q.Targets, releases.Escape(t.SoftwareType)+"/"+releases.Escape(t.HardwareVersion))
	}
	for _, c := range p.fleet.Cohorts {
		q.Cohorts = append(q.Cohorts, c.Slug)
	}
	table, err := q.Table(d)
	if err != nil {
		return cli.Usagef("%w", err)
	}
	if table == "" && only == "table" {
		return cli.Usagef("%s needs no table: the query reads the logs", d)
	}
	var parts []string
	if table != "" && only != "query" {
		parts = append(parts, table+";\n")
	}
	if only != "table" {
		parts = append(parts, q.Query(d)+";\n")
	}
	_, err = fmt.Fprint(cmd.OutOrStdout(), strings.Join(parts, "\n"))
	return err
}

// logGlobs are the places of logs as engines want them.
func (p *project) logGlobs(d accesslog.Dialect, names []string) ([]string, error) {
	names, base, err := p.logNames(names)
	if err != nil {
		return nil, err
	}
	var globs []string
	for _, name := range names {
		switch remote := strings.Contains(name, "://"); {
		case name == "-":
			return nil, cli.Usagef("%s cannot read standard input of cairn: name a file", d)
		case remote && strings.Contains(name, "*"):
		case remote && strings.HasSuffix(name, "/") && d != accesslog.BigQuery:
			name += "**"
		case remote:
			name += "*"
		default:
			if base != "" && !filepath.IsAbs(name) {
				name = filepath.Join(base, name)
			}
			if info, err := os.Stat(name); err == nil && info.IsDir() {
				name = filepath.Join(name, "**")
			}
			name = filepath.ToSlash(name)
		}
		globs = append(globs, name)
	}
	return globs, nil
}
