package releases_test

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf16"

	"cairn/releases"
)

// utf16Text is a text as Windows writes it, or with the other order of bytes.
func utf16Text(order binary.AppendByteOrder, s string) []byte {
	var b []byte
	for _, unit := range utf16.Encode([]rune(s)) {
		b = order.AppendUint16(b, unit)
	}
	return b
}

func TestUTF16IsSaid(t *testing.T) {
	for name, text := range map[string]string{
		"cairn.toml":          "[project]\r\n",
		"releases/1.0.0.toml": "version = \"1.0.0\"\r\n",
		"cohorts/beta.toml":   "[activate.\"1.0.0\"]\r\n",
		"cohorts/beta.txt":    "A1\r\nB2\r\n",
	} {
		for kind, content := range map[string][]byte{
			"little endian, marked": utf16Text(binary.LittleEndian, "\uFEFF"+text),
			"big endian, marked":    utf16Text(binary.BigEndian, "\uFEFF"+text),
			"little endian":         utf16Text(binary.LittleEndian, text),
			"big endian":            utf16Text(binary.BigEndian, text),
		} {
			fsys := fstest.MapFS{
				"cairn.toml":        {Data: []byte("[project]\nslug = \"demo\"\nbase_url = \"https://ota.example.com\"\n")},
				"cohorts/beta.toml": {Data: []byte("devices_file = \"beta.txt\"\n")},
				"cohorts/beta.txt":  {Data: []byte("A1\n")},
			}
			fsys[name] = &fstest.MapFile{Data: content}
			_, err := releases.Load(fsys)
			var faults releases.Faults
			if !errors.As(err, &faults) || len(faults) != 1 || !strings.HasSuffix(faults[0].Message, "the text is UTF-16, not UTF-8") || faults[0].Hint != releases.UTF16Hint {
				t.Errorf("%s in UTF-16, %s: %v", name, kind, err)
			}
		}
	}
}

func TestUTF16AddedToATextIsSaid(t *testing.T) {
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		if _, err := releases.PlainText(append([]byte("# serials\nA1\n"), utf16Text(order, "B2\r\n")...)); err != releases.ErrUTF16 {
			t.Errorf("%v: %v", order, err)
		}
	}
}

func TestPlainText(t *testing.T) {
	for _, text := range []string{"", "a", "ab", "a\x00", "A1\nB2\n", "[project]", "Ä\nÖ", "\x00\x00\x00\x00", "日本"} {
		for _, mark := range []string{"", "\uFEFF"} {
			if got, err := releases.PlainText([]byte(mark + text)); err != nil || string(got) != text {
				t.Errorf("%q is %q, %v", mark+text, got, err)
			}
		}
	}
}

func TestQuote(t *testing.T) {
	long := strings.Repeat("ä", 130)
	for s, want := range map[string]string{
		"":         `""`,
		"SN1 ":     `"SN1 "`,
		"SN1\r":    `"SN1\r"`,
		"\x00\n":   `"\x00\n"`,
		long + " ": `"` + long[:2*99] + "…" + long[:2*18] + ` "`,
	} {
		if got := releases.Quote(s); got != want {
			t.Errorf("%q is quoted as %s, not %s", s, got, want)
		}
	}
}
