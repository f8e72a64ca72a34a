package releases

import "strconv"

// Place is where a value of the definitions stands in a file, and the line that
// it is on. The path leads to it through tables by key and through arrays by
// index: "activate", "1.1.0", "rollout", "0", "at". Where it leads nowhere, the
// place is that of the last value on the way. A fleet that was not loaded knows
// no places.
func (f *Fleet) Place(file string, path ...string) (Place, string) {
	doc := f.documents[file]
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
