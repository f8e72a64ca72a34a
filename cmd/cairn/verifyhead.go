package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"
	"time"

	"cairn/cmd/cairn/internal/cli"
	"cairn/manifest"
	"cairn/manifest/device"
	"cairn/releases/signing"

	"github.com/spf13/cobra"
)

// headOptions are for a signed head alone, without definitions.
type headOptions struct {
	url       string
	roots     []string
	threshold int
}

// signedBy is who has to have signed: the roots that are given, or else those of
// the project.
func (o *headOptions) signedBy(cmd *cobra.Command, global *globalOptions) (roots []signing.Key, threshold int, err error) {
	if len(o.roots) == 0 {
		p, err := global.open(cmd.Context())
		if err != nil {
			return nil, 0, fmt.Errorf("%w\nwithout definitions, name the roots: --roots VKEY", err)
		}
		defer p.close()
		s := p.fleet.Signing
		if s == nil {
			return nil, 0, cli.Usagef("the project has no [signing]: name the roots with --roots VKEY")
		}
		return s.Roots, s.RootThreshold, nil
	}
	for _, vkey := range o.roots {
		k, err := signing.ParseKey(vkey)
		if err != nil {
			return nil, 0, cli.Usagef("--roots: %w", err)
		}
		roots = append(roots, k)
	}
	if o.threshold < 1 || o.threshold > len(roots) {
		return nil, 0, cli.Usagef("--root-threshold %d is outside 1 to %d", o.threshold, len(roots))
	}
	return roots, o.threshold, nil
}

// runVerifyHead verifies a head by its URL, the keys beside it, and each part
// below it.
func runVerifyHead(cmd *cobra.Command, global *globalOptions, o headOptions, at time.Time) error {
	folder, ok := strings.CutSuffix(o.url, "head.txt")
	if !ok || !strings.Contains(o.url, "://") {
		return cli.Usagef("--head %q is no URL of a head: it ends with /v1/signed/head.txt", o.url)
	}
	roots, threshold, err := o.signedBy(cmd, global)
	if err != nil {
		return err
	}
	client := &http.Client{Transport: webTransport()}
	get := func(key string) ([]byte, int, error) { return fetchSmall(cmd.Context(), client, folder+path.Base(key)) }
	read := func(name string) ([]byte, error) {
		body, status, err := get(name)
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("status %d", status)
		}
		if err != nil {
			return nil, fmt.Errorf("%s%s: %w", folder, name, err)
		}
		return body, nil
	}
	keysNote, err := read("keys.txt")
	if err != nil {
		return err
	}
	keys, err := signing.OpenKeys(keysNote, roots, threshold)
	if err != nil {
		return fmt.Errorf("%skeys.txt: %w", folder, err)
	}
	note, err := read("head.txt")
	if err != nil {
		return err
	}
	head, err := keys.OpenHead(note)
	if err != nil {
		return fmt.Errorf("%s: %w", o.url, err)
	}
	instant := func(seconds uint32) time.Time { return time.Unix(int64(seconds), 0).UTC() }
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "origin      %s\ngeneration  %d, keys good until %s\nhead        epoch %d, issued %s, good until %s\n", head.Origin, head.Generation,
		instant(keys.Expires).Format(cli.TimeFormat), head.Epoch, instant(head.Issued).Format(cli.TimeFormat), instant(head.Expires).Format(cli.TimeFormat))
	switch over := "the %s is over since %s: devices that know the time take nothing"; {
	case at.After(instant(head.Expires)):
		return fmt.Errorf(over, "head", instant(head.Expires).Format(cli.TimeFormat))
	case at.After(instant(keys.Expires)):
		return fmt.Errorf(over, "statement of the keys", instant(keys.Expires).Format(cli.TimeFormat))
	}
	n, size, err := device.Parts(manifest.Layout{}, head, get)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "parts       %s with %s, each as its digest says\n", cli.Thousands(n), cli.Count(int(size), "byte"))
	return nil
}

// fetchSmall gets what is below 64 MiB.
func fetchSmall(ctx context.Context, client *http.Client, url string) ([]byte, int, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, 0, err
	}
	answer, err := client.Do(r)
	if err != nil {
		return nil, 0, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 64<<20))
	return body, answer.StatusCode, err
}
