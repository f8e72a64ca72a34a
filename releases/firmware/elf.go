package firmware

import (
	"bytes"
	"debug/elf"
	"encoding/hex"
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
	i.BuildID = f.buildID(e)
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

// buildID is what ld --build-id has put into a note of type NT_GNU_BUILD_ID:
// u32 sizes of name and content, u32 type, both padded to 4 bytes.
// https://refspecs.linuxfoundation.org/elf/gabi4+/ch5.pheader.html#note_section
func (f *file) buildID(e *elf.File) string {
	const header, gnuBuildID, most = 12, 3, 4 << 10
	var places []elf.SectionHeader
	for _, s := range e.Sections {
		if s.Type == elf.SHT_NOTE {
			places = append(places, s.SectionHeader)
		}
	}
	for _, p := range e.Progs { // of a stripped file
		if p.Type == elf.PT_NOTE {
			places = append(places, elf.SectionHeader{Offset: p.Off, FileSize: p.Filesz})
		}
	}
	for _, place := range places {
		notes := f.at(int64(min(place.Offset, 1<<62)), int(min(place.FileSize, most)))
		for len(notes) >= header {
			name, content := uint64(e.ByteOrder.Uint32(notes)), uint64(e.ByteOrder.Uint32(notes[4:]))
			start := header + (name+3)&^3
			end := start + content
			if end > uint64(len(notes)) {
				break
			}
			if e.ByteOrder.Uint32(notes[8:]) == gnuBuildID && string(notes[header:header+name]) == "GNU\x00" && content > 0 && content <= MaxBuildID/2 {
				return hex.EncodeToString(notes[start:end])
			}
			notes = notes[min((end+3)&^3, uint64(len(notes))):]
		}
	}
	return ""
}
