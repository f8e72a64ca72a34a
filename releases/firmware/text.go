package firmware

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"encoding/xml"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// compiled is an expression that is compiled once it is asked for: to look at
// no file takes no time for it.
func compiled(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}

// pointer finds what stands in a checkout for a file that git does not hold:
// https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md,
// https://git-annex.branchable.com/internals/pointer_file/.
func pointer(f *file) (Image, bool) {
	const most = 1 << 10
	switch text := strings.TrimLeft(strings.TrimPrefix(string(f.head[:min(len(f.head), most)]), "\uFEFF"), " \t\r\n"); {
	case lfsPointer().MatchString(text):
		return Image{Kind: LFSPointer}, true
	case strings.HasPrefix(text, "/annex/objects/"), f.size < most && strings.Contains(text, ".git/annex/objects/") && !strings.Contains(text, "\n"):
		return Image{Kind: AnnexPointer}, true
	}
	return Image{}, false
}

// lfsPointer has the names that Git LFS went by before, too.
var lfsPointer = compiled(`^(?:version https?://(?:git-lfs\.github\.com|hawser\.github\.com|git-media\.io)/|version \S+\r?\n(?:ext-\S.*\n)*oid sha256:|# (?:git-media|external)\r?\n[0-9a-f]{64}\s*$)`)

// text finds text that says what it is.
func text(f *file) (Image, bool) {
	head := bytes.TrimPrefix(f.head, []byte("\uFEFF"))
	begin := bytes.TrimSpace(head)
	whole := f.size <= headSize && utf8.Valid(head)
	for kind, like := range otherTexts {
		if like.Match(begin) {
			return Image{Kind: kind}, true
		}
	}
	switch {
	case utf16Text(f):
		return Image{Kind: UTF16}, true
	case bytes.HasPrefix(begin, []byte("<")):
		return markup(begin)
	case whole && (bytes.HasPrefix(begin, []byte("{")) || bytes.HasPrefix(begin, []byte("["))) && json.Valid(begin):
		return jsonText(begin), true
	case whole && link().Match(head):
		return Image{Kind: Link, Text: string(head)}, true
	case f.size <= maxError && printable(string(begin)) && refusal().Match(begin):
		return Image{Kind: TextError, Text: beginning(begin)}, true
	}
	return zipped(f)
}

// otherTexts are told by how they begin.
var otherTexts = map[Kind]*regexp.Regexp{
	Checksums: regexp.MustCompile(`^[0-9a-fA-F]{32,128} [ *]\S`),
	Diff:      regexp.MustCompile(`^(?:diff --git |<<<<<<< )`),
}

// zipped finds an error that was stored as it was sent, by gzip.
func zipped(f *file) (Image, bool) {
	z, err := gzip.NewReader(bytes.NewReader(f.head))
	if err != nil {
		return Image{}, false
	}
	head := make([]byte, headSize)
	n, err := io.ReadFull(z, head)
	size := int64(n)
	if err == nil {
		size++ // and more
	}
	inside, _ := text(&file{size: size, head: head[:n]})
	return inside, slices.Contains([]Kind{HTML, XMLError, JSONError, TextError}, inside.Kind)
}

// utf16Text says whether a file is UTF-16, mostly of characters below 256: all
// of them of ASCII where no byte order mark says so.
func utf16Text(f *file) bool {
	head := f.head
	little, big := bytes.HasPrefix(head, []byte{0xff, 0xfe}), bytes.HasPrefix(head, []byte{0xfe, 0xff})
	if f.size%2 != 0 || len(head) < 4 {
		return false
	}
	marked := little || big
	high := 1
	if big || !marked && head[0] == 0 {
		high = 0
	}
	low, zeros := []byte{}, 0
	for i := 0; i+1 < len(head); i += 2 {
		low = append(low, head[i+1-high])
		if head[i+high] == 0 {
			zeros++
		}
	}
	return marked && zeros > len(low)/3 || zeros == len(low) && ascii().Match(low)
}

// ascii is text of some length.
var ascii = compiled(`^[\t\r\n -~]{8,}$`)

// markup tells error pages from other documents by their root.
func markup(begin []byte) (Image, bool) {
	d := xml.NewDecoder(bytes.NewReader(begin))
	d.Strict = false
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // names are ASCII
	for {
		token, err := d.RawToken()
		if err != nil {
			return Image{}, false
		}
		switch t := token.(type) {
		case xml.Directive:
			if fields := strings.Fields(string(t)); len(fields) > 1 && strings.EqualFold(fields[0], "doctype") && strings.EqualFold(fields[1], "html") {
				return Image{Kind: HTML, Text: beginning(begin)}, true
			}
		case xml.StartElement:
			switch strings.ToLower(t.Name.Local) {
			case "html", "head", "body", "title", "meta", "script", "noscript", "h1", "center", "div", "p":
				return Image{Kind: HTML, Text: beginning(begin)}, true
			case "error", "errors", "errorresponse", "fault":
				return Image{Kind: XMLError, Text: beginning(begin)}, true
			}
			return Image{Kind: XML}, true
		}
	}
}

// errorKeys are what error messages of forges, stores and frameworks have, and
// errorMarks those without which it is none.
var (
	errorMarks = []string{"message", "error", "errors", "detail", "title", "fault"}
	errorKeys  = append([]string{
		"code", "status", "statuscode", "status_code", "reason", "details", "type", "instance", "path", "timestamp", "success", "ok",
		"documentation_url", "error_code", "error_description", "error_uri", "errorcode", "errormessage", "request_id", "requestid", "request", "trace_id", "traceid",
	}, errorMarks...)
)

func jsonText(text []byte) Image {
	var object map[string]json.RawMessage
	if json.Unmarshal(text, &object) != nil {
		return Image{Kind: JSON}
	}
	marked := false
	for key := range object {
		key = strings.ToLower(key)
		if !slices.Contains(errorKeys, key) {
			return Image{Kind: JSON}
		}
		marked = marked || slices.Contains(errorMarks, key)
	}
	if !marked {
		return Image{Kind: JSON}
	}
	return Image{Kind: JSONError, Text: beginning(text)}
}

// link is a path as git writes it into a file where it cannot make a link: it
// has folders, or a file's ending, and no line ends. Few repositories have
// links from the root of the file system.
var link = compiled(`^(?:\.\.?/[^[:cntrl:]]+|[^\s[:cntrl:]/]+/[^\s[:cntrl:]]+|[^\s[:cntrl:]/]*\.[A-Za-z][A-Za-z0-9]{0,7})$`)

// maxError is the longest error message without a form, in bytes.
const maxError = 1 << 10

// refusal is what servers and tools say in plain text.
var refusal = compiled(`(?i)\b(?:not found|access ?denied|permission denied|forbidden|unauthorized|authentication (?:required|failed)|` +
	`bad (?:request|gateway)|service unavailable|gateway time-?out|(?:internal )?server error|too many requests|rate limit|no such (?:key|file|bucket)|` +
	`error code:? ?\d+|moved permanently|upstream (?:connect|request)|no healthy upstream|default backend)\b|^(?:[45]\d\d|null|undefined|none)$`)

// beginning is the first words of a text, for a message.
func beginning(text []byte) string {
	const most = 60
	words := strings.Join(strings.Fields(strings.ToValidUTF8(string(text[:min(len(text), 4*most)]), "\uFFFD")), " ")
	if runes := []rune(words); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return words
}

// printable says whether a text has no other control characters than spaces.
func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && !unicode.IsSpace(r) })
}
