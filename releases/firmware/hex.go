package firmware

import (
	"bytes"
	"encoding/hex"
)

// hexFile finds Intel HEX and S-records by their first record, which sums up,
// and looks for the record that ends them.
func hexFile(f *file) (Image, bool) {
	first := firstLine(f.head)
	i, last := Image{}, isHEXEnd
	switch {
	case isHEX(first):
		i.Kind = IntelHEX
	case isSRecord(first):
		i.Kind, last = SRecord, isSRecordEnd
	default:
		return i, false
	}
	const longest = 1 << 10 // of a record, and of space behind the last one
	tail := f.at(max(0, f.size-longest), longest)
	tail = bytes.TrimRight(tail, " \t\r\n\x1a\x00") // what old tools end a text with
	if end := tail[bytes.LastIndexAny(tail, "\r\n")+1:]; !last(end) {
		i.Cut = "has no record that ends it"
	}
	return i, true
}

// firstLine is the first line of a text that is no comment.
func firstLine(text []byte) []byte {
	text = bytes.TrimLeft(bytes.TrimPrefix(text, []byte("\uFEFF")), " \t\r\n")
	for len(text) > 0 && (text[0] == ';' || text[0] == '#') {
		_, text, _ = bytes.Cut(text, []byte("\n"))
	}
	if end := bytes.IndexAny(text, "\r\n"); end >= 0 {
		text = text[:end]
	}
	return bytes.TrimRight(text, " \t")
}

// record gives the bytes of a record's hex digits.
func record(digits []byte) []byte {
	b := make([]byte, hex.DecodedLen(len(digits)))
	if _, err := hex.Decode(b, digits); err != nil {
		return nil
	}
	return b
}

func sum(b []byte) (s byte) {
	for _, c := range b {
		s += c
	}
	return s
}

// isHEX says whether a line is ":", a length, an address of two bytes, a type,
// so many bytes, and a checksum.
func isHEX(line []byte) bool {
	digits, ok := bytes.CutPrefix(line, []byte(":"))
	b := record(digits)
	return ok && len(b) >= 5 && len(b) == int(b[0])+5 && sum(b) == 0
}

func isHEXEnd(line []byte) bool { return isHEX(line) && record(line[1:])[3] == 1 }

// isSRecord says whether a line is "S", a type, a length, and so many bytes of
// an address, data and a checksum.
func isSRecord(line []byte) bool {
	if len(line) < 10 || line[0] != 'S' || line[1] < '0' || line[1] > '9' {
		return false
	}
	b := record(line[2:])
	return len(b) > 0 && len(b) == int(b[0])+1 && sum(b) == 0xff
}

func isSRecordEnd(line []byte) bool { return isSRecord(line) && line[1] >= '7' }
