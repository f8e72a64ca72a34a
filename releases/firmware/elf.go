package firmware

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"io"
)

// elfFile reads an ELF file's headers, and holds the file to the places of its
// segments and sections.
func elfFile(f *file) (Image, bool) {
	const machine = 18 // e_machine, after e_ident and e_type
	h := f.at(0, machine+2)
	switch {
	case !bytes.HasPrefix(h, []byte(elf.ELFMAG)):
		return Image{}, false
	case len(h) < machine+2:
		return Image{Kind: ELF, Cut: "ends within its header"}, true
	}
	i := Image{Kind: ELF, Machine: elf.Machine(le.Uint16(h[machine:]))}
	if elf.Data(h[elf.EI_DATA]) == elf.ELFDATA2MSB {
		i.Machine = elf.Machine(uint16(h[machine])<<8 | uint16(h[machine+1]))
	}
	i.Chip = i.Machine.String()
	e, err := elf.NewFile(io.NewSectionReader(f, 0, f.size))
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		i.Cut = fmt.Sprintf("has %d bytes, and by its own header more", f.size)
		return i, true
	} else if err != nil {
		return i, true
	}
	defer e.Close()
	i.Hosted = e.Class == elf.ELFCLASS64 || e.Type == elf.ET_DYN
	end := uint64(0)
	for _, p := range e.Progs {
		i.Hosted = i.Hosted || p.Type == elf.PT_INTERP
		end = max(end, p.Off+p.Filesz)
	}
	for _, s := range e.Sections {
		if s.Type != elf.SHT_NOBITS && s.Type != elf.SHT_NULL {
			end = max(end, s.Offset+s.FileSize)
		}
	}
	if end > uint64(f.size) {
		i.Cut = fmt.Sprintf("has %d bytes, and by its own headers segments and sections take %d", f.size, end)
	}
	return i, true
}
