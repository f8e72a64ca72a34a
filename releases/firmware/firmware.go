// Package firmware recognises what a payload file is, and finds what shows that
// it is not the file that was meant: it is cut off, it is an error page, it is
// of another version.
package firmware

import (
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Kind is what a file is.
type Kind string

// The kinds that are told apart.
const (
	Unknown Kind = ""

	MCUboot       Kind = "MCUboot image"
	UF2           Kind = "UF2 file"
	ESPIDF        Kind = "ESP-IDF application image"
	ESPBootloader Kind = "ESP-IDF bootloader"
	ESPPartitions Kind = "ESP-IDF partition table"
	ESPMerged     Kind = "merged ESP-IDF image"
	ELF           Kind = "ELF file"
	IntelHEX      Kind = "Intel HEX file"
	SRecord       Kind = "S-record file"

	LFSPointer   Kind = "Git LFS pointer"
	AnnexPointer Kind = "git-annex pointer"
	Link         Kind = "link that was checked out as text"
	HTML         Kind = "HTML page"
	XMLError     Kind = "XML error message"
	JSONError    Kind = "JSON error message"
	TextError    Kind = "error message"
	XML          Kind = "XML document"
	JSON         Kind = "JSON document"
	UTF16        Kind = "text in UTF-16"
	Checksums    Kind = "list of checksums"
	Diff         Kind = "difference in text"
	Blank        Kind = "blank image"
)

// Image is what a file says of itself.
type Image struct {
	Kind    Kind
	Version string      // as the image has it, byte by byte; "" where it states none
	Project string      // of an ESP-IDF application: its name, or ""
	Machine elf.Machine // of an ELF file
	BuildID string      // in hex: the note of an ELF file, the hash in an MCUboot image; "" where it has none
	Hosted  bool        // of an ELF file: an operating system runs it
	Chip    string      // what an ESP-IDF image, a UF2 file or an ELF file is made for; "" where it does not say
	Text    string      // the beginning of an error message, or what a link leads to
	Cut     string      // how the file ends before it should: what follows "it"; "" for a whole one
}

// MaxBuildID is how many hex digits a [Image.BuildID] has at most.
const MaxBuildID = 128

// file is a file of a size, with its first bytes.
type file struct {
	io.ReaderAt
	size int64
	head []byte
	err  error // the first of reading
}

// headSize is how many bytes are looked at for text. Images are recognised by
// fewer.
const headSize = 64 << 10

// Recognize looks at a file of so many bytes. It reads the first 64 KiB, what
// their headers lead to, and all of a file that is blank so far. An error is
// one of reading.
func Recognize(r io.ReaderAt, size int64) (Image, error) {
	f := &file{ReaderAt: r, size: size}
	f.head = f.at(0, int(min(size, headSize)))
	for _, recognize := range []func(*file) (Image, bool){
		espMerged, mcuboot, uf2, espIDF, espPartitions, elfFile, pointer, hexFile, blank, text,
	} {
		if image, ok := recognize(f); ok || f.err != nil {
			return image, f.err
		}
	}
	return Image{}, nil
}

// at gives n bytes at an offset, fewer at the end of the file.
func (f *file) at(offset int64, n int) []byte {
	if offset < 0 || offset >= f.size || f.err != nil {
		return nil
	}
	if end := offset + int64(n); end <= int64(len(f.head)) {
		return f.head[offset:end]
	}
	b := make([]byte, min(int64(n), f.size-offset))
	n, err := f.ReadAt(b, offset)
	if err != nil && !errors.Is(err, io.EOF) {
		f.err = err
	}
	return b[:n]
}

var le = binary.LittleEndian

// blank is a file of nothing but zeros, what erased flash holds, or spaces.
func blank(f *file) (Image, bool) {
	var seen [256]bool
	for offset := int64(0); offset < f.size; {
		b := f.at(offset, headSize)
		if len(b) == 0 {
			return Image{}, false
		}
		for _, c := range b {
			switch c {
			case 0, 0xFF, ' ', '\t', '\r', '\n':
				seen[c] = true
			default:
				return Image{}, false
			}
		}
		offset += int64(len(b))
	}
	var all []string
	for c, is := range seen {
		if is {
			all = append(all, fmt.Sprintf("0x%02X", c))
		}
	}
	return Image{Kind: Blank, Text: strings.Join(all, " and ")}, len(all) > 0
}
