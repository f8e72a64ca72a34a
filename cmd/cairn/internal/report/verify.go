package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"cairn/cmd/cairn/internal/cli"
	"cairn/publish/audit"
)

// Verify writes what differs as it is found: it may be millions of keys.
type Verify struct {
	out  *bufio.Writer
	of   Comparison
	Done atomic.Int64 // keys that were looked at
	all  int          // findings
	Hand int          // keys that no publish mends
	last string       // the last one of these
}

// most is how many lines the text has.
const most = 200

// Comparison is what is compared with what.
type Comparison struct {
	Of      string    // "s3://bucket", or a URL
	Against string    // "definitions", or "state"
	At      time.Time // the instant that decides what should be there
	Deep    bool      // payloads are read
	Strays  bool      // keys are looked for that should not be there
	Keys    int       // that should be there
	Seed    *uint64   // of the sample; nil where all is looked at
	Cached  bool      // answers come through a CDN, and tell their age
	JSON    bool      // what to write
}

// NewVerify begins a report on w.
func NewVerify(w io.Writer, c Comparison) *Verify {
	r := &Verify{out: bufio.NewWriter(w), of: c}
	if c.JSON {
		r.head()
	}
	return r
}

// Add takes what differs at a key.
func (r *Verify) Add(f audit.Finding) {
	if r.all++; f.ByHand && f.Key != r.last {
		r.Hand++
		r.last = f.Key
	}
	switch {
	case r.of.JSON:
		r.addJSON(f)
	case r.all <= most:
		fmt.Fprintln(r.out, r.line(f))
	}
}

func (r *Verify) line(f audit.Finding) string {
	var what []string
	if f.What != "" {
		what = append(what, f.What)
	}
	if f.Age > 0 {
		what = append(what, fmt.Sprintf("%s old, from a cache", f.Age))
	}
	if f.ByHand {
		what = append(what, "no publish mends it")
	}
	return strings.TrimSpace(fmt.Sprintf("%-7s  %s  %s", f.Kind, f.Key, strings.Join(what, "; ")))
}

// End sums up, or where there is no summary says why.
func (r *Verify) End(s *audit.Summary, failure error) error {
	if r.of.JSON {
		r.tail(s, failure)
		return r.out.Flush()
	}
	if r.all > most {
		fmt.Fprintf(r.out, "and %s more: --json lists them all\n", cli.Thousands(r.all-most))
	}
	if s != nil {
		fmt.Fprintf(r.out, "%s: %s right, %s wrong%s\n", r.of.Of, cli.Count(s.Right, "key"), cli.Thousands(s.Wrong), r.details(s))
	}
	return r.out.Flush()
}

func (r *Verify) details(s *audit.Summary) string {
	text := ""
	if s.InDoubt > 0 {
		text += fmt.Sprintf("; %s in doubt", cli.Thousands(s.InDoubt))
	}
	if s.Kept > 0 {
		text += fmt.Sprintf("; %s that no release names kept", cli.Count(s.Kept, "payload"))
	}
	if s.Leftovers > 0 {
		text += fmt.Sprintf("; %s of writes that are under way or were cut off", cli.Count(s.Leftovers, "temporary file"))
	}
	switch {
	case !r.of.Cached:
	case len(s.Ages) == 0:
		text += "; no answer states its age"
	default:
		text += fmt.Sprintf("; the answers of caches are %s old at most, %s in the median", s.Ages.Max(), s.Ages.Median())
	}
	return text
}

// head begins one JSON object, which the findings come into one by one.
func (r *Verify) head() {
	text := cli.CompactJSON(struct {
		Of      string  `json:"of"`
		Against string  `json:"against"`
		At      string  `json:"at"`
		Deep    bool    `json:"deep"`
		Strays  bool    `json:"strays_looked_for"`
		Keys    int     `json:"keys"` // that should be there
		Seed    *uint64 `json:"sample_seed"`
	}{r.of.Of, r.of.Against, r.of.At.Format(cli.TimeFormat), r.of.Deep, r.of.Strays, r.of.Keys, r.of.Seed})
	r.out.Write(text[:len(text)-1])
	r.out.WriteString(`,"differences":[`)
}

func (r *Verify) addJSON(f audit.Finding) {
	if r.all > 1 {
		r.out.WriteByte(',')
	}
	r.out.WriteByte('\n')
	r.out.Write(cli.CompactJSON(struct {
		Kind   audit.Kind `json:"kind"`
		Key    string     `json:"key"`
		What   string     `json:"what"`
		ByHand bool       `json:"by_hand"` // no publish mends it
		Age    int64      `json:"age"`     // in seconds
	}{f.Kind, f.Key, f.What, f.ByHand, int64(f.Age / time.Second)}))
}

func (r *Verify) tail(s *audit.Summary, failure error) {
	type ages struct {
		Answers int   `json:"answers"`
		Median  int64 `json:"median"` // in seconds
		Max     int64 `json:"max"`    // in seconds
	}
	var tail struct {
		Right   int    `json:"right"`
		Wrong   int    `json:"wrong"`
		InDoubt int    `json:"in_doubt"`
		Kept    int    `json:"kept_payloads"`
		Temp    int    `json:"temporary_files"`
		Ages    *ages  `json:"ages"`
		Error   string `json:"error,omitempty"` // why it is not complete
	}
	if failure != nil {
		tail.Error = failure.Error()
	}
	if s != nil {
		tail.Right, tail.Wrong, tail.InDoubt, tail.Kept, tail.Temp = s.Right, s.Wrong, s.InDoubt, s.Kept, s.Leftovers
		if len(s.Ages) > 0 {
			tail.Ages = &ages{len(s.Ages), int64(s.Ages.Median() / time.Second), int64(s.Ages.Max() / time.Second)}
		}
	}
	r.out.WriteString("],")
	r.out.Write(cli.CompactJSON(tail)[1:])
	r.out.WriteByte('\n')
}
