package accesslog

import (
	_ "embed"
	"fmt"
	"path"
	"regexp"
	"strings"
	"text/template"
)

// Dialect is how an engine wants SQL, by the engine's name.
type Dialect string

// The dialects.
const (
	Athena     Dialect = "athena"
	BigQuery   Dialect = "bigquery"
	ClickHouse Dialect = "clickhouse"
	DuckDB     Dialect = "duckdb"
)

// Dialects are all of them, in the order of their names.
var Dialects = []Dialect{Athena, BigQuery, ClickHouse, DuckDB}

// Question is what a query counts: requests for the keys of a fleet.
type Question struct {
	Name         string   // of the table that has the lines, where a dialect needs one
	Logs         []string // globs of files, or of objects as s3://BUCKET/PREFIX* or gs://…
	Base         string   // the path of the base URL, without a slash at its end
	Prefix       string   // of all keys
	BucketDigits int      // 1 to 4
	Targets      []string // that are known, as in keys: software type, slash, hardware version
	Cohorts      []string // likewise
	Slot         int64    // seconds: requests within one are counted together
	Since, Until int64    // the period, in seconds since 1970
}

//go:embed query.sql.tmpl
var queryTemplate string

// form is where a kind of log has what counts: patterns with one group each.
type form map[string]string

// member is a pattern up to the value of one of the members of that name.
func member(of []string) string {
	quoted := make([]string, len(of))
	for i, name := range of {
		quoted[i] = regexp.QuoteMeta(name)
	}
	return `[{,] *"(?:` + strings.Join(quoted, "|") + `)" *: *"?`
}

// column is a pattern of the n-th column of a CloudFront standard log, all of
// whose fields are there.
func column(n int) string { return fmt.Sprintf(`^(?:[^\t]*\t){%d}([^\t]+)`, n) }

var forms = func() map[string]form {
	const (
		quoted  = `"(?:[^"\\]|\\.)*"`
		inside  = `[{,] *"request" *: *"`
		request = `\] [^"]*"` // up to the method
	)
	uri := `(?:` + member(uriNames) + `|` + inside + `[^ "]+ )`
	return map[string]form{
		"JSON": {
			"Day": member([]string{"date"}) + `([0-9-]{10})"`, "Clock": member([]string{"time"}) + `([0-9:]{8})"`,
			"Time":   member(timeNames) + `([^",}]+)`,
			"Method": `(?:` + member(methodNames) + `|` + inside + `)([^ "]+)`,
			"Path":   uri + `([^ "?]+)`,
			"Query":  `(?:` + uri + `[^ "?]*[?]|` + member([]string{"cs-uri-query"}) + `)([^ "]+)`,
			"Key":    member(keyNames) + `([^"]{2,})"`,
			"Status": member(statusNames) + `([0-9]+)`, "Size": member(sizeNames) + `([0-9]+)`,
		},
		"Columns": {
			"Day": column(0), "Clock": column(1), "Size": column(3), "Method": column(5), "Path": column(7), "Status": column(8), "Query": column(11),
		},
		"Text": {
			"Time":   `^[^\[]*\[([0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:[0-9:]{8} [+-][0-9]{4})\]`,
			"Method": request + `([^ "]+) `,
			"Path":   `\] (?:[^ "]+ [^ "]+ [^ "]+ (?:REST|WEBSITE)[.][^ "]+ |"[^ "]+ )([^ "?]+)`,
			"Query":  request + `[^ "]+ [^ "?]*[?]([^ "]+)`,
			"Key":    request[:len(request)-1] + quoted + ` [0-9]+ [0-9-]+ ` + quoted + ` ` + quoted + ` "([^"]{2,})"`,
			"Status": request[:len(request)-1] + quoted + ` ([0-9]+)`,
			"Size":   request[:len(request)-1] + quoted + ` [0-9]+ (?:(?:-|[A-Za-z]+) )?([0-9]+)`,
		},
	}
}()

// engine is how a dialect says what others say differently: formats for an
// expression and, behind it, a literal.
type engine struct{ extract, integer, days, find string }

var engines = map[Dialect]engine{
	Athena:     {"regexp_extract(%s, %s, 1)", "try_cast(%s AS bigint)", "date_diff('day', DATE '1970-01-01', try_cast(%s AS date))", "strpos(%s, %s)"},
	BigQuery:   {"regexp_extract(%s, %s)", "safe_cast(%s AS int64)", "unix_date(safe_cast(%s AS date))", "strpos(%s, %s)"},
	ClickHouse: {"nullif(extract(%s, %s), '')", "toInt64OrNull(%s)", "toInt64(toDate32OrNull(%s))", "position(%s, %s)"},
	DuckDB:     {"nullif(regexp_extract(%s, %s, 1), '')", "try_cast(%s AS bigint)", "date_diff('day', DATE '1970-01-01', try_cast(%s AS date))", "strpos(%s, %s)"},
}

// literal is a text as a dialect writes it.
func (d Dialect) literal(s string) string {
	if d == BigQuery || d == ClickHouse {
		return `'` + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + `'`
	}
	return `'` + strings.ReplaceAll(s, `'`, `''`) + `'`
}

// Table is the statement that lets a dialect read logs; empty where the query itself
// does. It fails for logs that the dialect cannot read.
func (q Question) Table(d Dialect) (string, error) {
	scheme, ext := map[Dialect]string{Athena: "s3://", BigQuery: "gs://"}[d], ""
	for i, log := range q.Logs {
		if !strings.HasPrefix(log, scheme) {
			return "", fmt.Errorf("log %q: %s reads %sBUCKET/PREFIX", log, d, scheme)
		}
		if d == BigQuery && i > 0 && ext != path.Ext(log) {
			return "", fmt.Errorf("log %q: %s reads either logs that all end in .gz, or others", log, d)
		}
		ext = path.Ext(log)
	}
	switch d {
	case Athena:
		if len(q.Logs) != 1 {
			return "", fmt.Errorf("athena has one place for the logs of a table, not %d", len(q.Logs))
		}
		return fmt.Sprintf("CREATE EXTERNAL TABLE IF NOT EXISTS %s (line string)\nROW FORMAT DELIMITED FIELDS TERMINATED BY '\\001'\nLOCATION %s",
			q.Name, d.literal(strings.TrimRight(q.Logs[0], "*"))), nil
	case BigQuery:
		more := ""
		if ext == ".gz" {
			more = ", compression = 'GZIP'"
		}
		return fmt.Sprintf("CREATE OR REPLACE EXTERNAL TABLE %s (line STRING)\nOPTIONS (format = 'CSV', field_delimiter = '\\x01', quote = '', encoding = 'ISO-8859-1'%s,\n  uris = [%s])",
			q.Name, more, d.list(q.Logs)), nil
	}
	return "", nil
}

// lines is what a query reads the lines from.
func (q Question) lines(d Dialect) string {
	switch d {
	case DuckDB:
		return "read_csv([" + d.list(q.Logs) + "], columns = {'line': 'VARCHAR'}, auto_detect = false, header = false,\n    delim = E'\\x01', quote = '', escape = '', strict_mode = false, encoding = 'latin-1')"
	case ClickHouse:
		all := make([]string, len(q.Logs))
		for i, log := range q.Logs {
			function := "file"
			if strings.HasPrefix(log, "s3://") {
				function = "s3"
			}
			all[i] = fmt.Sprintf("SELECT line FROM %s(%s, 'LineAsString')", function, d.literal(log))
		}
		return "(" + strings.Join(all, " UNION ALL ") + ")"
	}
	return q.Name
}

// list is texts with commas between them, and at least one.
func (d Dialect) list(all []string) string {
	if len(all) == 0 {
		all = []string{""}
	}
	quoted := make([]string, len(all))
	for i, s := range all {
		quoted[i] = d.literal(s)
	}
	return strings.Join(quoted, ", ")
}

// Query is the query that counts: its result, in CSV with a header, is a log that
// [Parser] knows.
func (q Question) Query(d Dialect) string {
	e, root := engines[d], q.Prefix+"/v1/"
	x := func(s, pattern string) string {
		if pattern == "" {
			return "NULL"
		}
		return fmt.Sprintf(e.extract, s, d.literal(pattern))
	}
	t := template.Must(template.New("query").Funcs(template.FuncMap{
		"x": x, "list": d.list, "text": d.literal,
		"int":  func(s string) string { return fmt.Sprintf(e.integer, s) },
		"days": func(s string) string { return fmt.Sprintf(e.days, s) },
		"find": func(in, s string) string { return fmt.Sprintf(e.find, in, s) },
		"by": func(name string) string {
			of := func(f string) string { return x("line", forms[f][name]) }
			return fmt.Sprintf("CASE form WHEN 'json' THEN %s WHEN 'columns' THEN %s ELSE %s END", of("JSON"), of("Columns"), of("Text"))
		},
	}).Parse(queryTemplate))
	key := regexp.QuoteMeta(root)
	digits := fmt.Sprintf("[0-9a-f]{%d}", q.BucketDigits)
	var b strings.Builder
	err := t.Execute(&b, map[string]any{
		"Table": q.lines(d), "Since": q.Since, "Until": q.Until, "Slot": q.Slot, "Root": root, "Zeros": strings.Repeat("0", q.BucketDigits),
		"Targets": q.Targets, "Cohorts": q.Cohorts, "JSON": forms["JSON"], "Columns": forms["Columns"], "Text": forms["Text"],
		"Direct": `^(?:[A-Za-z]+://[^/]*)?(?:` + regexp.QuoteMeta(q.Base) + `/)?/?(` + key + `.*)$`, "Door": `^(` + key + `.*)$`,
		"Folder": `^` + key + `latest(/.*)/` + digits + `[.][^/]*$`, "Bucket": `/(` + digits + `)[.][^/]*$`,
		"Payload": `^` + key + `payloads/([0-9a-f]{32}).`,
	})
	if err != nil {
		panic(err) // the template is compiled in
	}
	if d == ClickHouse {
		b.WriteString("FORMAT CSVWithNames\n")
	}
	return b.String()
}
