package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"cairn/publish/audit"
)

// verifyReport writes what differs as it is found: it may be millions of keys.
type verifyReport struct {
	out  *bufio.Writer
	of   *verification
	done atomic.Int64 // keys that were looked at
	all  int          // findings
	hand int          // keys that no publish mends
	last string       // the last one of these
}

// most is how many lines the text has.
const most = 200

func newVerifyReport(w io.Writer, v *verification) *verifyReport {
	r := &verifyReport{out: bufio.NewWriter(w), of: v}
	if v.options.json {
		r.head()
	}
	return r
}

func (r *verifyReport) add(f audit.Finding) {
	if r.all++; f.ByHand && f.Key != r.last {
		r.hand++
		r.last = f.Key
	}
	switch {
	case r.of.options.json:
		r.addJSON(f)
	case r.all <= most:
		fmt.Fprintln(r.out, r.line(f))
	}
}

func (r *verifyReport) line(f audit.Finding) string {
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

// end sums up, or where there is no summary says why.
func (r *verifyReport) end(s *audit.Summary, failure error) error {
	if r.of.options.json {
		r.tail(s, failure)
		return r.out.Flush()
	}
	if r.all > most {
		fmt.Fprintf(r.out, "and %s more: --json lists them all\n", thousands(r.all-most))
	}
	if s != nil {
		fmt.Fprintf(r.out, "%s: %s right, %s wrong%s\n", r.of.where, count(s.Right, "key"), thousands(s.Wrong), r.details(s))
	}
	return r.out.Flush()
}

func (r *verifyReport) details(s *audit.Summary) string {
	text := ""
	if s.InDoubt > 0 {
		text += fmt.Sprintf("; %s in doubt", thousands(s.InDoubt))
	}
	if s.Kept > 0 {
		text += fmt.Sprintf("; %s that no release names kept", count(s.Kept, "payload"))
	}
	switch {
	case r.of.options.baseURL == "":
	case s.Ages.Len() == 0:
		text += "; no answer states its age"
	default:
		text += fmt.Sprintf("; the answers of caches are %s old at most, %s in the median", s.Ages.Max(), s.Ages.Median())
	}
	return text
}

// head begins one JSON object, which the findings come into one by one.
func (r *verifyReport) head() {
	v := r.of
	against := "definitions"
	if v.options.state {
		against = "state"
	}
	head := struct {
		Of      string  `json:"of"`
		Against string  `json:"against"`
		At      string  `json:"at"`
		Deep    bool    `json:"deep"`
		Strays  bool    `json:"strays_looked_for"`
		Keys    int     `json:"keys"` // that should be there
		Seed    *uint64 `json:"sample_seed"`
	}{v.where, against, v.at.Format(timeFormat), v.options.deep, v.listing != nil, v.of, nil}
	if v.options.sample > 0 {
		head.Seed = &v.options.seed
	}
	text := marshal(head)
	r.out.Write(text[:len(text)-1])
	r.out.WriteString(`,"differences":[`)
}

func (r *verifyReport) addJSON(f audit.Finding) {
	if r.all > 1 {
		r.out.WriteByte(',')
	}
	r.out.WriteByte('\n')
	r.out.Write(marshal(struct {
		Kind   audit.Kind `json:"kind"`
		Key    string     `json:"key"`
		What   string     `json:"what"`
		ByHand bool       `json:"by_hand"` // no publish mends it
		Age    int64      `json:"age"`     // in seconds
	}{f.Kind, f.Key, f.What, f.ByHand, int64(f.Age / time.Second)}))
}

func (r *verifyReport) tail(s *audit.Summary, failure error) {
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
		Ages    *ages  `json:"ages"`
		Error   string `json:"error,omitempty"` // why it is not complete
	}
	if failure != nil {
		tail.Error = failure.Error()
	}
	if s != nil {
		tail.Right, tail.Wrong, tail.InDoubt, tail.Kept = s.Right, s.Wrong, s.InDoubt, s.Kept
		if s.Ages.Len() > 0 {
			tail.Ages = &ages{s.Ages.Len(), int64(s.Ages.Median() / time.Second), int64(s.Ages.Max() / time.Second)}
		}
	}
	r.out.WriteString("],")
	r.out.Write(marshal(tail)[1:])
	r.out.WriteByte('\n')
}

func marshal(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	return text
}
