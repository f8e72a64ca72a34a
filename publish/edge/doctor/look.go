package doctor

import (
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"net/netip"
	"time"

	"cairn/publish/edge/handshake"
)

// seen is what came of looking.
type seen struct {
	options *Options
	host    string // without the port
	now     time.Time

	ip4, ip6 addresses

	mbedTLS, wolfSSL, nameless, fragment hello
	chain                                []*x509.Certificate // the one that Mbed TLS gets, or else wolfSSL

	answer, again, missing exchange
	payload, part, head    exchange
	payloadPath            string // "" where no payload is known
	records                int64  // bytes of the longest record with data
}

// hello is what came of a ClientHello.
type hello struct {
	*handshake.Flight
	err error
}

// addresses are those of a host in one version of IP.
type addresses struct {
	all     []netip.Addr
	lookup  error
	connect error // of the first that can't be connected to
}

func look(ctx context.Context, o *Options) (*seen, error) {
	s := &seen{options: o, host: o.Base.Hostname(), now: o.Now()}
	s.ip4, s.ip6 = s.addresses(ctx, "ip4"), s.addresses(ctx, "ip6")
	if err := s.connect(ctx, s.address()); err != nil {
		return nil, fmt.Errorf("no connection to %s: %w", s.address(), err)
	}
	if o.Base.Scheme == "https" {
		s.mbedTLS, s.wolfSSL = s.ask(ctx, handshake.MbedTLS, s.host, 0), s.ask(ctx, handshake.WolfSSL, s.host, 0)
		s.nameless, s.fragment = s.ask(ctx, handshake.MbedTLS, "", 0), s.ask(ctx, handshake.MbedTLS, s.host, wantedFragment)
		var err error
		if s.chain, err = s.certificates(); err != nil {
			return nil, err
		}
	}
	s.lookHTTP(ctx)
	return s, ctx.Err()
}

// wantedFragment is the longest that RFC 6066 lets a client ask for.
const wantedFragment = 4096

func (s *seen) port() string {
	if port := s.options.Base.Port(); port != "" {
		return port
	}
	return map[string]string{"http": "80", "https": "443"}[s.options.Base.Scheme]
}

// address is where the edge is, for a dialer.
func (s *seen) address() string { return net.JoinHostPort(s.host, s.port()) }

func (s *seen) connect(ctx context.Context, address string) error {
	conn, err := s.dial(ctx, address)
	if err != nil {
		return err
	}
	return conn.Close()
}

// dial connects, for as long as one request may take.
func (s *seen) dial(ctx context.Context, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, s.options.Timeout)
	defer cancel()
	return s.options.Dial(ctx, "tcp", address)
}

// addresses looks up a host, and connects to each address that it has.
func (s *seen) addresses(ctx context.Context, network string) (a addresses) {
	if ip, err := netip.ParseAddr(s.host); err == nil {
		if ip.Is4() == (network == "ip4") {
			a.all = []netip.Addr{ip}
		}
		return a
	}
	within, cancel := context.WithTimeout(ctx, s.options.Timeout)
	defer cancel()
	a.all, a.lookup = s.options.Lookup(within, network, s.host)
	for _, ip := range a.all {
		if err := s.connect(ctx, net.JoinHostPort(ip.String(), s.port())); err != nil && a.connect == nil {
			a.connect = err
		}
	}
	return a
}

// ask carries out a handshake up to where it would be encrypted.
func (s *seen) ask(ctx context.Context, c handshake.Client, name string, fragment int) hello {
	conn, err := s.dial(ctx, s.address())
	if err != nil {
		return hello{err: err}
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(ctx, s.options.Timeout)
	defer cancel()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	flight, err := handshake.Ask(conn, c, name, fragment)
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("no answer within %s", s.options.Timeout)
	}
	return hello{flight, err}
}

// certificates is the chain that the first of the libraries gets.
func (s *seen) certificates() (chain []*x509.Certificate, err error) {
	flight := s.mbedTLS.Flight
	if flight == nil {
		flight = s.wolfSSL.Flight
	}
	if flight == nil {
		return nil, nil
	}
	for i, der := range flight.Chain {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("certificate %d of %s can't be read: %w", i+1, s.address(), err)
		}
		chain = append(chain, c)
	}
	return chain, nil
}
