package conformance

import (
	"net/http"
	"strings"
)

// curl is a request as a command that makes it.
func (b *base) curl(c Case) string {
	words := []string{"curl", "-i", "-g", "--path-as-is"}
	switch c.Method {
	case http.MethodGet:
	case http.MethodHead:
		words = append(words, "-I")
	default:
		words = append(words, "-X", c.Method)
	}
	if c.Proto == http10 {
		words = append(words, "-0")
	}
	words = append(words, quote(b.url+b.path+c.Target))
	missing := []string{"Host", "User-Agent", "Accept"} // which curl adds
	for _, line := range c.Headers {
		name, value, _ := strings.Cut(line, ":")
		for i := range missing {
			if strings.EqualFold(missing[i], name) {
				missing[i] = ""
			}
		}
		if line == hostLine {
			continue
		}
		if strings.TrimSpace(value) == "" {
			line = name + ";" // is how curl sends an empty field
		}
		words = append(words, "-H", quote(strings.ReplaceAll(line, "{host}", b.host)))
	}
	for _, name := range missing {
		if name != "" {
			words = append(words, "-H", quote(name+":"))
		}
	}
	return strings.Join(words, " ")
}

// quote is a word for a POSIX shell.
func quote(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }
