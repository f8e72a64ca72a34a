package syntax_test

import (
	"testing"

	"cairn/releases/syntax"

	"github.com/BurntSushi/toml"
)

func FuzzWrite(f *testing.F) {
	f.Add("1.0.0", "a")
	f.Add("", "é \\ \" '\n\t\r\x00\x1f\x7f\u0085\u2028")
	f.Add("…", "𝄞-_9")
	f.Fuzz(func(t *testing.T, a, b string) {
		a, b = string([]rune(a)), string([]rune(b))
		d, err := syntax.Parse([]byte(syntax.Path("x"+a, b) + " = " + syntax.String(a)))
		if err != nil {
			t.Fatalf("%q %q: %v", a, b, err)
		}
		if got := syntax.At(d.Values, "x"+a, b); got != a {
			t.Errorf("%q at %q is %q", a, b, got)
		}
		if _, err := toml.Decode("["+syntax.Path(a, b)+"]", &map[string]any{}); err != nil {
			t.Error(err)
		}
	})
}

func TestPath(t *testing.T) {
	if got := syntax.Path("activate", "1.1.0", "ä", "x-y", "2"); got != `activate."1.1.0"."ä".x-y."2"` {
		t.Error(got)
	}
}
