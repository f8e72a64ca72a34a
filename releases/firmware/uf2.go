package firmware

import "fmt"

// uf2 reads blocks of 512 bytes, which begin and end with magic numbers:
// https://github.com/microsoft/uf2#file-format.
func uf2(f *file) (Image, bool) {
	const (
		flags   = 8
		number  = 20 // from 0
		count   = 24 // of the blocks for this chip
		family  = 28 // where a flag says so
		address = 12

		notFlashed = 1 // flags
		hasFamily  = 0x2000

		// What picotool puts first for erratum RP2350-E10: a block that is one
		// of 2 and stands alone.
		absolute, workaround = 0xe48bff57, 0x10ffff00
	)
	first, ok := f.uf2Block(0)
	switch {
	case len(first) < 8 || le.Uint32(first) != uf2First || le.Uint32(first[4:]) != uf2Second:
		return Image{}, false
	case !ok:
		return Image{Kind: UF2, Cut: "ends within block 1"}, true
	}
	i := Image{Kind: UF2}
	if le.Uint32(first[flags:])&hasFamily != 0 {
		i.Chip = fmt.Sprintf("UF2 family 0x%08x", le.Uint32(first[family:]))
	}
	if f.size%uf2Size != 0 {
		i.Cut = fmt.Sprintf("ends within block %d", f.size/uf2Size+1)
		return i, true
	}
	// A file may hold several images, each with its own numbers.
	type image struct {
		blocks uint32
		seen   map[uint32]bool
	}
	var images []image
	last := map[[2]uint32]int{} // of a chip and so many blocks
	for at := int64(0); at < f.size; at += uf2Size {
		b, ok := f.uf2Block(at)
		if !ok {
			i.Cut = fmt.Sprintf("has something else in the place of block %d", at/uf2Size+1)
			return i, true
		}
		blocks, n, chip := le.Uint32(b[count:]), le.Uint32(b[number:]), uint32(0)
		if le.Uint32(b[flags:])&hasFamily != 0 {
			chip = le.Uint32(b[family:])
		}
		if le.Uint32(b[flags:])&notFlashed != 0 || chip == absolute && le.Uint32(b[address:]) == workaround {
			continue
		}
		of, begun := last[[2]uint32{chip, blocks}]
		if !begun || n == 0 && images[of].seen[0] {
			of = len(images)
			images, last[[2]uint32{chip, blocks}] = append(images, image{blocks, map[uint32]bool{}}), of
		}
		images[of].seen[n] = true
	}
	for _, image := range images {
		if i.Cut == "" && uint32(len(image.seen)) < image.blocks {
			i.Cut = fmt.Sprintf("has %d blocks of %d", len(image.seen), image.blocks)
		}
	}
	return i, true
}

const uf2Size, uf2First, uf2Second, uf2Last = 512, 0x0A324655, 0x9E5D5157, 0x0AB16F30 // at 0, 4 and 508

func (f *file) uf2Block(offset int64) ([]byte, bool) {
	b := f.at(offset, uf2Size)
	return b, len(b) == uf2Size && le.Uint32(b) == uf2First && le.Uint32(b[4:]) == uf2Second && le.Uint32(b[508:]) == uf2Last
}
