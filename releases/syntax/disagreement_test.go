package syntax

import (
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
)

// TestDisagreement has keys of a decoder that reads otherwise than the scanner.
func TestDisagreement(t *testing.T) {
	d, err := Parse([]byte("a = 1\n[[b]]\nc.d = [ { e = 2 } ]\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		keys []toml.Key
		at   int // -1 for no disagreement
	}{
		{[]toml.Key{{"a"}, {"b"}, {"b", "c", "d"}, {"b", "c", "d", "e"}}, -1},
		{[]toml.Key{{"a"}, {"b"}, {"b", "c"}, {"b", "c", "d", "e"}}, 12},
		{[]toml.Key{{"a"}, {"b"}, {"b", "c", "d"}}, 22},
		{[]toml.Key{{"a"}, {"b"}, {"b", "c", "d"}, {"b", "c", "d", "e"}, {"f"}}, 22},
		{nil, 0},
	} {
		e := disagreement(d.Items, row.keys)
		if (e == nil) != (row.at < 0) || e != nil && (e.Offset != row.at || !strings.Contains(e.Hint, "report")) {
			t.Errorf("%v: %+v, want %d", row.keys, e, row.at)
		}
	}
}
