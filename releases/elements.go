package releases

import "bytes"

// elements finds where the elements of an array begin, whose bracket is at an
// offset of a text without faults.
func elements(text []byte, open int) []int {
	var begins []int
	depth, due := 0, true
	for i := open + 1; ; i++ {
		c := text[i]
		switch c {
		case ' ', '\t', '\r', '\n':
			continue
		case '#':
			i += bytes.IndexByte(text[i:], '\n')
			continue
		case ',':
			due = due || depth == 0
			continue
		case ']', '}':
			if depth--; depth < 0 {
				return begins
			}
			continue
		}
		if due {
			begins, due = append(begins, i), false
		}
		switch c {
		case '[', '{':
			depth++
		case '"', '\'':
			i = lastQuote(text, i)
		}
	}
}

// lastQuote finds the end of a string, whose first quote is at an offset.
func lastQuote(text []byte, open int) int {
	quote := text[open]
	end := text[open : open+1]
	if triple := bytes.Repeat(end, 3); bytes.HasPrefix(text[open:], triple) {
		end = triple
	}
	i := open + len(end)
	for !bytes.HasPrefix(text[i:], end) {
		if text[i] == '\\' && quote == '"' {
			i++
		}
		i++
	}
	i += len(end) - 1
	for len(end) == 3 && i+1 < len(text) && text[i+1] == quote {
		i++ // of five quotes two belong to the text
	}
	return i
}
