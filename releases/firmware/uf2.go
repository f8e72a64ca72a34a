package firmware

import "fmt"

// uf2 reads blocks of 512 bytes, which begin and end with magic numbers:
// https://github.com/microsoft/uf2#file-format.
func uf2(f *file) (Image, bool) {
	const (
		flags     = 8
		number    = 20 // from 0
		count     = 24 // of the blocks for this chip
		family    = 28 // where a flag says so
		hasFamily = 0x2000
	)
	first, ok := f.uf2Block(0)
	if !ok {
		return Image{}, false
	}
	i := Image{Kind: UF2}
	if le.Uint32(first[flags:])&hasFamily != 0 {
		i.Chip = fmt.Sprintf("UF2 family 0x%08x", le.Uint32(first[family:]))
	}
	blocks := f.size / uf2Size
	last, sound := f.uf2Block((blocks - 1) * uf2Size)
	switch n := le.Uint32(first[count:]); {
	case int64(n) > blocks:
		i.Cut = fmt.Sprintf("has %d blocks, and by its own header %d", blocks, n)
	case f.size%uf2Size != 0:
		i.Cut = fmt.Sprintf("ends within block %d", blocks+1)
	case sound && le.Uint32(last[number:])+1 < le.Uint32(last[count:]):
		i.Cut = fmt.Sprintf("ends with block %d of %d", le.Uint32(last[number:])+1, le.Uint32(last[count:]))
	}
	return i, true
}

const uf2Size = 512

func (f *file) uf2Block(offset int64) ([]byte, bool) {
	const first, second, last = 0x0A324655, 0x9E5D5157, 0x0AB16F30 // at 0, 4 and 508
	b := f.at(offset, uf2Size)
	return b, len(b) == uf2Size && le.Uint32(b) == first && le.Uint32(b[4:]) == second && le.Uint32(b[508:]) == last
}
