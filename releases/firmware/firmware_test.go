package firmware_test

import (
	"bytes"
	"compress/gzip"
	"debug/elf"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode"

	"cairn/releases/firmware"
)

// imageHeader is struct image_header of MCUboot's bootutil/image.h.
type imageHeader struct {
	Magic, LoadAddr         uint32
	HdrSize, ProtectTLVSize uint16
	ImgSize, Flags          uint32
	Major, Minor            uint8
	Revision                uint16
	BuildNum, Pad1          uint32
}

// espApp is esp_image_header_t, esp_image_segment_header_t and esp_app_desc_t
// of ESP-IDF.
type espApp struct {
	Magic, SegmentCount, SPIMode, SPISpeedSize uint8
	EntryAddr                                  uint32
	WPPin                                      uint8
	SPIPinDrv                                  [3]uint8
	ChipID                                     uint16
	MinChipRev                                 uint8
	MinChipRevFull, MaxChipRevFull             uint16
	Reserved                                   [4]uint8
	HashAppended                               uint8

	LoadAddr, DataLen uint32

	MagicWord, SecureVersion uint32
	Reserv1                  [2]uint32
	Version, ProjectName     [32]byte
	Time, Date               [16]byte
	IDFVer, ELFSHA256        [32]byte
}

// uf2Block is UF2_Block of the format's specification.
type uf2Block struct {
	MagicStart0, MagicStart1, Flags, TargetAddr, PayloadSize, BlockNo, NumBlocks, FileSize uint32
	Data                                                                                   [476]byte
	MagicEnd                                                                               uint32
}

func image(v any) []byte {
	var b bytes.Buffer
	if err := binary.Write(&b, binary.LittleEndian, v); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// tlvs is struct image_tlv_info of MCUboot, and one struct image_tlv with its
// value, of so many bytes.
func tlvs(magic uint16, value uint16) []byte {
	b := binary.LittleEndian.AppendUint16(nil, magic)
	b = binary.LittleEndian.AppendUint16(b, 8+value)
	b = append(b, 0x10, 0) // IMAGE_TLV_SHA256
	b = binary.LittleEndian.AppendUint16(b, value)
	return append(b, bytes.Repeat([]byte{0xab}, int(value))...)
}

var imageHash = strings.Repeat("ab", 32)

func mcuboot(major, minor uint8, revision uint16, build uint32) []byte {
	h := imageHeader{Magic: 0x96f3b83d, HdrSize: 512, ImgSize: 4, Major: major, Minor: minor, Revision: revision, BuildNum: build}
	return slices.Concat(image(h), make([]byte, 512-32+4), tlvs(0x6907, 32))
}

// protected has TLVs that are signed with the image, and room behind it as in a
// slot of flash.
func protected() []byte {
	h := imageHeader{Magic: 0x96f3b83d, HdrSize: 32, ProtectTLVSize: 12, ImgSize: 8, Major: 1}
	return slices.Concat(image(h), make([]byte, 8), tlvs(0x6908, 4), tlvs(0x6907, 32), bytes.Repeat([]byte{0xff}, 1000))
}

func esp(version, project string) []byte {
	a := espApp{Magic: 0xE9, SegmentCount: 2, EntryAddr: 0x40080ea4, ChipID: 9, HashAppended: 1, DataLen: 500, MagicWord: 0xABCD5432}
	copy(a.Version[:], version)
	copy(a.ProjectName[:], project)
	b := image(a)
	b = append(b, make([]byte, 24+8+500-len(b))...)
	b = append(b, 0, 0, 8, 0x40, 100, 0, 0, 0) // the second segment: load_addr, data_len
	b = append(b, make([]byte, 100)...)
	b = append(b, make([]byte, 16-len(b)%16)...)
	return append(b, make([]byte, 32)...)
}

// bootloader has esp_bootloader_desc_t where an application has its own.
func bootloader() []byte {
	b := esp("1.0.0", "x")
	copy(b[32:], "\x50\x00\x00\x00")
	return b
}

// partitions is a table of one esp_partition_info_t, as gen_esp32part.py pads it.
func partitions() []byte {
	entry := append([]byte{0xAA, 0x50, 0, 0, 0, 0, 1, 0, 0, 0, 16, 0}, "factory\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"...)
	return append(entry, bytes.Repeat([]byte{0xff}, 0xC00-len(entry))...)
}

// merged puts a bootloader at an offset, as esptool's merge-bin does.
func merged(at int) []byte {
	b := bytes.Repeat([]byte{0xff}, 0x10000)
	copy(b[at:], bootloader())
	copy(b[0x8000:], partitions())
	return append(b, esp("1.0.0", "fridge")...)
}

// uf2 is a file of so many blocks for one family of chips.
func uf2(blocks uint32) (b []byte) {
	for n := range blocks {
		b = append(b, image(uf2Block{MagicStart0: 0x0A324655, MagicStart1: 0x9E5D5157, Flags: 0x2000, PayloadSize: 256, BlockNo: n, NumBlocks: blocks, FileSize: 0xe48bff56, MagicEnd: 0x0AB16F30})...)
	}
	return b
}

const (
	hexText = ":020000040800F2\r\n:1000000000500020410000084300000843000008A1\r\n:00000001FF\r\n"
	srec    = "S00600004844521B\nS1130000285F245F2212226A000424290008237C2A\nS9030000FC\n"
	lfs     = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 123456\n"
)

func TestRecognize(t *testing.T) {
	for name, test := range map[string]struct {
		file []byte
		want firmware.Image
	}{
		"mcuboot":             {mcuboot(1, 2, 300, 70000), firmware.Image{Kind: firmware.MCUboot, Version: "1.2.300+70000", BuildID: imageHash}},
		"mcuboot, no version": {mcuboot(0, 0, 0, 0), firmware.Image{Kind: firmware.MCUboot, BuildID: imageHash}},
		"mcuboot, padded":     {protected(), firmware.Image{Kind: firmware.MCUboot, Version: "1.0.0+0", BuildID: imageHash}},
		"uf2":                 {uf2(3), firmware.Image{Kind: firmware.UF2, Chip: "UF2 family 0xe48bff56"}},
		"uf2 for two chips":   {slices.Concat(uf2(3), uf2(2)), firmware.Image{Kind: firmware.UF2, Chip: "UF2 family 0xe48bff56"}},
		"esp":                 {esp("v1.2.3-5-gc0ffee", "fridge"), firmware.Image{Kind: firmware.ESPIDF, Version: "v1.2.3-5-gc0ffee", Project: "fridge", Chip: "ESP32-S3"}},
		"esp, signed":         {append(esp("1", ""), make([]byte, 4096)...), firmware.Image{Kind: firmware.ESPIDF, Version: "1", Chip: "ESP32-S3"}},
		"esp, full fields": {esp(strings.Repeat("1", 32), strings.Repeat("p", 32)),
			firmware.Image{Kind: firmware.ESPIDF, Version: strings.Repeat("1", 32), Project: strings.Repeat("p", 32), Chip: "ESP32-S3"}},
		"esp, unprintable": {esp("1\x1b[2J\xff", ""), firmware.Image{Kind: firmware.ESPIDF, Version: "1\x1b[2J\xff", Chip: "ESP32-S3"}},
		"esp, bootloader":  {bootloader(), firmware.Image{Kind: firmware.ESPBootloader, Chip: "ESP32-S3"}},
		"esp, partitions":  {partitions(), firmware.Image{Kind: firmware.ESPPartitions}},
		"esp, merged":      {merged(0), firmware.Image{Kind: firmware.ESPMerged, Chip: "ESP32-S3"}},
		"esp32, merged":    {merged(0x1000), firmware.Image{Kind: firmware.ESPMerged, Chip: "ESP32-S3"}},
		"begins like esp":  {append([]byte{0xE9}, bytes.Repeat([]byte{0x5a}, 100)...), firmware.Image{}},
		"hex":              {[]byte(hexText), firmware.Image{Kind: firmware.IntelHEX}},
		"srec":             {[]byte(srec), firmware.Image{Kind: firmware.SRecord}},
		"zeros":            {make([]byte, 200<<10), firmware.Image{Kind: firmware.Blank, Text: "0x00"}},
		"erased":           {bytes.Repeat([]byte{0xff}, 100), firmware.Image{Kind: firmware.Blank, Text: "0xFF"}},
		"nearly erased":    {append(bytes.Repeat([]byte{0xff}, 200<<10), 1), firmware.Image{}},
		"lfs":              {[]byte(lfs), firmware.Image{Kind: firmware.LFSPointer}},
		"lfs of Windows":   {[]byte(strings.ReplaceAll(lfs, "\n", "\r\n")), firmware.Image{Kind: firmware.LFSPointer}},
		"annex":            {[]byte("/annex/objects/SHA256E-s123--abc.bin\n"), firmware.Image{Kind: firmware.AnnexPointer}},
		"annex, locked":    {[]byte("../.git/annex/objects/x/SHA256E-s123--abc.bin/SHA256E-s123--abc.bin"), firmware.Image{Kind: firmware.AnnexPointer}},
		"empty":            {nil, firmware.Image{}},
		"a vector table":   {[]byte("\x00\x00\x02\x20\xc1\x01\x00\x08"), firmware.Image{}},

		"mcuboot's bytes swapped": {append([]byte("\x96\xf3\xb8\x3d"), make([]byte, 600)...), firmware.Image{}},
	} {
		if got, err := firmware.Recognize(bytes.NewReader(test.file), int64(len(test.file))); err != nil || got != test.want {
			t.Errorf("%s: %+v, %v; want %+v", name, got, err, test.want)
		}
	}
	if _, err := firmware.Recognize(broken{}, 1); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("a file that cannot be read: %v", err)
	}
}

type broken struct{}

func (broken) ReadAt([]byte, int64) (int, error) { return 0, io.ErrClosedPipe }

// A file is told to be cut off wherever it is cut, as long as its header is
// there, and only then.
func TestCutOff(t *testing.T) {
	end := func(b []byte, padding int) int { return len(b) - padding }
	for name, test := range map[string]struct {
		file      []byte
		from, end int // where cuts are looked for
	}{
		"mcuboot":            {mcuboot(1, 2, 3, 0), 4, end(mcuboot(1, 2, 3, 0), 0)},
		"mcuboot, protected": {protected(), 4, end(protected(), 1000)},
		"uf2":                {uf2(3), 8, 3 * 512},
		"uf2 for two chips":  {slices.Concat(uf2(2), uf2(3)), 8, 5 * 512},
		"esp":                {esp("1", "x"), 14, len(esp("1", "x"))},
		"bootloader":         {bootloader(), 14, len(bootloader())},
		"hex":                {[]byte(hexText), 15, len(hexText) - 2},
		"srec":               {[]byte(srec), 16, len(srec) - 1},
	} {
		for n := test.from; n <= len(test.file); n++ {
			i, err := firmware.Recognize(bytes.NewReader(test.file[:n]), int64(n))
			boundary := name == "uf2 for two chips" && n == 2*512 // a whole file for the first
			if whole := n >= test.end || boundary; err != nil || i.Kind == firmware.Unknown || (i.Cut == "") != whole {
				t.Errorf("%s, %d bytes of %d: %+v, %v", name, n, len(test.file), i, err)
				break
			}
		}
	}
}

// TestWithin has images whose end is right, and something in them is not.
func TestWithin(t *testing.T) {
	change := func(b []byte, at int, to ...byte) []byte {
		return append(append(bytes.Clone(b[:at]), to...), b[at+len(to):]...)
	}
	tlv := len(mcuboot(1, 2, 3, 0)) - 36 // type, length and 32 bytes
	for name, file := range map[string][]byte{
		"a TLV is longer than all":    change(mcuboot(1, 2, 3, 0), tlv+2, 200),
		"no TLV is a hash":            change(mcuboot(1, 2, 3, 0), tlv, 0x30),
		"a block of UF2 is twice in":  slices.Concat(uf2(3)[:512], uf2(3)[:512], uf2(3)[1024:]),
		"a block of UF2 is missing":   slices.Concat(uf2(3)[:512], uf2(3)[1024:]),
		"the first block is missing":  uf2(3)[512:],
		"a block of UF2 is no block":  change(uf2(3), 512, 0),
		"blocks of UF2 are of two":    slices.Concat(uf2(3)[:1024], uf2(4)[1536:]),
		"a block ends without magic":  change(uf2(3), 3*512-1, 0),
		"UF2 is followed by anything": append(uf2(3), "xyz"...),
	} {
		if i, err := firmware.Recognize(bytes.NewReader(file), int64(len(file))); err != nil || i.Cut == "" {
			t.Errorf("%s: %+v, %v", name, i, err)
		}
	}
	alone := slices.Concat(change(change(uf2(2), 28, 0x57), 12, 0x00, 0xff, 0xff, 0x10)[:512], uf2(3))
	if i, err := firmware.Recognize(bytes.NewReader(alone), int64(len(alone))); err != nil || i.Cut != "" {
		t.Errorf("after the block of picotool: %+v, %v", i, err)
	}
}

func gzipped(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte(text))
	z.Close()
	return b.String()
}

func TestText(t *testing.T) {
	for text, want := range map[string]firmware.Kind{
		gzipped("<html><body>404</body></html>"):                                  firmware.HTML,
		gzipped(`{"message":"Not Found"}`):                                        firmware.JSONError,
		gzipped("an image in gzip"):                                               firmware.Unknown,
		"\uFEFF" + lfs:                                                            firmware.LFSPointer,
		"\n" + strings.ReplaceAll(lfs, "\n", "\r\n"):                              firmware.LFSPointer,
		strings.Replace(lfs, "git-lfs.github.com/spec/v1", "git-media.io/v/2", 1): firmware.LFSPointer,
		"# git-media\n" + strings.Repeat("ab", 32) + "\n":                         firmware.LFSPointer,
		"<\x00h\x00t\x00m\x00l\x00>\x00 \x00 \x00":                                firmware.UTF16,
		"\x00<\x00h\x00t\x00m\x00l\x00>\x00 \x00 ":                                firmware.UTF16,
		"\uFEFF" + hexText:                                                        firmware.IntelHEX,
		"; made by a linker\n" + hexText:                                          firmware.IntelHEX,
		" \r\n\n":                                                                 firmware.Blank,
		"\xff\xff\x00\x00":                                                        firmware.Blank,
		"404":                                                                     firmware.TextError,
		"<h1>Not Found</h1>":                                                      firmware.HTML,
		strings.Repeat("ab", 32) + "  fw.bin\n":                                   firmware.Checksums,
		"<<<<<<< HEAD\n":                                                          firmware.Diff,
		"../my build/fw.bin":                                                      firmware.Link,
		"<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head></html>": firmware.HTML,
		"\uFEFF\r\n <HTML><BODY>":           firmware.HTML,
		"<!-- Apache --><html lang=\"en\">": firmware.HTML,
		"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Strict//EN\"><html>": firmware.HTML,
		"<head><meta http-equiv=refresh>":                                                           firmware.HTML,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>AccessDenied":                     firmware.XMLError,
		"<Error><Code>NoSuchKey</Code></Error>":                                                     firmware.XMLError,
		"<?xml version=\"1.0\"?><note/>":                                                            firmware.XML,
		`{"message":"Not Found","documentation_url":"https://docs.github.com/rest","status":"404"}`: firmware.JSONError,
		`{"message":"404 Project Not Found"}`:                                                       firmware.JSONError,
		"{\"error\":\"invalid_token\",\"error_description\":\"Token was revoked.\"}\n":              firmware.JSONError,
		`{"errors":[{"status":404,"message":"File not found."}]}`:                                   firmware.JSONError,
		`{"error":{"code":403,"message":"x does not have access"}}`:                                 firmware.JSONError,
		`{"timestamp":1,"status":500,"error":"Internal Server Error","path":"/"}`:                   firmware.JSONError,
		`{"Message":"Access Denied"}`:                                                               firmware.JSONError,
		`{"name":"fw.bin","encoding":"base64","message":""}`:                                        firmware.JSON,
		`{"code":1}`:                    firmware.JSON,
		`[1,2]`:                         firmware.JSON,
		`{"cut":`:                       firmware.Unknown,
		"fw-1.2.3.bin":                  firmware.Link,
		"../build/fw":                   firmware.Link,
		"C:/fw/build/fw.bin":            firmware.Link,
		"fw-1.2.3":                      firmware.Unknown,
		"image one\n":                   firmware.Unknown,
		"/tmp/fw.bin":                   firmware.Unknown,
		"see fw.bin":                    firmware.Unknown,
		"404: Not Found":                firmware.TextError,
		"error code: 1010":              firmware.TextError,
		"Access denied\r\n":             firmware.TextError,
		"no healthy upstream":           firmware.TextError,
		"#!/bin/sh\necho 'hello'\n":     firmware.Unknown,
		"not found\x00\x01":             firmware.Unknown,
		"\xff\xfea\x00b\x00":            firmware.UTF16,
		"\xfe\xff\x00a\x00b":            firmware.UTF16,
		"\xff\xfe\x01\x02\x03\x04":      firmware.Unknown,
		":020000040800F3\n":             firmware.Unknown,
		"S00600004844521C\n":            firmware.Unknown,
		"-----BEGIN CERTIFICATE-----\n": firmware.Unknown,
	} {
		if got, err := firmware.Recognize(strings.NewReader(text), int64(len(text))); err != nil || got.Kind != want {
			t.Errorf("%q is %q, %v; want %q", text, got.Kind, err, want)
		}
	}
}

// What Go builds is what debug/elf says of it.
func TestRecognizeBuiltELF(t *testing.T) {
	dir := t.TempDir()
	source := filepath.Join(dir, "main.go")
	if err := os.WriteFile(source, []byte("package main\nfunc main() {}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	const buildID = "8be26a9f3b9127bc898f34e05a30a9a2c706cf43"
	for _, arch := range []string{"arm", runtime.GOARCH} {
		name := filepath.Join(dir, arch)
		build := exec.Command("go", "build", "-ldflags=-B 0x"+buildID, "-o", name, source)
		build.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+arch, "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		f, err := elf.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		file, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		info, err := file.Stat()
		if err != nil {
			t.Fatal(err)
		}
		want := firmware.Image{Kind: firmware.ELF, Machine: f.Machine, Chip: f.Machine.String(), BuildID: buildID, Hosted: arch != "arm"}
		if got, err := firmware.Recognize(file, info.Size()); err != nil || got != want {
			t.Errorf("%s: %+v, %v", arch, got, err)
		}
		for _, cut := range []int64{20, 52, 100, 4096, info.Size() / 2, info.Size() - 1} {
			if got, err := firmware.Recognize(file, cut); err != nil || got.Cut == "" {
				t.Errorf("%s, cut at %d: %+v, %v", arch, cut, got, err)
			}
		}
	}
}

func TestHolds(t *testing.T) {
	for _, test := range []struct {
		kind            firmware.Kind
		inside, version string
		want            bool
	}{
		{firmware.MCUboot, "1.2.3+0", "1.2.3", true},
		{firmware.MCUboot, "1.2.3+0", "v1.2.3", true},
		{firmware.MCUboot, "1.2.3+0", "1.2.3+0", true},
		{firmware.MCUboot, "1.2.3+0", "1.2.3-rc.1", true},
		{firmware.MCUboot, "1.2.3+0", "1.2.3+gc0ffee", true},
		{firmware.MCUboot, "1.2.0+0", "1.2", true},
		{firmware.MCUboot, "1.2.3+45", "1.2.3+45", true},
		{firmware.MCUboot, "1.2.3+45", "1.2.3-rc.1+45", true},
		{firmware.MCUboot, "1.2.3+45", "1.2.3", false},
		{firmware.MCUboot, "1.2.3+45", "1.2.3+46", false},
		{firmware.MCUboot, "1.2.3+0", "1.2.4", false},
		{firmware.MCUboot, "1.2.3+0", "release-7", false},
		{firmware.MCUboot, "0.0.1+0", "256.0.1", false},
		{firmware.MCUboot, "", "1.2.3", true},
		{firmware.ESPIDF, "1.2.3", "1.2.3", true},
		{firmware.ESPIDF, "v1.2.3", "1.2.3", false},
		{firmware.ESPIDF, "1.2.3", "v1.2.3", false},
		{firmware.ESPIDF, "1.2.3 ", "1.2.3", false},
		{firmware.ESPIDF, "1.2.3-dirty", "1.2.3", false},
		{firmware.ESPIDF, "1.2.3", "1.2.3+0", false},
		{firmware.ESPIDF, "vega", "ega", false},
		{firmware.ESPIDF, "v", "v", true},
		{firmware.UF2, "", "1.2.3", true},
		{firmware.Unknown, "", "1.2.3", true},
	} {
		if got := (firmware.Image{Kind: test.kind, Version: test.inside}).Holds(test.version); got != test.want {
			t.Errorf("%s %q holds %q: %v", test.kind, test.inside, test.version, got)
		}
	}
}

// FuzzRecognize has any bytes for a file: nothing panics, and what is printed
// of them cannot move a terminal's cursor.
func FuzzRecognize(f *testing.F) {
	for _, seed := range [][]byte{
		mcuboot(1, 2, 3, 4), protected(), uf2(2), esp("v1.2.3", "fridge"), bootloader(), partitions(), merged(0), []byte("\x7fELF\x02\x01\x01"),
		[]byte(hexText), []byte(srec), []byte(lfs), []byte("<html>"), []byte(`{"error":""}`), []byte("fw-1.2.3.bin"), nil,
	} {
		f.Add(seed, "fw.bin", "1.2.3")
	}
	f.Fuzz(func(t *testing.T, file []byte, name, version string) {
		i, err := firmware.Recognize(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range i.Findings("fw.bin", version) {
			if strings.ContainsFunc(found.Message+found.Hint, unicode.IsControl) {
				t.Errorf("%+v", found)
			}
		}
		i.Findings(name, version)
		if !i.Holds(i.Version) {
			t.Errorf("%+v does not hold its own version", i)
		}
	})
}
