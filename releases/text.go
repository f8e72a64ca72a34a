package releases

import (
	"bytes"
	"errors"
	"strconv"
	"unicode/utf8"
)

// ErrUTF16 says that a text is not UTF-8, as all texts of a project are, but
// UTF-16, as Windows PowerShell 5 writes it with > and Out-File.
var ErrUTF16 = errors.New("the text is UTF-16, not UTF-8")

// UTF16Hint is the way out of [ErrUTF16].
const UTF16Hint = "save it as UTF-8: by the editor, by 'Out-File -Encoding utf8' in PowerShell, or by 'iconv -f UTF-16 -t UTF-8'"

// PlainText gives a text without the byte order mark that some editors begin it
// with. The error is nil or [ErrUTF16].
func PlainText(text []byte) ([]byte, error) {
	if isUTF16(text) {
		return nil, ErrUTF16
	}
	return bytes.TrimPrefix(text, []byte("\uFEFF")), nil
}

// isUTF16 says whether a text has the byte order mark of UTF-16, or characters
// of ASCII in it, such as where >> of PowerShell has added to a text. No text in
// UTF-8 does.
func isUTF16(text []byte) bool {
	if bytes.HasPrefix(text, []byte{0xff, 0xfe}) || bytes.HasPrefix(text, []byte{0xfe, 0xff}) {
		return true
	}
	zero := bytes.IndexByte(text, 0)
	if zero < 0 {
		return false
	}
	at := func(i int, want bool) bool { return 0 <= i && i < len(text) && (text[i] == 0) == want }
	little := at(zero-1, false) && at(zero+1, false) && at(zero+2, true)
	big := at(zero+1, false) && at(zero+2, true) && at(zero+3, false)
	return little || big
}

const maxQuoted = 120 // characters

// Quote is [strconv.Quote] for messages: it shortens what is quoted already, so
// that a space or a carriage return at the end is seen.
func Quote(s string) string {
	quoted := strconv.Quote(s)
	if utf8.RuneCountInString(quoted) <= maxQuoted+len(`""`) {
		return quoted
	}
	runes := []rune(quoted)
	const tail = 20
	return string(runes[:maxQuoted-tail]) + "…" + string(runes[len(runes)-tail:])
}
