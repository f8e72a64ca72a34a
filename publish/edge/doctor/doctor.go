// Package doctor asks an edge what firmware asks, and says what a device would
// meet: the TLS handshake of small libraries, certificates, HTTP, names and
// clocks. First it looks, then each check judges what was seen. It brings no
// network, resolver or clock of its own.
package doctor

import (
	"cmp"
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"time"
)

// Level is how much a finding matters.
type Level string

// The levels, from the least.
const (
	OK      Level = "ok"
	Note    Level = "note"    // firmware has to know it
	Warning Level = "warning" // it costs something, or some clients stumble
	Error   Level = "error"   // it breaks devices
)

// Finding is what a device meets in one respect.
type Finding struct {
	Name  string `json:"name"` // of the check, as docs/doctor.md has it
	Level Level  `json:"level"`
	Seen  string `json:"seen"`
	Means string `json:"means"` // for firmware
	Mend  string `json:"mend"`  // "" where there is nothing to mend
}

// Objects are what is asked for, as paths below the base URL that begin with a
// slash.
type Objects struct {
	Answer  string // an answer as text, best one with content
	Missing string // an answer in a version folder that is not there
	Payload string // "" for the one that the answer names
}

// Options are what the program brings.
type Options struct {
	Base    *url.URL
	Objects Objects
	Answers time.Duration // how long answers may be kept; 0 for what the answer itself states
	Roots   *x509.CertPool
	Dial    func(ctx context.Context, network, address string) (net.Conn, error)
	Lookup  func(ctx context.Context, network, host string) ([]netip.Addr, error) // network is "ip4" or "ip6"
	Now     func() time.Time
	Timeout time.Duration // of each request and handshake; 0 is 10 s
}

// check judges what was seen.
type check struct {
	name  string
	tls   bool // only where there is TLS
	http  bool // only where there was an answer
	judge func(*seen) Finding
}

// checks in the order of the report: as a device comes by them.
var checks = []check{
	{"ipv4", false, false, ipv4},
	{"ipv6", false, false, ipv6},
	{"tls", false, false, encrypted},
	{"tls-mbedtls", true, false, mbedTLS},
	{"tls-wolfssl", true, false, wolfSSL},
	{"sni", true, false, serverName},
	{"certificate", true, false, certificate},
	{"key", true, false, key},
	{"chain", true, false, chain},
	{"chain-order", true, false, chainOrder},
	{"chain-root", true, false, chainRoot},
	{"fragment", true, false, fragment},
	{"records", true, true, records},
	{"http", false, false, spoken},
	{"keep-alive", false, true, keepAlive},
	{"redirect", false, true, redirect},
	{"answer", false, true, answer},
	{"content-length", false, true, contentLength},
	{"compression", false, true, compression},
	{"headers", false, true, headers},
	{"missing", false, true, missing},
	{"missing-lifetime", false, true, missingLifetime},
	{"head", false, true, head},
	{"ranges", false, true, ranges},
	{"date", false, true, date},
}

// Checks names the checks, in the order of the report.
func Checks() (names []string) {
	for _, c := range checks {
		names = append(names, c.name)
	}
	return names
}

// Run looks, and gives a finding of each check that applies. An error is an edge
// of which nothing can be said, since nobody is there.
func Run(ctx context.Context, o Options) ([]Finding, error) {
	o.Timeout = cmp.Or(o.Timeout, 10*time.Second)
	s, err := look(ctx, &o)
	if err != nil {
		return nil, err
	}
	var found []Finding
	for _, c := range checks {
		if c.tls && s.options.Base.Scheme != "https" || c.http && s.answer.err != nil {
			continue
		}
		f := c.judge(s)
		if f.Level == "" {
			continue // there was nothing to judge
		}
		f.Name = c.name
		found = append(found, f)
	}
	return found, nil
}

func ok(means, seen string, args ...any) Finding {
	return Finding{Level: OK, Seen: fmt.Sprintf(seen, args...), Means: means}
}

// finding is one that is not just in order.
func finding(level Level, means, mend, seen string, args ...any) Finding {
	return Finding{Level: level, Seen: fmt.Sprintf(seen, args...), Means: means, Mend: mend}
}
