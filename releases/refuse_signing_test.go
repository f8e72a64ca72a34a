package releases_test

import (
	"bytes"
	"strings"
	"testing"

	"cairn/releases"
	"cairn/releases/signing"
)

const keyName = "ota.example.com/demo"

func signer(name string, b byte) *signing.Private {
	return signing.NewPrivate(name, bytes.Repeat([]byte{b}, 32))
}

// keysFile is a statement of one online key, signed by some roots.
func keysFile(roots ...*signing.Private) string {
	online := signer(keyName, 11)
	n := &signing.Note{Text: (&signing.Keys{Origin: keyName, Generation: 1, Threshold: 1, Issued: 1796731200, Expires: 1828353600, Online: []signing.Key{online.Key}}).Text()}
	for _, r := range roots {
		if err := n.Add([]signing.Key{r.Key}, r.Sign(n.Text)); err != nil {
			panic(err)
		}
	}
	return "-- signing/keys.txt --\n" + string(n.Bytes())
}

func withSigning(lines string) string {
	return `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
[signing]
` + lines + "\n"
}

func TestRefuseSigning(t *testing.T) {
	root, spare := signer(keyName+"/root", 1), signer(keyName+"/root", 2)
	one, both := `roots = ["`+root.Key.String()+`"]`, `roots = ["`+root.Key.String()+`", "`+spare.Key.String()+`"]`
	foreign := signer("ota.example.com/toaster/root", 1)
	refuse(t, []refusal{
		{"sound", withSigning(one) + keysFile(root), ""},
		{"sound, by the spare", withSigning(both) + keysFile(spare), ""},
		{"sound, by both", withSigning(both+"\nroot_threshold = 2") + keysFile(spare, root), ""},
		{"nothing in it", withSigning("") + keysFile(root), `
cairn.toml:4:2: [signing] has no roots
hint: cairn keys init
`},
		{"no root", withSigning("roots = []"), `
cairn.toml:5:9: roots has 0 keys
hint: 1 to 3
`},
		{"no key", withSigning(`roots = ["abc", 7]`), `
cairn.toml:5:10: "abc" is no public key
hint: cairn keys init
cairn.toml:5:17: a root is an integer, not a string
hint: cairn keys init
`},
		{"a private key", withSigning(`roots = ["` + root.Encode() + `"]`), `
cairn.toml:5:10: it is a private key
hint: cairn keys init
`},
		{"a root of another project", withSigning(`roots = ["`+foreign.Key.String()+`"]`) + keysFile(root), `
cairn.toml:5:10: the root is called ota.example.com/toaster/root, … ota.example.com/demo/root
hint: base_url … cairn keys init
`},
		{"a root twice", withSigning(`roots = ["`+root.Key.String()+`", "`+root.Key.String()+`"]`) + keysFile(root), `
cairn.toml:5:93: the root 34d5440f stands there twice
hint: take it out
`},
		{"root_threshold over roots", withSigning(one+"\nroot_threshold = 2") + keysFile(root), `
cairn.toml:6:18: root_threshold 2 is outside 1 to 1
hint: 2 of 3
`},
		{"valid under 4 times renew", withSigning(one+"\nvalid = \"7d\"\nrenew = \"48h\"") + keysFile(root), `
cairn.toml:6:9: valid is under 4 times renew
hint: valid = "14d" … renew = "2d"
`},
		{"renew over the default of valid", withSigning(one+"\nrenew = \"4d\"") + keysFile(root), `
cairn.toml:4:2: valid is under 4 times renew
hint: valid = "14d"
`},
		{"no lifetimes", withSigning(one+"\nvalid = \"fortnight\"\nrenew = \"0d\"") + keysFile(root), `
cairn.toml:6:9: valid "fortnight" is no lifetime
hint: "14d"
cairn.toml:7:9: renew "0d" is no lifetime
hint: "36h"
`},
		{"no statement", withSigning(one), `
cairn.toml:4:2: keys "signing/keys.txt": no such file
hint: 'cairn keys init'
`},
		{"a statement outside", withSigning(one + "\nkeys = \"../keys.txt\""), `
cairn.toml:6:8: path "../keys.txt" leads out of the project folder
hint: name a file
`},
		{"a statement by another root", withSigning(one) + keysFile(spare), `
signing/keys.txt:1:1: it is signed by 0 of the keys that count, and needs 1
hint: cairn keys sign --root FILE
`},
		{"a statement by one of two", withSigning(both+"\nroot_threshold = 2") + keysFile(spare), `
signing/keys.txt:1:1: it is signed by 1 of the keys that count, and needs 2
hint: cairn keys sign --root FILE
`},
		{"a statement that was edited", withSigning(one) + strings.Replace(keysFile(root), "1828353600", "1928353600", 1), `
signing/keys.txt:1:1: the signature by ota.example.com/demo/root+34d5440f is wrong
hint: from git … cairn keys rotate
`},
		{"an unknown key", withSigning(one+"\nthreshold = 1") + keysFile(root), `
cairn.toml:6:1: unknown key "threshold" in [signing]
hint: known here: command, keys, renew, root_threshold, roots, valid
`},
	})
}

// TestRefusePrivateRoot sees that a private key, in the place of a public one, is
// not printed.
func TestRefusePrivateRoot(t *testing.T) {
	secret := signer(keyName+"/root", 1).Encode()
	_, err := releases.Load(project(sound, withSigning(`roots = ["`+secret+`"]`)))
	if err == nil || strings.Contains(err.Error(), secret[len(secret)-20:]) {
		t.Errorf("%v", err)
	}
}

// TestKeyName has base URLs and prefixes, and what keys are called then.
func TestKeyName(t *testing.T) {
	for _, c := range [][3]string{
		{"https://ota.example.com", "demo", "ota.example.com/demo"},
		{"http://ota.example.com:8080", "a/b", "ota.example.com:8080/a/b"},
		{"https://cdn.example.com/demo", "demo", "cdn.example.com/demo"},
		{"https://cdn.example.com/xdemo", "demo", "cdn.example.com/xdemo/demo"},
		{"https://demo", "demo", "demo/demo"},
	} {
		if got := (&releases.Project{BaseURL: c[0], Prefix: c[1]}).KeyName(); got != c[2] {
			t.Errorf("%v: %s", c, got)
		}
	}
}
