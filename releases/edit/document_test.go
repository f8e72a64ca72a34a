package edit

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDocument(t *testing.T) {
	const steps = `# Kitchens.
[activate."1.0.0"]

# The new one.
[activate."1.1.0"]
rollout = [
  { at = 2026-12-01T09:00:00Z, percent = 1 },  # Tuesday
]
seed = "x"

# The end.
`
	tests := []struct {
		name, before string
		edit         func(d *Document) error
		after        string
	}{
		{"a value, whose comment stays", "a = 1 # one\nb = 2\n",
			func(d *Document) error { return d.Set("3", "a") }, "a = 3 # one\nb = 2\n"},
		{"a value over lines", steps,
			func(d *Document) error { return d.Set("10", "activate", "1.1.0", "rollout") }, `# Kitchens.
[activate."1.0.0"]

# The new one.
[activate."1.1.0"]
rollout = 10
seed = "x"

# The end.
`},
		{"a value in an array", steps,
			func(d *Document) error { return d.Set("2", "activate", "1.1.0", "rollout", 0, "percent") }, `# Kitchens.
[activate."1.0.0"]

# The new one.
[activate."1.1.0"]
rollout = [
  { at = 2026-12-01T09:00:00Z, percent = 2 },  # Tuesday
]
seed = "x"

# The end.
`},
		{"a key in an empty table", steps,
			func(d *Document) error { return d.Set(`"no"`, "activate", "1.0.0", "aborted") }, `# Kitchens.
[activate."1.0.0"]
aborted = "no"

# The new one.
[activate."1.1.0"]
rollout = [
  { at = 2026-12-01T09:00:00Z, percent = 1 },  # Tuesday
]
seed = "x"

# The end.
`},
		{"a key above the first table", steps,
			func(d *Document) error { return d.Set(`["A"]`, "devices") }, `# Kitchens.
devices = ["A"]

[activate."1.0.0"]

# The new one.
[activate."1.1.0"]
rollout = [
  { at = 2026-12-01T09:00:00Z, percent = 1 },  # Tuesday
]
seed = "x"

# The end.
`},
		{"a table beside its kin", steps,
			func(d *Document) error { return d.Table("activate", "1.2.0") }, `# Kitchens.
[activate."1.0.0"]

# The new one.
[activate."1.1.0"]
rollout = [
  { at = 2026-12-01T09:00:00Z, percent = 1 },  # Tuesday
]
seed = "x"

[activate."1.2.0"]

# The end.
`},
		{"without a table", steps,
			func(d *Document) error { return d.Remove("activate", "1.1.0") }, `# Kitchens.
[activate."1.0.0"]

# The end.
`},
		{"without the first table", steps,
			func(d *Document) error { return d.Remove("activate", "1.0.0") }, `# Kitchens.

# The new one.
[activate."1.1.0"]
rollout = [
  { at = 2026-12-01T09:00:00Z, percent = 1 },  # Tuesday
]
seed = "x"

# The end.
`},
		{"inline tables", "activate = { \"1\" = {}, \"2\" = { seed = \"x\" } }\n",
			func(d *Document) error {
				return first(d.Set("1", "activate", "1", "rollout"), d.Set("2", "activate", "2", "rollout"), d.Set("3", "activate", "3", "rollout"), d.Remove("activate", "2"))
			}, "activate = { \"1\" = { rollout = 1 }, \"3\" = { rollout = 3 } }\n"},
		{"dotted keys", "activate.\"1\".seed = \"x\"  # y\nz = 1\n",
			func(d *Document) error { return d.Set("1", "activate", "1", "rollout") }, "activate.\"1\".seed = \"x\"  # y\nactivate.\"1\".rollout = 1\nz = 1\n"},
		{"an array of tables becomes a value", "[a.b]\nk = 1\n[[a.b.rollout]]\npercent = 1\n[[a.b.rollout]]\npercent = 2\n",
			func(d *Document) error { return d.Set("1", "a", "b", "rollout") }, "[a.b]\nk = 1\nrollout = 1\n"},
		{"an empty file", "", func(d *Document) error { return d.Set("1", "a", "b.c", "d") }, "[a.\"b.c\"]\nd = 1\n"},
		{"no line break at the end", "a = 1", func(d *Document) error { return d.Set("1", "b") }, "a = 1\nb = 1\n"},
		{"line breaks of two bytes", "a = 1\r\n[b]\r\n", func(d *Document) error { return first(d.Set("1", "b", "c"), d.Set("2", "d", "e")) },
			"a = 1\r\n[b]\r\nc = 1\r\n\r\n[d]\r\ne = 2\r\n"},
		{"elements on one line", `a = ["x", "y"]` + "\n", func(d *Document) error { return d.Append([]string{`"z"`}, "a") }, `a = ["x", "y", "z"]` + "\n"},
		{"many elements to one line", `a = ["x"]` + "\n", func(d *Document) error { return d.Append([]string{"1", "2", "3", "4", "5"}, "a") }, "a = [\"x\",\n  1,\n  2,\n  3,\n  4,\n  5]\n"},
		{"many elements to none", "a = []\r\n", func(d *Document) error { return d.Append([]string{"1", "2", "3", "4", "5"}, "a") }, "a = [\r\n  1,\r\n  2,\r\n  3,\r\n  4,\r\n  5,\r\n]\r\n"},
		{"elements on lines", "a = [\n  \"x\", # 1\n  \"y\"  # 2\n]\n", func(d *Document) error { return d.Append([]string{`"z"`, `"w"`}, "a") },
			"a = [\n  \"x\", # 1\n  \"y\",  # 2\n  \"z\",\n  \"w\"\n]\n"},
		{"elements on lines with commas", "a = [\n\t\"x\",\n]\n", func(d *Document) error { return d.Append([]string{`"z"`}, "a") }, "a = [\n\t\"x\",\n\t\"z\",\n]\n"},
		{"an empty array", "a = []\n", func(d *Document) error { return d.Append([]string{"1", "2"}, "a") }, "a = [1, 2]\n"},
		{"an empty array over lines", "a = [\n  # none yet\n]\n", func(d *Document) error { return d.Append([]string{"1", "2"}, "a") }, "a = [\n  1,\n  2,\n  # none yet\n]\n"},
		{"without elements of a line", `a = ["x", "y", "z"]` + "\n", func(d *Document) error {
			return d.Drop(func(i int) bool { return i > 0 }, "a")
		}, `a = ["x"]` + "\n"},
		{"without elements on lines", "a = [\n  \"x\", # 1\n  \"y\", # 2\n  \"z\" # 3\n]\n", func(d *Document) error {
			return d.Drop(func(i int) bool { return i != 1 }, "a")
		}, "a = [\n  \"y\", # 2\n]\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, err := Parse([]byte(tt.before))
			if err != nil {
				t.Fatal(err)
			}
			if err := tt.edit(d); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.after, string(d.Bytes())); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
