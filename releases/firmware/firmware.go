// Package firmware recognises what a payload is by its first bytes, and the
// version that its build put into it.
package firmware

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Kind is what a file is.
type Kind string

// The kinds that are told apart.
const (
	Unknown Kind = ""
	MCUboot Kind = "MCUboot image"
	UF2     Kind = "UF2 file"
	ESPIDF  Kind = "ESP-IDF application image"
	ELF     Kind = "ELF file"
)

// Image is what the first bytes of a file say.
type Image struct {
	Kind    Kind
	Version string      // as the image writes it; "" where it states none
	Project string      // of an ESP-IDF application: its name, or ""
	Machine elf.Machine // of an ELF file
}

// headSize is how many bytes are looked at: the first UF2 block, and more than
// any of the other headers.
const headSize = 512

// Recognize reads the first 512 bytes of a file, or as many as there are. An
// error is one of reading.
func Recognize(r io.ReaderAt) (Image, error) {
	head := make([]byte, headSize)
	n, err := r.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return Image{}, err
	}
	head = head[:n]
	for _, recognize := range []func([]byte) (Image, bool){mcuboot, uf2, espIDF, elfFile} {
		if image, ok := recognize(head); ok {
			return image, nil
		}
	}
	return Image{}, nil
}

var le = binary.LittleEndian

// mcuboot reads struct image_header of
// https://docs.mcuboot.com/design.html#image-format.
func mcuboot(head []byte) (Image, bool) {
	const (
		magic   = 0x96f3b83d // ih_magic, at 0
		version = 20         // ih_ver: u8 major, u8 minor, u16 revision, u32 build number
		size    = 32
	)
	if len(head) < size || le.Uint32(head) != magic {
		return Image{}, false
	}
	v := head[version:]
	image := Image{Kind: MCUboot, Version: fmt.Sprintf("%d.%d.%d+%d", v[0], v[1], le.Uint16(v[2:]), le.Uint32(v[4:]))}
	if image.Version == "0.0.0+0" { // what Zephyr's build signs with where nobody has set one
		image.Version = ""
	}
	return image, true
}

// uf2 looks for the magic numbers of a block, which begins and ends with them:
// https://github.com/microsoft/uf2#file-format.
func uf2(head []byte) (Image, bool) {
	const (
		first, second = 0x0A324655, 0x9E5D5157 // at 0 and 4
		last          = 0x0AB16F30             // at 508
	)
	ok := len(head) >= 512 && le.Uint32(head) == first && le.Uint32(head[4:]) == second && le.Uint32(head[508:]) == last
	return Image{Kind: UF2}, ok
}

// espIDF reads esp_image_header_t, 24 bytes, and esp_app_desc_t, which is where
// the first segment's data begin:
// https://docs.espressif.com/projects/esp-idf/en/stable/esp32/api-reference/system/app_image_format.html.
// A bootloader has the first and not the second.
func espIDF(head []byte) (Image, bool) {
	const (
		imageMagic  = 0xE9             // magic, at 0
		description = 24 + 8           // after the first segment's header
		magic       = 0xABCD5432       // magic_word
		version     = description + 16 // char[32], after magic_word, secure_version and reserv1[2]
		project     = version + 32     // char[32]
	)
	if len(head) < project+32 || head[0] != imageMagic || le.Uint32(head[description:]) != magic {
		return Image{}, false
	}
	return Image{Kind: ESPIDF, Version: text(head[version:project]), Project: text(head[project : project+32])}, true
}

// text is a C string in an array of its own, without what cannot be printed.
func text(b []byte) string {
	if end := bytes.IndexByte(b, 0); end >= 0 {
		b = b[:end]
	}
	return string(bytes.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, b))
}

// elfFile reads e_ident and e_machine.
func elfFile(head []byte) (Image, bool) {
	const machine = 18 // e_machine, after e_ident and e_type
	if len(head) < machine+2 || string(head[:len(elf.ELFMAG)]) != elf.ELFMAG {
		return Image{}, false
	}
	order := binary.ByteOrder(le)
	if elf.Data(head[elf.EI_DATA]) == elf.ELFDATA2MSB {
		order = binary.BigEndian
	}
	return Image{Kind: ELF, Machine: elf.Machine(order.Uint16(head[machine:]))}, true
}
