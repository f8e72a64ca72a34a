package main

import (
	"crypto/x509"
	"os"

	"cairn/cmd/cairn/internal/cli"
)

// trusted are the roots in a PEM file, or else those of the system.
func trusted(file string) (*x509.CertPool, error) {
	if file == "" {
		return x509.SystemCertPool()
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, cli.Usagef("--ca %s: %w", file, cli.Cause(err))
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, cli.Usagef("--ca %s: there is no certificate in PEM in it", file)
	}
	return pool, nil
}
