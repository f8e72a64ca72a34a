package firmware_test

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

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

func mcuboot(major, minor uint8, revision uint16, build uint32) []byte {
	h := imageHeader{Magic: 0x96f3b83d, HdrSize: 512, ImgSize: 4, Major: major, Minor: minor, Revision: revision, BuildNum: build}
	return append(image(h), make([]byte, 512-32+4)...)
}

func esp(version, project string) []byte {
	a := espApp{Magic: 0xE9, SegmentCount: 6, EntryAddr: 0x40080ea4, HashAppended: 1, MagicWord: 0xABCD5432}
	copy(a.Version[:], version)
	copy(a.ProjectName[:], project)
	return append(image(a), make([]byte, 1000)...)
}

var uf2 = image(uf2Block{MagicStart0: 0x0A324655, MagicStart1: 0x9E5D5157, PayloadSize: 256, NumBlocks: 1, MagicEnd: 0x0AB16F30})

func TestRecognize(t *testing.T) {
	bootloader := esp("1.0.0", "x")
	copy(bootloader[32:], "\x50\x00\x00\x00") // esp_bootloader_desc_t
	for name, test := range map[string]struct {
		file []byte
		want firmware.Image
	}{
		"mcuboot":             {mcuboot(1, 2, 300, 70000), firmware.Image{Kind: firmware.MCUboot, Version: "1.2.300+70000"}},
		"mcuboot, no version": {mcuboot(0, 0, 0, 0), firmware.Image{Kind: firmware.MCUboot}},
		"mcuboot, cut off":    {mcuboot(1, 2, 3, 0)[:31], firmware.Image{}},
		"uf2":                 {uf2, firmware.Image{Kind: firmware.UF2}},
		"uf2, cut off":        {uf2[:511], firmware.Image{}},
		"esp":                 {esp("v1.2.3-5-gc0ffee", "fridge"), firmware.Image{Kind: firmware.ESPIDF, Version: "v1.2.3-5-gc0ffee", Project: "fridge"}},
		"esp, full fields": {esp(strings.Repeat("1", 32), strings.Repeat("p", 32)),
			firmware.Image{Kind: firmware.ESPIDF, Version: strings.Repeat("1", 32), Project: strings.Repeat("p", 32)}},
		"esp, unprintable":        {esp("1\x1b[2J\xff", ""), firmware.Image{Kind: firmware.ESPIDF, Version: "1[2J"}},
		"esp, cut off":            {esp("1.0.0", "x")[:111], firmware.Image{}},
		"esp, a bootloader":       {bootloader, firmware.Image{}},
		"elf, big endian":         {[]byte("\x7fELF\x01\x02\x01" + strings.Repeat("\x00", 9) + "\x00\x02\x00\x08"), firmware.Image{Kind: firmware.ELF, Machine: elf.EM_MIPS}},
		"elf, cut off":            {[]byte("\x7fELF\x01\x02\x01"), firmware.Image{}},
		"empty":                   {nil, firmware.Image{}},
		"a vector table":          {[]byte("\x00\x00\x02\x20\xc1\x01\x00\x08"), firmware.Image{}},
		"text":                    {[]byte(":020000040800F2\n"), firmware.Image{}},
		"mcuboot's bytes swapped": {append([]byte("\x96\xf3\xb8\x3d"), make([]byte, 600)...), firmware.Image{}},
	} {
		if got, err := firmware.Recognize(bytes.NewReader(test.file)); err != nil || got != test.want {
			t.Errorf("%s: %+v, %v; want %+v", name, got, err, test.want)
		}
	}
	if _, err := firmware.Recognize(broken{}); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("a file that cannot be read: %v", err)
	}
}

type broken struct{}

func (broken) ReadAt([]byte, int64) (int, error) { return 0, io.ErrClosedPipe }

// What Go builds is what debug/elf says of it.
func TestRecognizeBuiltELF(t *testing.T) {
	dir := t.TempDir()
	source := filepath.Join(dir, "main.go")
	if err := os.WriteFile(source, []byte("package main\nfunc main() {}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, arch := range []string{"arm", runtime.GOARCH} {
		name := filepath.Join(dir, arch)
		build := exec.Command("go", "build", "-o", name, source)
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
		if got, err := firmware.Recognize(file); err != nil || got != (firmware.Image{Kind: firmware.ELF, Machine: f.Machine}) {
			t.Errorf("%s: %+v, %v", arch, got, err)
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
		{firmware.ESPIDF, "v1.2.3", "1.2.3", true},
		{firmware.ESPIDF, "1.2.3", "v1.2.3", true},
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

// FuzzRecognize has any bytes for a file: nothing panics, few bytes are read,
// and what is printed of them cannot move a terminal's cursor.
func FuzzRecognize(f *testing.F) {
	for _, seed := range [][]byte{mcuboot(1, 2, 3, 4), uf2, esp("v1.2.3", "fridge"), []byte("\x7fELF\x02\x01\x01"), nil} {
		f.Add(seed, "1.2.3")
	}
	f.Fuzz(func(t *testing.T, file []byte, version string) {
		r := &bounded{bytes.NewReader(file), t}
		i, err := firmware.Recognize(r)
		if err != nil {
			t.Fatal(err)
		}
		if strings.ContainsFunc(i.Version+i.Project, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("%+v", i)
		}
		i.Holds(version)
		if !i.Holds(i.Version) {
			t.Errorf("%+v does not hold its own version", i)
		}
	})
}

type bounded struct {
	*bytes.Reader
	t *testing.T
}

func (b *bounded) ReadAt(p []byte, at int64) (int, error) {
	if at+int64(len(p)) > 512 {
		b.t.Errorf("read %d bytes at %d", len(p), at)
	}
	return b.Reader.ReadAt(p, at)
}
