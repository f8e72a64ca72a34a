package releases

import (
	"bytes"
	"errors"
	"testing"
	"testing/fstest"
	"unicode/utf8"
)

// FuzzLoad has any bytes for definitions: nothing panics, and every fault
// has a place that exists, with the line that stands there.
func FuzzLoad(f *testing.F) {
	const project = "[project]\nslug = \"demo\"\nbase_url = \"https://x.example\"\n"
	for _, seed := range [][3]string{
		{project, "version = \"1.0.0\"\n[payload.main.mp]\nfile = \"a.bin\"\n", "devices = [\"SN-1\"]\n[activate.\"1.0.0\"]\nrollout = 10\n"},
		{project + "version_order = \"natural\"\n[cache]\nanswers = \"1h\"\n[guard]\nmax_deletes = nan\n[prices]\nput = -inf\ncurrency = \"\"", "version = \"1\"\n[delta.main.mp.\"0\"]\nurl = \"http://x/y\"\nsize = 1\n", "[activate.1.0]\n"},
		{"\uFEFF" + project, "[extra_info]\nx = [nan,\r\n inf]\r\n", "[[activate.\"1\".rollout]]\nat = 2026-12-01T09:00:00\npercent = 1\n"},
		{"a = { b = 1,\n b = 2 }", "version = \"é\u0007\"\npayload.main.mp.file = '../../x'", "devices_file = \"../releases/a.bin\"\ndevices = [\"é\", 1, []]"},
		{"é = 1", "\xff", "x = \"\xc3\x28\""},
		{"\"é", "\"\x80\x80", "x ="},
		{"\"é", "\"\x80\x80", "x\x00=\x00"},
	} {
		f.Add([]byte(seed[0]), []byte(seed[1]), []byte(seed[2]))
	}
	f.Fuzz(func(t *testing.T, project, release, cohort []byte) {
		fsys := fstest.MapFS{
			"cairn.toml":        {Data: project},
			"releases/r.toml":   {Data: release},
			"releases/a.bin":    {Data: []byte("abc\n\n d e #\r\nSN-1")},
			"cohorts/beta.toml": {Data: cohort},
		}
		fleet, err := Load(fsys)
		if err == nil {
			if fleet.Cohort(DefaultCohort) == nil {
				t.Error("no default cohort")
			}
			return
		}
		var faults Faults
		if !errors.As(err, &faults) || fleet != nil || len(faults) == 0 {
			t.Fatalf("fleet %v, error %v", fleet, err)
		}
		for i, fault := range faults {
			if fault.Message == "" || fault.Hint == "" || fault.Place.Line < 1 || fault.Place.Column < 1 || fsys[fault.Place.File] == nil {
				t.Fatalf("%+v", fault)
			}
			if i > 0 && *fault == *faults[i-1] {
				t.Errorf("twice: %+v", fault)
			}
			if !utf8.ValidString(fault.Error()) {
				t.Errorf("not UTF-8: %q", fault.Error())
			}
			if isUTF16(fsys[fault.Place.File].Data) {
				continue // it has no line to show
			}
			text := bytes.TrimPrefix(fsys[fault.Place.File].Data, []byte("\uFEFF"))
			lines := bytes.Split(text, []byte("\n"))
			if fault.Place.Line > len(lines) {
				t.Fatalf("%s has %d lines: %+v", fault.Place.File, len(lines), fault)
			}
			line := lines[fault.Place.Line-1]
			if fault.Place.Column > 1+utf8.RuneCount(line) || fault.Source != excerpt(string(line), fault.Place.Column-1) {
				t.Errorf("line %q: %+v", line, fault)
			}
		}
	})
}
