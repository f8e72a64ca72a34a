package releases_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"cairn/releases"
)

const elsewhere = `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
[publish]
endpoint = "https://s3.example.com"
region = "eu-test-1"
`

func inBucket(key string, list []byte) string {
	return fmt.Sprintf("-- cohorts/alpha.toml --\ndevices_file = \"s3://fleet-lists/%s\"\ndevices_sha256 = \"%x\"\n[activate.\"1.0.0\"]\n", key, sha256.Sum256(list))
}

// stored is a bucket with one list.
func stored(want releases.List, content []byte) releases.Lists {
	return func(list releases.List) ([]byte, string, error) {
		if list != want {
			return nil, "", fmt.Errorf("asked for %+v, want %+v", list, want)
		}
		return content, fmt.Sprintf("%x", sha256.Sum256(content)), nil
	}
}

func TestListsInBuckets(t *testing.T) {
	for _, key := range []string{"alpha.txt", "2026/alpha.txt.gz", "alpha.zst"} {
		content := []byte("SN-8 # Ann's\n\nSN-9\n")
		if releases.Packed(key) {
			content = packed(t, key, string(content))
		}
		digest := fmt.Sprintf("%x", sha256.Sum256(content))
		list := releases.List{Bucket: "fleet-lists", Key: key, SHA256: digest, Endpoint: "https://s3.example.com", Region: "eu-test-1"}
		files := project(sound, elsewhere, inBucket(key, content))
		f, err := releases.Source{Files: files, Lists: stored(list, content)}.Load()
		if err != nil {
			t.Fatal(err)
		}
		alpha := f.Cohort("alpha")
		if got := slices.Collect(alpha.Devices.Serials()); !slices.Equal(got, []string{"SN-8", "SN-9"}) {
			t.Errorf("%s lists %q", key, got)
		}
		if _, i := f.CohortOf("SN-9"); alpha.Place(i).String() != list.String()+":3" {
			t.Errorf("SN-9 is in %s", alpha.Place(i))
		}
		if alpha.DevicesFile != "s3://fleet-lists/"+key || alpha.DevicesSHA256 != digest {
			t.Errorf("the list is %s of %s", alpha.DevicesFile, alpha.DevicesSHA256)
		}
		outline, err := releases.Outline(files)
		if err != nil {
			t.Fatal(err)
		}
		if alpha := outline.Cohort("alpha"); alpha.Devices.Len() != 0 || alpha.DevicesFile != list.String() || alpha.DevicesSHA256 != digest {
			t.Errorf("the outline has %+v", alpha)
		}
	}
}

// TestListsThatCannotBeRead holds up all but a stop.
func TestListsThatCannotBeRead(t *testing.T) {
	content := []byte("SN-8\n")
	digest := fmt.Sprintf("%x", sha256.Sum256(content))
	const place = "cohorts/alpha.toml:1:16: devices_file \"s3://fleet-lists/alpha.txt\""
	for what, row := range map[string]struct {
		content []byte
		err     error
		want    []string
	}{
		"another digest": {[]byte("SN-9\n"), nil, []string{
			"cohorts/alpha.toml:2:18: devices_file \"s3://fleet-lists/alpha.txt\" has sha256 " + fmt.Sprintf("%x", sha256.Sum256([]byte("SN-9\n"))) + ", not " + digest,
			"aws s3 cp 's3://fleet-lists/alpha.txt' - --endpoint-url https://s3.example.com | sha256sum"}},
		"no object":  {nil, fmt.Errorf("gone: %w", fs.ErrNotExist), []string{place + ": no such object"}},
		"no answer":  {nil, errors.New("nobody is there"), []string{place + ": nobody is there", "cairn help environment"}},
		"no UTF-8":   {[]byte("\xff\xfeS\x00N\x00"), nil, []string{place + ": the text is UTF-16", "iconv"}},
		"no serials": {[]byte("SN-8\nSN 9\n"), nil, []string{"s3://fleet-lists/alpha.txt:2:1: \"SN 9\" is no device serial"}},
	} {
		t.Run(what, func(t *testing.T) {
			stated := content
			if row.content != nil && what != "another digest" {
				stated = row.content
			}
			source := releases.Source{Files: project(sound, elsewhere, inBucket("alpha.txt", stated)), Lists: func(releases.List) ([]byte, string, error) {
				return row.content, fmt.Sprintf("%x", sha256.Sum256(row.content)), row.err
			}}
			_, err := source.Load()
			f, faults, stop := source.LoadToStop([]string{"cohorts/alpha.toml"})
			for _, want := range row.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%v, want %q", err, want)
				}
			}
			if stop != nil || f.Cohort("alpha").Partial || f.Cohort("alpha").Unread != (what != "no serials") || len(f.Cohort("alpha").Activations) != 1 || err == nil || faults.Error() != err.Error() {
				t.Errorf("a stop is held up: %v, beside %v", stop, faults)
			}
		})
	}
}

func TestListsNobodyReads(t *testing.T) {
	unasked := func(releases.List) ([]byte, string, error) { panic("it is asked for") }
	list := inBucket("alpha.txt", nil)
	for what, row := range map[string]struct {
		source releases.Source
		want   string
	}{
		"without lists":           {releases.Source{Files: project(sound, list)}, "no list in a bucket is read here"},
		"of nobody knows whom":    {releases.Source{Files: project(sound, "-- cairn.toml --\n[publish]\nendpoint = 1\n", list), Lists: unasked}, "cairn.toml:2:12: endpoint is an integer"},
		"without a digest":        {releases.Source{Files: project(sound, "-- cohorts/alpha.toml --\ndevices_file = \"s3://fleet-lists/a.txt\"\n"), Lists: unasked}, "cohorts/alpha.toml:1:16: devices_file \"s3://fleet-lists/a.txt\" has no devices_sha256"},
		"with what is no digest":  {releases.Source{Files: project(sound, strings.Replace(list, "sha256 = \"", "sha256 = \"0x", 1)), Lists: unasked}, "cohorts/alpha.toml:2:18: devices_sha256 is not 64 hex digits"},
		"of no bucket":            {releases.Source{Files: project(sound, strings.Replace(list, "fleet-lists", "Fleet_Lists", 1)), Lists: unasked}, "cohorts/alpha.toml:1:16: devices_file \"s3://Fleet_Lists/alpha.txt\": S3 has no bucket \"Fleet_Lists\""},
		"of no object":            {releases.Source{Files: project(sound, strings.Replace(list, "/alpha.txt", "/", 1)), Lists: unasked}, "cohorts/alpha.toml:1:16: devices_file \"s3://fleet-lists/\" names no object"},
		"of the devices unlisted": {releases.Source{Files: project(sound, strings.Replace(list, "alpha.toml", "default.toml", 1)), Lists: func(releases.List) ([]byte, string, error) { return nil, fmt.Sprintf("%x", sha256.Sum256(nil)), nil }}, "cohorts/default.toml:1:16: cohort default lists devices"},
	} {
		if _, err := row.source.Load(); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want %q", what, err, row.want)
		}
	}
}

func TestDigestOfAListInTheFolder(t *testing.T) {
	content := packed(t, "alpha.txt.gz", "SN-8\n")
	for _, row := range []struct {
		of   []byte
		want string
	}{
		{content, ""},
		{bytes.ToUpper(content), fmt.Sprintf("cohorts/alpha.toml:2:18: devices_file \"alpha.txt.gz\" has sha256 %x, not ", sha256.Sum256(content))},
	} {
		files := withPacked("alpha.txt.gz", content)
		files["cohorts/alpha.toml"].Data = fmt.Appendf(nil, "devices_file = \"alpha.txt.gz\"\ndevices_sha256 = \"%X\"\n", sha256.Sum256(row.of))
		if _, err := releases.Load(files); err != nil != (row.want != "") || err != nil && !strings.Contains(err.Error(), row.want) {
			t.Errorf("%v, want %q", err, row.want)
		}
	}
}
