package main

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"cairn/cmd/cairn/internal/cli"
	"cairn/cmd/cairn/internal/outfile"
	"cairn/publish/edge/roots"

	"github.com/spf13/cobra"
)

type rootsOptions struct {
	baseURL, out, ca string
	also             cli.Choices
}

func rootCertsCommand(global *globalOptions) *cobra.Command {
	var opts rootsOptions
	var issuers strings.Builder
	for _, i := range roots.Issuers() {
		opts.also.Of = append(opts.also.Of, i.Name)
		fmt.Fprintf(&issuers, "\n    %-12s %s", i.Name, i.Title)
	}
	cmd := &cobra.Command{
		Use:   "root-certs --base-url URL [--out DIR]",
		Short: "Write the root certificates that devices need for an edge",
		Long: `root-certs gets the certificates that an edge or a CDN sends, verifies them, and
writes the roots that firmware has to have: those that verify them now, and all
others of the same issuer, which the CDN may take with the next certificate.

With --out it writes cairn_roots.pem, cairn_roots.h for C, and a .der for each.
The roots are those of this system, or of --ca; none comes with cairn.

--also adds those of an issuer to which your CDN may change:
` + issuers.String(),
		Example: `  cairn root-certs --base-url project
  cairn root-certs --base-url https://ota.example.com --also letsencrypt,google --out firmware/certs`,
		PreRunE: cli.Needs("base-url URL"),
		RunE:    func(cmd *cobra.Command, _ []string) error { return runRootCerts(cmd, global, opts) },
	}
	f := cmd.Flags()
	f.StringVar(&opts.baseURL, "base-url", "", "the edge's `URL`; \"project\" is base_url in cairn.toml")
	f.StringVar(&opts.out, "out", "", "`folder` to write to (default: PEM on standard output)")
	f.StringVar(&opts.ca, "ca", "", "PEM `file` with the roots to trust (default: those of the system, or SSL_CERT_FILE)")
	f.Var(&opts.also, "also", "add the roots of these `issuers`, comma-separated")
	return cmd
}

func runRootCerts(cmd *cobra.Command, global *globalOptions, opts rootsOptions) error {
	var also []roots.Issuer
	for _, i := range roots.Issuers() {
		if slices.Contains(opts.also.Chosen, i.Name) {
			also = append(also, i)
		}
	}
	base, err := global.edge(cmd.Context(), opts.baseURL)
	if err != nil {
		return err
	}
	if base.Scheme != "https" {
		return cli.Usagef("%s has no certificate: it is no https:// URL", base)
	}
	store, where, err := readStore(opts.ca)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), time.Minute)
	defer cancel()
	address := net.JoinHostPort(base.Hostname(), "443")
	if base.Port() != "" {
		address = base.Host
	}
	chains, err := roots.Chains(ctx, func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", address)
	}, base.Hostname())
	if err != nil {
		return fmt.Errorf("%s: %w", base, err)
	}
	found, err := store.Find(chains, base.Hostname(), time.Now(), also)
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", base, err, unverified(err, where))
	}
	if err := writeRoots(cmd, found, base.String(), opts.out); err != nil {
		return err
	}
	if len(found.Absent) > 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "not in %s, so not written:\n  %s\n", where, strings.Join(found.Absent, "\n  "))
	}
	if !slices.ContainsFunc(found.Roots, func(r roots.Root) bool { return r.Issuer != "" }) {
		fmt.Fprintln(cmd.ErrOrStderr(), "cairn knows no other roots of this issuer: ask it which ones it may take")
	}
	return nil
}

// unverified is the way out where a chain does not verify.
func unverified(err error, where string) string {
	if errors.Is(err, roots.ErrUnknown) {
		return "either the server leaves out an intermediate (give it fullchain.pem), or its root is not in " + where + ": name the root that you trust with --ca FILE"
	}
	return "no device should trust it: give the edge a certificate that is good for this name today; 'cairn doctor' says what else is wrong"
}

func writeRoots(cmd *cobra.Command, found *roots.Result, edge, dir string) error {
	if dir == "" {
		_, err := cmd.OutOrStdout().Write(found.PEM())
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, f := range found.Files(edge) {
		name := filepath.Join(dir, f.Name)
		if err := outfile.Replace(name, f.Content); err != nil {
			return err
		}
		fmt.Fprintf(cmd.OutOrStdout(), "wrote %s\n", name)
	}
	return nil
}

// edge is the URL that --base-url names.
func (g *globalOptions) edge(ctx context.Context, flag string) (*url.URL, error) {
	var p *project
	if flag == projectURL {
		var err error
		if p, err = g.open(ctx); err != nil {
			return nil, err
		}
		defer p.close()
	}
	base, err := p.baseURL(flag)
	if err != nil {
		return nil, err
	}
	return url.Parse(base)
}

// stores are where systems keep their roots in one file.
var stores = []string{
	"/etc/ssl/certs/ca-certificates.crt",                // Debian, Ubuntu, Arch, Alpine
	"/etc/pki/tls/certs/ca-bundle.crt",                  // Fedora, RHEL
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // newer ones
	"/etc/ssl/ca-bundle.pem",                            // openSUSE
	"/etc/ssl/cert.pem",                                 // macOS, the BSDs
	"/usr/local/share/certs/ca-root-nss.crt",            // FreeBSD
}

// readStore reads the roots of a PEM file, or else those of the system, and says
// where they are from.
func readStore(file string) (store roots.Store, name string, err error) {
	names, flag := stores, ""
	if set := os.Getenv("SSL_CERT_FILE"); set != "" {
		names, flag = []string{set}, "SSL_CERT_FILE"
	}
	if file != "" {
		names, flag = []string{file}, "--ca"
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil && flag != "" {
			return nil, "", cli.Usagef("%s %s: %w", flag, name, cli.Cause(err))
		}
		for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
			if c, err := x509.ParseCertificate(block.Bytes); err == nil && block.Type == "CERTIFICATE" {
				store = append(store, c)
			}
		}
		if len(store) > 0 {
			return store, name, nil
		}
		if flag != "" {
			return nil, "", cli.Usagef("%s %s: there is no certificate in PEM in it", flag, name)
		}
	}
	return nil, "", cli.Usagef("this system has no file of its roots that cairn knows\nhint: name one with --ca, such as https://curl.se/ca/cacert.pem")
}

// trusted are the roots in a PEM file, or else those of the system.
func trusted(file string) (*x509.CertPool, error) {
	if file == "" {
		return x509.SystemCertPool()
	}
	store, _, err := readStore(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	for _, c := range store {
		pool.AddCert(c)
	}
	return pool, nil
}
