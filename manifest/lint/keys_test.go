package lint_test

import (
	"bytes"
	"testing"
	"time"

	"cairn/releases/signing"
)

// signedProject is a project whose keys expire at some time.
func signedProject(t *testing.T, expires time.Time) string {
	const origin = "ota.example.com/demo"
	root := signing.NewPrivate(signing.RootName(origin), bytes.Repeat([]byte{1}, 32))
	online := signing.NewPrivate(origin, bytes.Repeat([]byte{11}, 32))
	keys := &signing.Keys{Origin: origin, Generation: 1, Threshold: 1, Expires: uint32(expires.Unix()), Online: []signing.Key{online.Key}}
	n := &signing.Note{Text: keys.Text()}
	if err := n.Add([]signing.Key{root.Key}, root.Sign(n.Text)); err != nil {
		t.Fatal(err)
	}
	return `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
[signing]
roots = ["` + root.Key.String() + `"]
keys = "keys.txt"
-- keys.txt --
` + string(n.Bytes())
}

// TestKeysExpire has keys that are over at some time after the tests.
func TestKeysExpire(t *testing.T) {
	files := func(expires time.Time) string { return signedProject(t, expires) }
	at := func(verb, day string) string {
		return `
cairn.toml:6:8: warning[keys-expire]: keys.txt ` + verb + " on " + day + `: devices that know the time take no update from then on
  6 | keys = "keys.txt"
hint: where the root key is: cairn keys rotate --root FILE
`
	}
	warn(t, []warning{
		{"in 61 days", files(tuesday.AddDate(0, 0, 61)), ""},
		{"in 60 days", files(tuesday.AddDate(0, 0, 60)), at("expires", "2027-01-30")},
		{"yesterday", files(tuesday.AddDate(0, 0, -1)), at("expired", "2026-11-30")},
	})
}
