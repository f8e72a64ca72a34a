package main

import (
	"bytes"
	"encoding/xml"
	"net/url"
	"strings"
	"testing"
	"time"

	"cairn/releases"
	"cairn/templates/console"
)

// node is any XML element.
type node struct {
	XMLName  xml.Name
	Text     string `xml:",chardata"`
	Children []node `xml:",any"`
}

func (n *node) all(name string) (all []node) {
	for _, c := range n.Children {
		if c.XMLName == (xml.Name{Space: "http://www.w3.org/2005/Atom", Local: name}) {
			all = append(all, c)
		}
	}
	return all
}

// TestAtomHasWhatItMustHave holds feeds to RFC 4287, sections 4.1.1 and 4.1.2: one
// id, title and updated in the feed and in each entry, an author for all of them,
// a content or an alternate link for each entry, absolute and distinct ids.
func TestAtomHasWhatItMustHave(t *testing.T) {
	p := releases.Project{Slug: "fridges", Prefix: "ota/fridges", BaseURL: "https://ota.example.com"}
	last := time.Date(2026, 12, 2, 13, 0, 0, 0, time.FixedZone("", 3600))
	edits := []console.Edit{
		{At: last.Unix(), Commit: "c3", Subject: "Stop <it> & \x01 \u2028", Changes: []string{"1.1.0, default: aborted: stalls & \x02 <b>", "1.1.0, default: 10 → 0 %"}},
		{At: last.Unix() - 60, Commit: "c2", Subject: "A comment", Changes: []string{}},
		{At: last.Unix() - 120, Commit: "c1", Subject: "Begin", Changes: []string{"1.1.0, default: 0 → 10 %"}},
	}
	for _, edits := range [][]console.Edit{edits, nil} {
		text := atom(p, last, edits)
		if !bytes.Equal(text, atom(p, last, edits)) {
			t.Error("another time it is another feed")
		}
		var feed node
		if err := xml.Unmarshal(text, &feed); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		entries := feed.all("entry")
		if len(edits) > 0 && len(entries) != 2 {
			t.Errorf("%d entries", len(entries))
		}
		if names := feed.all("author"); len(names) != 1 || len(names[0].all("name")) != 1 || names[0].all("name")[0].Text != "fridges" {
			t.Errorf("the author is %v", names)
		}
		ids := map[string]bool{}
		for _, of := range append([]node{feed}, entries...) {
			for _, name := range []string{"id", "title", "updated"} {
				if found := of.all(name); len(found) != 1 || strings.TrimSpace(found[0].Text) == "" {
					t.Fatalf("%s has %d %s", of.XMLName.Local, len(found), name)
				}
			}
			id := of.all("id")[0].Text
			if u, err := url.Parse(id); err != nil || !u.IsAbs() || ids[id] {
				t.Errorf("id %q: %v", id, err)
			}
			ids[id] = true
			if at, err := time.Parse(time.RFC3339, of.all("updated")[0].Text); err != nil || at.After(last) {
				t.Errorf("updated: %v, %v", at, err)
			}
			if of.XMLName.Local == "entry" && len(of.all("content")) != 1 {
				t.Errorf("entry %s has no content", id)
			}
		}
		if got := feed.all("updated")[0].Text; got != "2026-12-02T12:00:00Z" {
			t.Errorf("updated %s", got)
		}
	}
}
