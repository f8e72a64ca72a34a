package firmware

import (
	"bytes"
	"fmt"
)

// Of esp_image_header_t, and of what follows it:
// https://docs.espressif.com/projects/esp-idf/en/stable/esp32/api-reference/system/app_image_format.html.
const (
	espMagic       = 0xE9 // at 0
	espSegments    = 1    // u8
	espChipID      = 12   // u16
	espReserved    = 19   // u8[4], zeros
	espHash        = 23   // u8: 1 where a SHA-256 of 32 bytes is appended
	espHeader      = 24
	espMaxSegments = 16
)

// espChips is esp_chip_id_t of ESP-IDF's esp_app_format.h.
var espChips = map[uint16]string{
	0: "ESP32", 2: "ESP32-S2", 5: "ESP32-C3", 9: "ESP32-S3", 12: "ESP32-C2", 13: "ESP32-C6", 16: "ESP32-H2",
	18: "ESP32-P4", 20: "ESP32-C61", 23: "ESP32-C5", 25: "ESP32-H21", 28: "ESP32-H4",
}

// espIDF reads an application, or a bootloader: that has no esp_app_desc_t
// where the first segment's data begin.
func espIDF(f *file) (Image, bool) {
	const (
		description = espHeader + 8    // after the first segment's header
		magic       = 0xABCD5432       // magic_word
		version     = description + 16 // char[32], after magic_word, secure_version and reserv1[2]
		project     = version + 32     // char[32]
	)
	end, ok := f.espEnd(0)
	if !ok && f.size < espHeader && espSound(append(bytes.Clone(f.head), make([]byte, espHeader)...)) && f.size > espChipID+1 && f.head[0] == espMagic {
		return Image{Kind: ESPBootloader, Cut: "ends within its header"}, true
	} else if !ok {
		return Image{}, false
	}
	h := f.at(0, project+32)
	i := Image{Chip: espChip(h)}
	app := len(h) >= description+4 && le.Uint32(h[description:]) == magic
	switch {
	case app && len(h) < project+32:
		i.Kind = ESPIDF
	case app:
		i.Kind, i.Version, i.Project = ESPIDF, cString(h[version:project]), cString(h[project:])
	case espSound(h):
		i.Kind = ESPBootloader
	default:
		return Image{}, false
	}
	i.Cut = f.short(end, "segments")
	return i, true
}

func espChip(header []byte) string {
	id := le.Uint16(header[espChipID:])
	if name := espChips[id]; name != "" {
		return name
	}
	return fmt.Sprintf("chip 0x%04x", id)
}

// espSound says whether what begins with the magic byte can be nothing but a
// header: 1 of 256 files do.
func espSound(h []byte) bool {
	return espChips[le.Uint16(h[espChipID:])] != "" && h[espHash] <= 1 && h[espSegments] > 0 && h[espSegments] <= espMaxSegments &&
		bytes.Equal(h[espReserved:espHash], make([]byte, espHash-espReserved))
}

// espEnd is where an image that begins at an offset ends: header, segments,
// padding with a checksum, and a digest. It may be beyond the end of the file.
func (f *file) espEnd(offset int64) (int64, bool) {
	h := f.at(offset, espHeader)
	if len(h) < espHeader || h[0] != espMagic {
		return 0, false
	}
	end := int64(espHeader)
	for range min(h[espSegments], espMaxSegments) {
		segment := f.at(offset+end, 8) // load_addr, data_len
		end += 8
		if len(segment) < 8 {
			break
		}
		end += int64(le.Uint32(segment[4:]))
	}
	const padding = 16 // the last byte of which is the checksum
	end += padding - end%padding
	if h[espHash] == 1 {
		end += 32
	}
	return offset + end, true
}

// espPartition says whether an entry of a partition table is at an offset:
// esp_partition_info_t of 32 bytes, which begins with AA 50.
func (f *file) espPartition(offset int64) bool {
	const label, size = 12, 32 // char[16]
	b := f.at(offset, size)
	if len(b) < size || b[0] != 0xAA || b[1] != 0x50 || b[label] == 0 {
		return false
	}
	return printable(cString(b[label : label+16]))
}

func espPartitions(f *file) (Image, bool) {
	const most = 4 << 10 // a sector of flash
	return Image{Kind: ESPPartitions}, f.size <= most && f.espPartition(0)
}

// espMerged finds what esptool's merge-bin makes: a bootloader, which some
// chips have behind a gap, the partition table and an application.
func espMerged(f *file) (Image, bool) {
	const sector = 4 << 10
	for _, start := range []int64{0, sector, 2 * sector} {
		end, ok := f.espEnd(start)
		if !ok || start > 0 && f.head[0] != 0xff {
			continue
		}
		for table := int64(8 * sector); table <= 16*sector; table += sector {
			if end <= table && f.espPartition(table) {
				return Image{Kind: ESPMerged, Chip: espChip(f.at(start, espHeader))}, true
			}
		}
	}
	return Image{}, false
}

// cString is a C string in an array of its own.
func cString(b []byte) string {
	if end := bytes.IndexByte(b, 0); end >= 0 {
		b = b[:end]
	}
	return string(b)
}
