package signing_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"cairn/releases/signing"

	"golang.org/x/mod/sumdb/note"
)

const origin = "ota.example.com/smartfridge"

// key is a private key of 32 equal bytes.
func key(name string, b byte) *signing.Private {
	return signing.NewPrivate(name, bytes.Repeat([]byte{b}, ed25519.SeedSize))
}

var (
	root, spare, third = key(origin+"/root", 1), key(origin+"/root", 2), key(origin+"/root", 3)
	online, second     = key(origin, 11), key(origin, 12)
	stranger           = key("other.example.com", 13)
)

// The example of the contract.
const (
	contractHead = `cairn head 1
ota.example.com/smartfridge
1 1796731200 1796731200 1797940800
nYCrbggMc9Enyv/ArSVi15oiTzpcYlIT5MQb4hPFy4s=
JcTQcttkPyJZROHNno9YJN0HjxOUuuvDJrNZ9JoQkpE=

— ota.example.com/smartfridge BUWPSylMzb18RSndvfS4P9USMAF3Fo0G+JawChXPyCNgyqXUgG5oeI7V+Ncty9dN+GHBTlWtvHyRdJrbS2Sdt6l0pAs=
`
	contractKeys = `cairn keys 1
ota.example.com/smartfridge
1 1 1796731200 1828353600
BUWPS2a+fjMsekUzMr2dCn99sFX1xe8aBq2mbZizn7aBDEc6

— ota.example.com/smartfridge/root u2bO5USiUeO5R0ZDZHB2eYZSrrERMa3kZjyWuDlKBfohoIFXo9DpXE+tFoEur+XLgdQuJhQSvD9BCyXrH+JFeMgbpQ0=
`
)

func publics(keys ...*signing.Private) (of []signing.Key) {
	for _, k := range keys {
		of = append(of, k.Key)
	}
	return of
}

func noteBy(text []byte, keys ...*signing.Private) []byte {
	n := &signing.Note{Text: text}
	for _, k := range keys {
		n.Signatures = append(n.Signatures, signing.Signature{Name: k.Name, ID: k.ID, Bytes: k.Sign(text)})
	}
	return n.Bytes()
}

func statement(generation, threshold uint32, keys ...*signing.Private) *signing.Keys {
	return &signing.Keys{Origin: origin, Generation: generation, Threshold: threshold, Issued: 1796731200, Expires: 1828353600, Online: publics(keys...)}
}

// TestContract has the bytes that the contract states.
func TestContract(t *testing.T) {
	keys, err := signing.OpenKeys([]byte(contractKeys), publics(root), 1)
	if err != nil {
		t.Fatal(err)
	}
	if got := noteBy(statement(1, 1, online).Text(), root); string(got) != contractKeys || !bytes.Equal(keys.Text(), statement(1, 1, online).Text()) {
		t.Errorf("keys.txt is\n%s", got)
	}
	head, err := keys.OpenHead([]byte(contractHead))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := keys.SignedNote(head.Text(), online.Sign(head.Text())); err != nil || string(got) != contractHead {
		t.Errorf("head.txt is\n%s%v", got, err)
	}
	if len(contractHead) != 292 || len(contractKeys) != 247 {
		t.Errorf("%d and %d bytes", len(contractHead), len(contractKeys))
	}
}

func verifiers(t *testing.T, keys []signing.Key) note.Verifiers {
	t.Helper()
	var list []note.Verifier
	for _, k := range keys {
		v, err := note.NewVerifier(k.String())
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, v)
	}
	return note.VerifierList(list...)
}

// TestNotesOfOthers has Go's notes as the oracle, both ways: it reads what is
// written here, and what it signs and accepts is accepted here, and no other.
func TestNotesOfOthers(t *testing.T) {
	for _, k := range []*signing.Private{root, online, stranger} {
		signer, err := note.NewSigner(k.Encode())
		if err != nil {
			t.Fatal(err)
		}
		signed, err := note.Sign(&note.Note{Text: string(statement(1, 1, online).Text())}, signer)
		if want := noteBy(statement(1, 1, online).Text(), k); err != nil || !bytes.Equal(signed, want) {
			t.Errorf("%s signs\n%s%v\nwant\n%s", k, signed, err, want)
		}
		again, err := signing.ParsePrivate(k.Encode() + "\n")
		if err != nil || again.String() != k.String() {
			t.Errorf("%v, %v", again, err)
		}
		if vkey, err := signing.ParseKey(k.String()); err != nil || !vkey.Is(k.Key) {
			t.Errorf("%v, %v", vkey, err)
		}
	}

	known := publics(online, second)
	oracle := verifiers(t, known)
	r := rand.New(rand.NewPCG(1, 2))
	signers := []*signing.Private{online, second, root, stranger}
	accepted := 0
	const rounds = 4000
	for range rounds {
		var by []*signing.Private
		for range r.IntN(5) {
			by = append(by, signers[r.IntN(len(signers))])
		}
		b := noteBy([]byte("a\nline "+strings.Repeat("x", r.IntN(4))+"\n"), by...)
		for range r.IntN(3) {
			switch i := r.IntN(len(b)); r.IntN(4) {
			case 0:
				b[i] ^= 1 << r.IntN(8)
			case 1:
				b = slices.Delete(b, i, min(len(b), i+1+r.IntN(3)))
			case 2:
				b = slices.Insert(b, i, "\n— =A "[r.IntN(8)])
			case 3: // lines change places
				lines := bytes.SplitAfter(b, []byte("\n"))
				x, y := r.IntN(len(lines)), r.IntN(len(lines))
				lines[x], lines[y] = lines[y], lines[x]
				b = bytes.Join(lines, nil)
			}
		}
		for threshold := 1; threshold <= 2; threshold++ {
			want, err := note.Open(b, oracle)
			theirs := err == nil && len(want.Sigs) >= threshold
			ours := false
			n, err := signing.ParseNote(b)
			if err == nil {
				ours = n.Verify(known, threshold) == nil
			}
			if ours {
				accepted++
			}
			// Here a note is of fewer characters, and base64 of one form.
			if ours && !theirs || ours && want.Text != string(n.Text) {
				t.Fatalf("accepted with %d, against the oracle:\n%s", threshold, b)
			}
			if theirs && !ours && strings.Trim(want.Text, "\n axline") == "" && !strings.Contains(want.Text, "\n\n") && !strings.HasPrefix(want.Text, "\n") && n != nil {
				t.Fatalf("refused with %d, against the oracle:\n%s%v", threshold, b, err)
			}
		}
	}
	if accepted < rounds/10 || accepted > rounds {
		t.Errorf("%d of %d notes were accepted: little was tried", accepted, rounds)
	}
}

// TestNotes has what a note may be.
func TestNotes(t *testing.T) {
	text := statement(1, 1, online).Text()
	good := noteBy(text, root)
	unknown := "— other.example.com AAAAAAEC\n"
	forged := bytes.Replace(noteBy([]byte("other\n"), root), []byte("other\n"), text, 1)
	forgedLine := string(forged[len(text)+1:])
	for name, c := range map[string]struct {
		note string
		want string // of the error; "" for none
	}{
		"as it is":                        {string(good), ""},
		"an unknown signature behind":     {string(good) + unknown, ""},
		"an unknown signature before":     {string(text) + "\n" + unknown + string(good[len(text)+1:]), ""},
		"the same key twice":              {string(good) + string(good[len(text)+1:]), ""},
		"a wrong one by the same key":     {string(text) + "\n" + forgedLine, "is wrong"},
		"no signature":                    {string(text), "signed by 0"},
		"five signatures":                 {string(good) + strings.Repeat(unknown, 4), "5 signatures, over 4"},
		"an empty line in the text":       {"a\n\nb\n" + string(good), "signature line 1"},
		"no text":                         {"\n" + string(good[len(text):]), "no signed note"},
		"nothing":                         {"", "no signed note"},
		"a carriage return":               {strings.Replace(string(good), "1\n", "1\r\n", 1), "printable ASCII"},
		"no line break at the end":        {strings.TrimSuffix(string(good), "\n"), "signature line 1"},
		"a line break in base64":          {strings.Replace(string(good), "u2bO", "u2\nbO", 1), "signature line 1"},
		"a hyphen for the dash":           {strings.Replace(string(good), "—", "-", 1), "signature line 1"},
		"base64 with other trailing bits": {strings.Replace(string(good), "pQ0=", "pQ1=", 1), "signature line 1"},
	} {
		n, err := signing.ParseNote([]byte(c.note))
		if err == nil {
			err = n.Verify(publics(root), 1)
		}
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// TestRootThreshold has two of three roots.
func TestRootThreshold(t *testing.T) {
	text, roots := statement(1, 1, online).Text(), publics(root, spare, third)
	for name, c := range map[string]struct {
		by []*signing.Private
		ok bool
	}{
		"two":                    {[]*signing.Private{root, third}, true},
		"two, the other way":     {[]*signing.Private{third, root}, true},
		"all":                    {[]*signing.Private{root, spare, third}, true},
		"one":                    {[]*signing.Private{root}, false},
		"one twice":              {[]*signing.Private{root, root}, false},
		"one and an online key":  {[]*signing.Private{root, online}, false},
		"a stranger and another": {[]*signing.Private{stranger, key(origin+"/root", 9)}, false},
	} {
		if _, err := signing.OpenKeys(noteBy(text, c.by...), roots, 2); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := signing.OpenKeys(noteBy(text, root), publics(root, root), 2); err == nil {
		t.Error("a root that is stated twice counts twice")
	}
}

// TestStatements has what stands for a head or for keys, and what does not.
func TestStatements(t *testing.T) {
	keys := statement(1, 1, online)
	head := strings.Split(contractHead, "\n\n")[0] + "\n"
	headWith := func(old, new string) []byte {
		text := strings.Replace(head, old, new, 1)
		if text == head {
			t.Fatalf("no %q", old)
		}
		return []byte(text)
	}
	for name, c := range map[string]struct {
		text []byte
		want string
	}{
		"a line more":                 {[]byte(head + "more\n"), ""},
		"384 bytes":                   {[]byte(head + strings.Repeat("x", 383-len(head)) + "\n"), ""},
		"385 bytes":                   {[]byte(head + strings.Repeat("x", 384-len(head)) + "\n"), "385 bytes, over 384"},
		"another kind":                {headWith("head 1", "head 2"), `"cairn head 2"`},
		"keys":                        {keys.Text(), `"cairn keys 1"`},
		"another project":             {headWith("smartfridge", "toaster"), "for ota.example.com/toaster"},
		"another generation":          {headWith("1 1796731200", "2 1796731200"), "generation 2"},
		"generation 0":                {headWith("1 1796731200", "0 1796731200"), "no head"},
		"a leading zero":              {headWith("1 1796731200", "1 01796731200"), "no head"},
		"a sign":                      {headWith("1 1796731200", "1 +1796731200"), "no head"},
		"a number of 2^32":            {headWith("1 1796731200", "1 4294967296"), "no head"},
		"three numbers":               {headWith("1 1796731200", "1"), "no head"},
		"two spaces":                  {headWith("1 1796731200", "1  1796731200"), "no head"},
		"a root of 31 bytes":          {headWith("nYCrbggMc9Enyv/ArSVi15oiTzpcYlIT5MQb4hPFy4s=", base64.StdEncoding.EncodeToString(make([]byte, 31))), "no head"},
		"one root":                    {headWith("JcTQcttkPyJZROHNno9YJN0HjxOUuuvDJrNZ9JoQkpE=\n", ""), "no head"},
		"an epoch that is the oldest": {headWith("1 1796731200", "1 0"), ""},
	} {
		_, err := keys.OpenHead(noteBy(c.text, online))
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("a head with %s: %v, want %q", name, err, c.want)
		}
	}
	if _, err := keys.OpenHead(noteBy([]byte(head), second)); err == nil {
		t.Error("a head by a key that is not in the statement is accepted")
	}
	if _, err := statement(1, 2, online, second).OpenHead([]byte(contractHead)); err == nil {
		t.Error("a head by one of two keys is accepted")
	}

	foreign := statement(1, 1, key("ota.example.com/toaster", 11))
	foreign.Origin = "ota.example.com/toaster"
	for name, c := range map[string]struct {
		text []byte
		want string
	}{
		"a threshold of 0":        {statement(1, 0, online).Text(), "threshold is 0"},
		"a threshold over keys":   {statement(1, 2, online).Text(), "threshold is 2, with 1 keys"},
		"no key":                  {statement(1, 1).Text(), "under 4"},
		"four keys":               {statement(1, 1, online, second, key(origin, 14), key(origin, 15)).Text(), "4 keys, over 3"},
		"a key twice":             {statement(1, 1, online, online).Text(), "twice"},
		"another's id":            {bytes.Replace(keys.Text(), []byte("BUWPS2"), []byte("BUWPS3"), 1), "id of another"},
		"generation 0":            {statement(0, 1, online).Text(), "no four numbers"},
		"another project":         {foreign.Text(), "the root is of ota.example.com/smartfridge"},
		"what the head's text is": {[]byte(head), `"cairn head 1"`},
	} {
		if _, err := signing.OpenKeys(noteBy(c.text, root), publics(root), 1); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("keys with %s: %v, want %q", name, err, c.want)
		}
	}
}

func TestNextEpoch(t *testing.T) {
	k := statement(2, 1, online)
	for _, c := range []struct {
		was          signing.Head
		issued, want uint32
	}{
		{signing.Head{}, 100, 100},
		{signing.Head{Generation: 2, Epoch: 99}, 100, 100},
		{signing.Head{Generation: 2, Epoch: 100}, 100, 101},
		{signing.Head{Generation: 2, Epoch: 900}, 100, 901},
		{signing.Head{Generation: 1, Epoch: math.MaxUint32}, 100, 100}, // a rotation undoes it
	} {
		if got, err := k.NextEpoch(c.was, c.issued); err != nil || got != c.want {
			t.Errorf("%+v at %d: %d, %v; want %d", c.was, c.issued, got, err, c.want)
		}
	}
	if _, err := k.NextEpoch(signing.Head{Generation: 2, Epoch: math.MaxUint32}, 100); err == nil || !strings.Contains(err.Error(), "cairn keys rotate") {
		t.Errorf("%v", err)
	}
}

// TestSecrets sees that nothing that is printed has a private key in it.
func TestSecrets(t *testing.T) {
	secret := online.Encode()
	_, asPublic := signing.ParseKey(secret)
	_, damaged := signing.ParsePrivate(strings.Replace(secret, "smart", "smert", 1))
	_, cut := signing.ParsePrivate(secret[:len(secret)-4])
	_, public := signing.ParsePrivate(online.String())
	for _, err := range []error{asPublic, damaged, cut, public, errors.New(online.String())} {
		if err == nil || strings.Contains(err.Error(), secret[len(secret)-40:len(secret)-4]) || strings.Contains(err.Error(), "PRIVATE+KEY+ota") {
			t.Errorf("%v", err)
		}
	}
	if !strings.Contains(asPublic.Error(), "private") {
		t.Error(asPublic)
	}
}

func TestSignatureForms(t *testing.T) {
	raw := online.Sign([]byte("text\n"))
	encoded := base64.StdEncoding.EncodeToString(raw)
	for _, good := range []string{string(raw), encoded, encoded + "\n", "vault:v1:" + encoded, "vault:v12:" + encoded + "\r\n"} {
		if got, err := signing.ParseSignature([]byte(good)); err != nil || !bytes.Equal(got, raw) {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{"", string(raw[:63]), string(raw) + "\n\n", encoded[4:], "vault:" + encoded, "v1:" + encoded, "An error occurred"} {
		if _, err := signing.ParseSignature([]byte(bad)); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
