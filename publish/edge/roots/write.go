package roots

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"encoding/pem"
	"fmt"
	"strings"
	"time"
)

// about is a line on a root, for a comment.
func (r Root) about() string {
	parts := []string{r.Name}
	if r.Issuer != "" && !strings.HasPrefix(r.Name, r.Issuer) {
		parts[0] += " of " + r.Issuer
	}
	parts = append(parts, "until "+r.NotAfter.UTC().Format(time.DateOnly))
	switch k := r.PublicKey.(type) {
	case *rsa.PublicKey:
		parts = append(parts, fmt.Sprintf("RSA %d", k.N.BitLen()))
	case *ecdsa.PublicKey:
		parts = append(parts, "ECDSA "+k.Params().Name)
	}
	parts = append(parts, fmt.Sprintf("%d bytes", len(r.Raw)))
	if r.Now {
		parts = append(parts, "in use now")
	}
	return strings.Join(parts, ", ")
}

// PEM is all roots, each below a line about it.
func (r *Result) PEM() []byte {
	var b strings.Builder
	for _, root := range r.Roots {
		fmt.Fprintf(&b, "# %s\n%s", printable(root.about()), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Raw}))
	}
	return []byte(b.String())
}

// names are what the roots are called where only letters, digits and one other
// byte may be: different ones.
func (r *Result) names(between byte) (names []string) {
	seen := map[string]int{}
	for _, root := range r.Roots {
		words := strings.FieldsFunc(strings.ToLower(root.Name), func(c rune) bool { return (c < 'a' || c > 'z') && (c < '0' || c > '9') })
		name := strings.Join(words, string(between))
		if seen[name]++; seen[name] > 1 {
			name += fmt.Sprintf("%c%d", between, seen[name])
		}
		names = append(names, name)
	}
	return names
}

// File is one that firmware is built with.
type File struct {
	Name    string
	Content []byte
}

// The names of two of the files.
const (
	PEMFile    = "cairn_roots.pem"
	HeaderFile = "cairn_roots.h"
)

// Files are all roots as PEM and as a C header, and each one in DER.
func (r *Result) Files(edge string) []File {
	files := []File{{PEMFile, r.PEM()}, {HeaderFile, r.header(edge)}}
	for i, name := range r.names('-') {
		files = append(files, File{name + ".der", r.Roots[i].Raw})
	}
	return files
}

// header is C99 that stands for itself.
func (r *Result) header(edge string) []byte {
	var b, table strings.Builder
	total := 0
	for i, name := range r.names('_') {
		root := r.Roots[i]
		total += len(root.Raw)
		fmt.Fprintf(&b, "\n/* %s */\nstatic const unsigned char cairn_root_%s[%d] = {", printable(root.about()), name, len(root.Raw))
		for j, octet := range root.Raw {
			if j%16 == 0 {
				b.WriteString("\n   ")
			}
			fmt.Fprintf(&b, " 0x%02x,", octet)
		}
		b.WriteString("\n};\n")
		fmt.Fprintf(&table, "    { cairn_root_%s, sizeof cairn_root_%s, \"%s\", %d },\n", name, name, quoted(root.Name), root.NotAfter.Unix())
	}
	return fmt.Appendf(nil, `/* The root certificates that devices need for %s: %d, with %d bytes.
 * Written by cairn root-certs. Put it into one source file of the firmware. */
#ifndef CAIRN_ROOTS_H
#define CAIRN_ROOTS_H

#include <stddef.h>
%s
#define CAIRN_ROOTS %d

static const struct {
    const unsigned char *der;
    size_t size; /* in bytes */
    const char *name;
    long long expires; /* seconds since 1970 */
} cairn_roots[CAIRN_ROOTS] = {
%s};

#endif
`, printable(edge), len(r.Roots), total, b.String(), len(r.Roots), table.String())
}

// printable leaves nothing that could begin or end a comment, or end a line.
func printable(s string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' || c == '*' {
			return '?'
		}
		return c
	}, s)
}

// quoted is the content of a string in C, without trigraphs.
func quoted(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "?", `\?`).Replace(printable(s))
}
