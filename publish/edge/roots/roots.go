// Package roots finds the root certificates that devices need for an edge: those
// that verify its certificates now, and those that its issuer may take
// tomorrow. It brings no certificate of its own: all are of a store that it is
// given.
package roots

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"cairn/publish/edge/handshake"
)

// Root is one that devices need.
type Root struct {
	*x509.Certificate
	Name   string // "ISRG Root X1"
	Issuer string // "Let's Encrypt"; "" for one of no list
	Now    bool   // it verifies what the edge sends now
}

// Result is the roots of an edge.
type Result struct {
	Roots  []Root   // first those of now, then the others in the order of the lists
	Absent []string // roots of the lists that the store does not have
}

// Store is the roots that are trusted.
type Store []*x509.Certificate

// Chains are the different chains that an edge sends to clients: to one that
// takes any, one of ECDSA alone, one of RSA alone. Each dial is one connection.
func Chains(ctx context.Context, dial func(context.Context) (net.Conn, error), host string) (chains [][]*x509.Certificate, err error) {
	add := func(chain []*x509.Certificate) {
		if len(chain) > 0 && !slices.ContainsFunc(chains, func(c []*x509.Certificate) bool { return c[0].Equal(chain[0]) }) {
			chains = append(chains, chain)
		}
	}
	conn, err := dial(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	// It is verified later, against the store.
	client := tls.Client(conn, &tls.Config{ServerName: host, InsecureSkipVerify: true})
	if err := client.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("no handshake: %w", err)
	}
	add(client.ConnectionState().PeerCertificates)
	for _, c := range []handshake.Client{handshake.OnlyECDSA, handshake.OnlyRSA} {
		chain, err := chainFor(ctx, dial, c, host)
		if err != nil {
			return nil, err
		}
		add(chain)
	}
	return chains, nil
}

// chainFor is what a client gets, nil where the edge refuses it.
func chainFor(ctx context.Context, dial func(context.Context) (net.Conn, error), c handshake.Client, host string) (chain []*x509.Certificate, err error) {
	conn, err := dial(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	flight, err := handshake.Ask(conn, c, host, 0)
	if err != nil {
		return nil, ctx.Err()
	}
	for _, der := range flight.Chain {
		parsed, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("a certificate of the edge can't be read: %w", err)
		}
		chain = append(chain, parsed)
	}
	return chain, nil
}

// ErrUnknown is a chain that leads to no root of the store.
var ErrUnknown = errors.New("the chain leads to no root that is trusted")

// Find verifies chains for a host at an instant, and gathers the roots: those
// that verify them, all others of the same issuers, and those of the issuers
// that are named besides. What has expired by then is left out. Where several
// paths lead to a root, the shortest one tells the issuer: longer ones lead to
// roots that have signed its own for old clients.
func (s Store) Find(chains [][]*x509.Certificate, host string, at time.Time, also []Issuer) (*Result, error) {
	r, issuers := &Result{}, slices.Clone(also)
	for _, chain := range chains {
		verified, err := s.verify(chain, host, at)
		if err != nil {
			return nil, err
		}
		slices.SortStableFunc(verified, func(a, b []*x509.Certificate) int { return cmp.Compare(len(a), len(b)) })
		for i, path := range verified {
			root := path[len(path)-1]
			r.add(Root{Certificate: root, Now: true})
			if of := issuerOf(root); i == 0 && of != nil {
				issuers = append(issuers, *of)
			}
		}
	}
	for _, i := range Issuers() {
		if slices.ContainsFunc(issuers, func(of Issuer) bool { return of.Name == i.Name }) {
			s.addOf(r, i, at)
		}
	}
	slices.Sort(r.Absent)
	r.Absent = slices.Compact(r.Absent)
	return r, nil
}

// verify gives all paths to roots. Several lead there where a root is signed by
// another one, too.
func (s Store) verify(chain []*x509.Certificate, host string, at time.Time) ([][]*x509.Certificate, error) {
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	for _, c := range s {
		roots.AddCert(c)
	}
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	paths, err := chain[0].Verify(x509.VerifyOptions{DNSName: host, Roots: roots, Intermediates: between, CurrentTime: at})
	if unknown := (x509.UnknownAuthorityError{}); errors.As(err, &unknown) {
		return nil, fmt.Errorf("%w: %w (the last certificate that it sends is by %q)", ErrUnknown, err, chain[len(chain)-1].Issuer)
	}
	return paths, err
}

// addOf adds the roots of an issuer that the store has.
func (s Store) addOf(r *Result, i Issuer, at time.Time) {
	for _, name := range slices.Concat(i.Roots, i.Others) {
		found := false
		for _, c := range s {
			if rootName(c) != name {
				continue
			}
			if found = true; at.Before(c.NotAfter) {
				r.add(Root{Certificate: c})
			}
		}
		if !found {
			r.Absent = append(r.Absent, fmt.Sprintf("%s (%s)", name, i.Title))
		}
	}
}

func (r *Result) add(root Root) {
	if slices.ContainsFunc(r.Roots, func(there Root) bool { return bytes.Equal(there.Raw, root.Raw) }) {
		return
	}
	root.Name = rootName(root.Certificate)
	if root.Name == "" {
		root.Name = root.Subject.String()
	}
	if of := issuerOf(root.Certificate); of != nil {
		root.Issuer = of.Title
	}
	r.Roots = append(r.Roots, root)
}
