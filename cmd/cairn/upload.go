package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"cairn/cmd/cairn/internal/cli"
	"cairn/cmd/cairn/internal/git"
	"cairn/cmd/cairn/internal/payload"
	"cairn/manifest"
	"cairn/manifest/lint"
	"cairn/publish"
	"cairn/releases"
	"cairn/releases/edit"

	"github.com/spf13/cobra"
)

type uploadOptions struct {
	editOptions
	upload    edit.Upload
	deltaTo   string
	notesFile string
	metadata  []string
	created   cli.At
	// componentBase is the version of a component that a patch is from.
	componentBase string
	to            string
}

func uploadCommand(global *globalOptions) *cobra.Command {
	var opts uploadOptions
	cmd := &cobra.Command{
		Use:   "upload-ota-payload --hardware-version HARDWARE --software-type TYPE --software-version VERSION FILE",
		Short: "Store a build in the bucket, and add it to a release",
		Long: `upload-ota-payload stores a payload in the bucket or folder that [publish] names,
under its digest, and adds it to the release of that version; it makes the file
of a new release. No device is offered it yet: deploy-release and publish do that.

It takes the flags of the memfault CLI's command of this name. The same payload
again changes nothing; other bytes for the same version, software type and
hardware version are refused. A large upload that was cut off goes on where it
was. A file that is no payload is refused, such as an error page or an image that
is cut off. It warns of likely mistakes: see docs/checking.md.`,
		Example: `  cairn upload-ota-payload --hardware-version mp --software-type stm32-fw --software-version 1.1.0 build/stm32-fw.bin
  cairn upload-ota-payload --hardware-version mp --software-type stm32-fw --delta-from 1.0.0 --delta-to 1.1.0 build/1.0.0-1.1.0.patch
  cairn upload-ota-payload --hardware-version mp --software-type mfw --software-version 1.1.0 --component-version 2.0.0 build/mfw.bin
  cairn upload-ota-payload --hardware-version mp --software-type mfw --software-version 1.1.0 \
    --component-base-version 1.9.0 --component-version 2.0.0 build/mfw-1.9.0-2.0.0.patch
  cairn -C ota upload-ota-payload --hardware-version mp --software-type stm32-fw --software-version 1.1.0 \
    --notes-file CHANGES.md --extra-metadata ticket=FW-1234 --commit build/stm32-fw.bin`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return cli.Usagef("upload-ota-payload takes one FILE, not %d\nsee '%s --help'", len(args), cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			cli.NoteMemfault(cmd)
			if err := opts.complete(cmd); err != nil {
				return err
			}
			return runUpload(cmd, global, &opts, args[0], "")
		},
	}
	f, u := cmd.Flags(), &opts.upload
	opts.flags(cmd)
	f.StringVar(&u.Payload.From, "delta-from", "", "it is a patch from this `version` …")
	f.StringVar(&opts.deltaTo, "delta-to", "", "… to this `version`")
	f.StringVar(&opts.componentBase, "component-base-version", "", "it is a patch of the component from this `version`")
	return cmd
}

// flags are those of each command that uploads.
func (o *uploadOptions) flags(cmd *cobra.Command) {
	f, u := cmd.Flags(), &o.upload
	f.StringVar(&u.Payload.HardwareVersion, "hardware-version", "", "the `hardware` that it is for")
	f.StringVar(&u.Payload.SoftwareType, "software-type", "", "the `type` of software that it is")
	f.StringVar(&u.Version, "software-version", "", "the `version` that it is: a whole image")
	f.StringVar(&u.Component, "component-version", "", "the `version` of a component, which is not the release's; with --software-version for that of the release")
	f.BoolVar(&u.MustPassThrough, "must-pass-through", false, "devices below the release stop at it on their way up")
	f.StringVar(&u.MinVersion, "min-version", "", "devices on lower versions than this `version` are not offered the release")
	f.StringVar(&u.Notes, "notes", "", "release notes, a `text`")
	f.StringVar(&o.notesFile, "notes-file", "", "a `file` with the release notes")
	f.StringVar(&u.Revision, "revision", "", "what it was built from, such as a `commit` (default: that which is checked out in the working directory)")
	f.Var(&o.created, "created", "when it was built, such as 2026-12-01T09:00:00Z (default: the date of that commit, or else now)")
	f.StringArrayVar(&o.metadata, "extra-metadata", nil, "a `key=value` for the payload's extra_info; may be repeated")
	addTo(cmd, &o.to)
	o.add(cmd)
	cli.AcceptMemfault(cmd)
}

// complete reads the flags that say more than one thing.
func (o *uploadOptions) complete(cmd *cobra.Command) error {
	u := &o.upload
	delta := u.Payload.From != "" || o.deltaTo != ""
	switch {
	case u.Payload.HardwareVersion == "" || u.Payload.SoftwareType == "":
		return cli.Usagef("%s needs --hardware-version HARDWARE and --software-type TYPE", cmd.Name())
	case u.Version == "" && !delta:
		return cli.Usagef("upload-ota-payload needs --software-version VERSION for a whole image, or --delta-from VERSION and --delta-to VERSION for a patch")
	case u.Version != "" && delta:
		return cli.Usagef("--software-version is for a whole image, --delta-from and --delta-to are for a patch: it is one of the two")
	case delta && (u.Payload.From == "" || o.deltaTo == ""):
		return cli.Usagef("--delta-from and --delta-to go together")
	case delta && u.Payload.From == o.deltaTo:
		return cli.Usagef("--delta-from and --delta-to are both %s: a patch leads from one version to another", o.deltaTo)
	case delta && (u.Component != "" || o.componentBase != ""):
		return cli.Usagef("--delta-from and --delta-to are for software with the release's version: the patch of a component has --software-version VERSION, --component-base-version VERSION and --component-version VERSION")
	case o.componentBase != "" && u.Component == "":
		return cli.Usagef("--component-base-version needs --component-version VERSION, to which the patch leads")
	case o.componentBase != "" && o.componentBase == u.Component:
		return cli.Usagef("--component-base-version and --component-version are both %s: a patch leads from one version to another", u.Component)
	case o.publish && o.to != "":
		return cli.Usagef("--publish goes to the target in [publish], which would not have the payload: leave --to out, or publish by 'cairn publish --to %s'", o.to)
	case u.Notes != "" && o.notesFile != "":
		return cli.Usagef("--notes and --notes-file are two ways to say the same: name one")
	}
	if delta {
		u.Version = o.deltaTo
	}
	if o.componentBase != "" {
		u.Payload.From = o.componentBase
	}
	if err := o.readNotes(); err != nil {
		return err
	}
	for _, s := range []string{u.Version, u.Component, u.Payload.HardwareVersion, u.Payload.SoftwareType, u.Payload.From, u.Notes, u.Revision} {
		if !utf8.ValidString(s) {
			return cli.Usagef("%s is not UTF-8", releases.Quote(s))
		}
	}
	for _, pair := range o.metadata {
		key, value, ok := strings.Cut(pair, "=")
		if _, twice := u.Payload.ExtraInfo[key]; !ok || key == "" || twice || !utf8.ValidString(pair) {
			return cli.Usagef("--extra-metadata %q is no key=value, in UTF-8, with a key of its own", pair)
		}
		if u.Payload.ExtraInfo == nil {
			u.Payload.ExtraInfo = map[string]any{}
		}
		u.Payload.ExtraInfo[key] = value
	}
	o.date(cmd)
	return nil
}

func (o *uploadOptions) readNotes() error {
	if o.notesFile == "" {
		return nil
	}
	notes, err := os.ReadFile(o.notesFile)
	if err == nil {
		notes, err = releases.PlainText(notes)
	}
	if err != nil {
		return cli.Usagef("--notes-file: %w", err)
	}
	o.upload.Notes = strings.TrimRight(string(notes), "\r\n")
	return nil
}

// date says when the payload was built, and what from, by the working directory's
// commit where flags don't.
func (o *uploadOptions) date(cmd *cobra.Command) {
	u, here := &o.upload, git.Worktree{Dir: "."}
	u.Created = o.created.Instant().Truncate(time.Second)
	if date, err := here.Committed(cmd.Context()); err == nil && o.created.IsZero() {
		u.Created = date
	}
	if u.Revision != "" {
		return
	}
	var err error
	if u.Commit, err = here.Head(cmd.Context()); err == nil {
		return
	}
	// Outside of a repository there is none, nor before the first commit.
	if _, err := git.Find(cmd.Context(), "."); err != nil {
		fmt.Fprintf(cmd.ErrOrStderr(), "no commit is recorded, and --revision is not given: %v\n", err)
	}
}

// runUpload stores a payload, and the zchunk image whose header it is; "" for none.
func runUpload(cmd *cobra.Command, global *globalOptions, opts *uploadOptions, name, zchunk string) error {
	file, err := payload.Read(cmd, name)
	if err != nil {
		return err
	}
	u := opts.upload
	file.Describe(&u.Payload)
	u.Payload.Image = file.Image
	warnings, err := file.Judge(u)
	if err != nil {
		for _, found := range warnings {
			fmt.Fprintln(cmd.ErrOrStderr(), file.Warning(found))
		}
		return err
	}
	files := []*payload.File{file}
	if zchunk != "" {
		image, err := payload.Read(cmd, zchunk)
		if err != nil {
			return err
		}
		u.Payload.Zchunk = &releases.Payload{SoftwareType: u.Payload.SoftwareType, HardwareVersion: u.Payload.HardwareVersion}
		image.Describe(u.Payload.Zchunk)
		files = append(files, image)
	}
	return global.edit(cmd, opts.editOptions, func(p *project) (change, error) {
		store, err := p.store(opts.to, 0)
		if err != nil {
			return change{}, err
		}
		changes, there, err := p.definitions().Upload(u)
		if err != nil {
			return change{}, err
		}
		c := change{files: changes, title: uploadTitle(u)}
		for _, found := range slices.Concat(warnings, lint.OtherChip(p.fleet, u.Version, &u.Payload)) {
			if !slices.Contains(p.fleet.Lint.Allow, found.Rule) {
				c.notes = append(c.notes, file.Warning(found))
			}
		}
		if opts.noLock {
			store = publish.Unconditional(store)
		}
		header := publish.HeaderOf(manifest.Location{Class: manifest.Payload}, p.fleet.Cache)
		for i, of := range there.Files()[:len(files)] {
			switch key := manifest.LayoutOf(p.fleet).PayloadKey(of.SHA256, of.Name); {
			case of.URL != "":
				c.notes = append(c.notes, fmt.Sprintf("release %s has it from %s: it is not stored here", u.Version, of.URL))
			case of.File != "":
				c.notes = append(c.notes, fmt.Sprintf("release %s has it from %s: publish stores it", u.Version, of.File))
			case opts.dryRun:
				c.notes = append(c.notes, fmt.Sprintf("%s would be stored in %s, unless it is there: %s", cli.Count(int(files[i].Content.Size), "byte"), store, key))
			default:
				c.first = append(c.first, func() error { return files[i].Store(cmd, store, key, header) })
			}
		}
		return c, nil
	})
}

// uploadTitle is the subject of the commit: "ota: upload stm32-fw for mp, 1.1.0".
func uploadTitle(u edit.Upload) string {
	s := fmt.Sprintf("ota: upload %s for %s, %s", u.Payload.SoftwareType, u.Payload.HardwareVersion, u.Version)
	if u.Component != "" {
		s = fmt.Sprintf("ota: upload %s %s for %s, release %s", u.Payload.SoftwareType, u.Component, u.Payload.HardwareVersion, u.Version)
	}
	if u.Payload.Delta() {
		s += " from " + u.Payload.From
	}
	return s
}
