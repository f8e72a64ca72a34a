package main

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"

	"cairn/cmd/cairn/internal/cli"
	"cairn/cmd/cairn/internal/outfile"
	"cairn/manifest"
	"cairn/manifest/device"
	"cairn/publish"
	"cairn/releases"

	"github.com/spf13/cobra"
)

// maxBundled is the most bytes of an object in a bundle: a shard of the cohort
// index may be long.
const maxBundled = 64 << 20

// asks is a device that has seen nothing yet.
func (p *project) asks(d manifest.Device) (*device.Device, error) {
	s := p.fleet.Signing
	if s == nil {
		return nil, cli.Usagef("%s has no [signing]: 'cairn keys init' makes the keys, and writes it", releases.ProjectFile)
	}
	return &device.Device{
		Layout: manifest.LayoutOf(p.fleet), Order: p.fleet.Project.Order, Origin: p.fleet.Project.KeyName(),
		Roots: s.Roots, RootThreshold: s.RootThreshold, Device: d, Now: uint32(now().Unix()),
	}, nil
}

// good is an error where a device would take nothing from what it was told.
func good(a device.Answer) error {
	if a.Reason != nil {
		return fmt.Errorf("%s: %w", a.Status, a.Reason)
	}
	return nil
}

// writeBundle puts what a device fetches from where the project is published into
// a file, a tar archive with the notes and the parts by the ends of their keys.
func (p *project) writeBundle(ctx context.Context, d manifest.Device, name string) error {
	asks, err := p.asks(d)
	if err != nil {
		return err
	}
	store, err := p.store("", 0)
	if err != nil {
		return err
	}
	got := map[string][]byte{}
	answer := asks.Poll(func(key string) ([]byte, int, error) {
		body, err := readBundled(ctx, store, key)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, http.StatusNotFound, nil
		}
		got[key] = body
		return body, http.StatusOK, err
	})
	if err := good(answer); err != nil {
		return fmt.Errorf("what is published in %s is not good: %w", store, err)
	}
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, step := range answer.Steps {
		body, ok := got[step.Key]
		if delete(got, step.Key); !ok {
			continue // the head, again
		}
		if err := w.WriteHeader(&tar.Header{Name: path.Base(step.Key), Mode: 0o644, Size: int64(len(body))}); err != nil {
			return err
		}
		if _, err := w.Write(body); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	return outfile.Replace(name, b.Bytes())
}

func readBundled(ctx context.Context, store publish.Store, key string) ([]byte, error) {
	o, err := store.Get(ctx, key)
	if err != nil {
		return nil, err
	}
	defer o.Close()
	return io.ReadAll(io.LimitReader(o, maxBundled))
}

func verifyBundleCommand(global *globalOptions) *cobra.Command {
	var d manifest.Device
	cmd := &cobra.Command{
		Use:   "verify-bundle FILE",
		Short: "Say what a device takes from a bundle of signed answers",
		Long: `verify-bundle reads a file that 'cairn explain --bundle' has written, as a device
does to which somebody carries it: it goes by the project's roots, and believes
nothing that is not signed. It exits with 1 where the device would take nothing.

The file is a tar archive with head.txt, keys.txt and the parts on the device's
way, in the order in which they are read.`,
		Example: `  cairn verify-bundle answer.tar --device-serial DEMOSERIAL --hardware-version mp \
    --software-type stm32-fw --current-version 1.0.0`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return cli.Usagef("verify-bundle needs one FILE")
			}
			return nil
		},
		PreRunE: cli.Needs("device-serial", "hardware-version", "software-type"),
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return global.inProject(func(cmd *cobra.Command, p *project) error { return p.verifyBundle(cmd, d, args[0]) })(cmd, nil)
	}
	addDevice(cmd, &d)
	return cmd
}

func (p *project) verifyBundle(cmd *cobra.Command, d manifest.Device, name string) error {
	asks, err := p.asks(d)
	if err != nil {
		return err
	}
	f, err := os.Open(name)
	if err != nil {
		return cli.Usagef("%w", err)
	}
	defer f.Close()
	objects := map[string][]byte{}
	for r := tar.NewReader(f); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return fmt.Errorf("%s is no bundle: %w", name, err)
		}
		if objects[h.Name], err = io.ReadAll(io.LimitReader(r, maxBundled)); err != nil {
			return fmt.Errorf("%s is no bundle: %w", name, err)
		}
	}
	answer := asks.Poll(func(key string) ([]byte, int, error) {
		body, ok := objects[path.Base(key)]
		if !ok {
			return nil, http.StatusNotFound, nil
		}
		return body, http.StatusOK, nil
	})
	if err := good(answer); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "%s\n", answer.Status)
	if answer.Status == device.Install {
		fmt.Fprintf(out, "%s\nsha256 %s, %s\n", answer.URL, answer.SHA256, cli.Count(int(answer.Size), "byte"))
	}
	return nil
}
