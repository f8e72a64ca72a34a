// Package console renders a page that shows what every device gets: one file
// of HTML that needs no server and asks nobody for anything but the answers
// of a device. It knows what it is given; it reads no store and no clock.
package console

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"net/url"
	"strings"

	"cairn/releases"
	"cairn/templates/edge/javascript"
)

var (
	//go:embed page.html.tmpl
	page string
	//go:embed style.css
	style string
	//go:embed model.js
	model string
	//go:embed device.js
	device string
	//go:embed draw.js
	draw string
	//go:embed plan.js
	plan string
	//go:embed page.js
	behaviour string

	tmpl = template.Must(template.New("page").Parse(page))
)

// Page is the page of a fleet. The same Model gives the same bytes.
func Page(m *Model) ([]byte, error) {
	data, err := json.Marshal(m) // with <, > and & escaped, so that no text ends the element
	if err != nil {
		return nil, err
	}
	script := script(m.Project.Order)
	var out bytes.Buffer
	err = tmpl.Execute(&out, map[string]any{
		"Slug":     m.Project.Slug,
		"Policy":   policy(script, style, m.Project.BaseURL),
		"Style":    template.CSS(style),
		"Adoption": m.Adoption,
		"Model":    template.JS(data),
		"Script":   template.JS(script),
	})
	return out.Bytes(), err
}

// script is what the page runs: a module, so that it runs from file: too.
func script(order releases.Order) string {
	shared := javascript.Device(true) + javascript.Versions(order)
	return "const edge = (() => {\n" + shared + "return { hash, xxh64, escape, takes };\n})();\n" + strings.Join([]string{model, device, draw, plan, behaviour}, "\n")
}

// policy is the Content-Security-Policy of the page: it runs what it came with,
// and speaks to where the answers are.
func policy(script, style, base string) string {
	hash := func(text string) string {
		sum := sha256.Sum256([]byte(text))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return fmt.Sprintf("default-src 'none'; img-src data:; script-src %s; style-src %s; connect-src 'self' %s; base-uri 'none'; form-action 'none'",
		hash(script), hash(style), origin(base))
}

func origin(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
