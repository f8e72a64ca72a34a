package main

import (
	"io"
	"os"

	"cairn/cmd/cairn/internal/cli"

	"github.com/spf13/cobra"
)

func uploadZchunkCommand(global *globalOptions) *cobra.Command {
	var opts uploadOptions
	var header, image string
	cmd := &cobra.Command{
		Use:   "upload-zchunk-ota-payload --hardware-version HARDWARE --software-type TYPE --software-version VERSION --zchunk-header FILE.swu --zchunk-image FILE.zck",
		Short: "Store an SWUpdate package and its zchunk image, and add both to a release",
		Long: `upload-zchunk-ota-payload stores the two files of a delta update by SWUpdate: the
package with the zchunk header, which devices are offered and install, and the
chunked image, of which they fetch the parts that they do not have. It takes the
flags of the memfault CLI's command of this name, and works as
'cairn upload-ota-payload' does.

The text answer is the URL of the package. The JSON answer has two artifacts, the
package first. The package's sw-description names the URL of the image: that is
base_url/PREFIX/v1/payloads/SHA/NAME, where SHA is the first 32 hex digits of the
image's SHA-256. So build the image first.`,
		Example: `  cairn upload-zchunk-ota-payload --hardware-version gw1 --software-type rootfs --software-version 1.1.0 \
    --zchunk-header build/rootfs.swu --zchunk-image build/rootfs.zck`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cli.NoteMemfault(cmd)
			if header == "" || image == "" {
				return cli.Usagef("upload-zchunk-ota-payload needs --zchunk-header FILE.swu and --zchunk-image FILE.zck")
			}
			if err := opts.complete(cmd); err != nil {
				return err
			}
			if err := beginsWith(header, "--zchunk-header", "07070", "an SWUpdate package, which is a cpio archive"); err != nil {
				return err
			}
			if err := beginsWith(image, "--zchunk-image", "\x00ZCK1", "a zchunk file"); err != nil {
				return err
			}
			return runUpload(cmd, global, &opts, header, image)
		},
	}
	opts.flags(cmd)
	cmd.Flags().StringVar(&header, "zchunk-header", "", "the SWUpdate package with the zchunk header, a `file`")
	cmd.Flags().StringVar(&image, "zchunk-image", "", "the chunked image, a `file`")
	return cmd
}

// beginsWith says that a file is not what a flag takes.
func beginsWith(name, flag, magic, what string) error {
	f, err := os.Open(name)
	if err != nil {
		return cli.Usagef("%s %s: %w", flag, name, cli.Cause(err))
	}
	defer f.Close()
	begin := make([]byte, len(magic))
	if _, err := io.ReadFull(f, begin); err != nil || string(begin) != magic {
		return cli.Usagef("%s %s is not %s", flag, name, what)
	}
	return nil
}
