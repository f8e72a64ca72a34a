package firmware

import (
	"encoding/hex"
	"fmt"
)

// mcuboot reads struct image_header of
// https://docs.mcuboot.com/design.html#image-format, and the TLVs behind the
// image, without which MCUboot boots none.
func mcuboot(f *file) (Image, bool) {
	const (
		magic      = 0x96f3b83d // ih_magic, at 0
		headerSize = 8          // ih_hdr_size, u16
		protected  = 10         // ih_protect_tlv_size, u16
		imageSize  = 12         // ih_img_size, u32
		version    = 20         // ih_ver: u8 major, u8 minor, u16 revision, u32 build number
		size       = 32
		infoMagic  = 0x6907 // of struct image_tlv_info: u16 magic, u16 length with itself
	)
	h := f.at(0, size)
	switch {
	case len(h) < 4 || le.Uint32(h) != magic:
		return Image{}, false
	case len(h) < size:
		return Image{Kind: MCUboot, Cut: "ends within its header"}, true
	}
	v := h[version:]
	i := Image{Kind: MCUboot, Version: fmt.Sprintf("%d.%d.%d+%d", v[0], v[1], le.Uint16(v[2:]), le.Uint32(v[4:]))}
	if i.Version == "0.0.0+0" { // what Zephyr's build signs with where nobody has set one
		i.Version = ""
	}
	end := int64(le.Uint16(h[headerSize:])) + int64(le.Uint32(h[imageSize:]))
	i.Cut = f.short(end, "header and image")
	if i.Cut != "" {
		return i, true
	}
	end += int64(le.Uint16(h[protected:]))
	i.Cut = f.short(end, "header, image and protected TLVs")
	switch info := f.at(end, 4); {
	case i.Cut != "":
	case len(info) < 4:
		i.Cut = fmt.Sprintf("ends at byte %d, where the TLVs should begin that it is checked by", f.size)
	case le.Uint16(info) != infoMagic:
		i.Cut = fmt.Sprintf("has no TLVs at byte %d, where its header says that they begin", end)
	default:
		i.BuildID, i.Cut = f.tlvs(end, end+int64(le.Uint16(info[2:])))
	}
	return i, true
}

// tlvs gives the image's hash of the TLVs between two offsets, of u8 type, u8, u16
// length, and says what is wrong with them: without a hash, or a signature that
// has one, MCUboot boots no image.
func (f *file) tlvs(at, end int64) (hash, cut string) {
	const header, first, last = 4, 0x10, 0x12 // IMAGE_TLV_SHA256 to _SHA512
	if cut := f.short(end, "header, image and TLVs"); cut != "" {
		return "", cut
	}
	hashed := false
	for at += header; at < end; {
		h := f.at(at, header)
		if len(h) < header || at+header > end {
			break
		}
		size := int(le.Uint16(h[2:]))
		if h[0] >= first && h[0] <= last && h[1] == 0 {
			hashed = true
			if size <= MaxBuildID/2 {
				hash = hex.EncodeToString(f.at(at+header, size))
			}
		}
		at += header + int64(size)
	}
	switch {
	case at != end:
		cut = fmt.Sprintf("has TLVs of %d bytes more or less than they say in all", max(at-end, end-at))
	case !hashed:
		cut = "has TLVs without a hash"
	}
	return hash, cut
}

// short says that a file ends before some part of it does; "" where it does not.
func (f *file) short(end int64, what string) string {
	if end <= f.size {
		return ""
	}
	return fmt.Sprintf("has %d bytes, and by its own header %s take %d", f.size, what, end)
}
