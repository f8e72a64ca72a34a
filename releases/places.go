package releases

import (
	"io/fs"
	"strconv"
)

// Places finds where in its files a definition stands. It reads each file
// again that it is asked about, once.
type Places struct {
	fsys fs.FS
	docs map[string]*table
}

// NewPlaces is for the folder that a fleet was loaded from.
func NewPlaces(fsys fs.FS) *Places { return &Places{fsys, map[string]*table{}} }

// Find gives the place of a value, and the line that it is on. The path leads
// to it through tables by key and through arrays by index: "activate", "1.1.0",
// "rollout", "0", "at". Where it leads nowhere, the place is that of the last
// value on the way.
func (p *Places) Find(file string, path ...string) (Place, string) {
	doc := p.document(file)
	if doc == nil {
		return Place{file, 1, 1}, ""
	}
	n := doc.node
	for _, key := range path {
		next := n.at(key)
		if i, err := strconv.Atoi(key); err == nil && next == nil {
			next = n.at(i)
		}
		if next == nil {
			break
		}
		n = next
	}
	return doc.locate(n.offset)
}

func (p *Places) document(name string) *table {
	doc, known := p.docs[name]
	if !known {
		l := loader{fsys: p.fsys}
		doc = l.document(name, "")
		p.docs[name] = doc
	}
	return doc
}
