package device_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"cairn/manifest"
	"cairn/releases"
	"cairn/templates/device"
)

var (
	fridge = manifest.Device{Serial: "DEMOSERIAL", Target: manifest.Target{SoftwareType: "fw", HardwareVersion: "mp"}, CurrentVersion: "1.0.0"}
	// The hash of fridge, and ones of the same shard that begin like it.
	mine   = "797d4deb37a25859"
	nearly = []string{"7900000000000000", "797d4deb37a25850", "797d4deb37a2585a", "797d4deb37a25869", "797d4deb47a25859", "79ffffffffffffff"}
)

const (
	shardPath  = "/cdn/acme/fridges/v1/cohorts/79.txt"
	answerPath = "/cdn/acme/fridges/v1/latest/fw/mp/%s/%s/79.txt"
	belowPath  = "/cdn/acme/fridges/v1/latest/fw/mp/%s/_other/79.below.txt"
)

// TestShards feeds cohort shards to the matcher, in parts of every length.
func TestShards(t *testing.T) {
	others := ""
	for i, hash := range nearly {
		others += fmt.Sprintf("%s cohort-%d\n", hash, i)
	}
	longest := strings.Repeat("c", 63)
	var s script
	for _, tt := range []struct{ body, want string }{
		{"", "get-next [default] []"},
		{others, "get-next [default] []"},
		{mine + " beta\n", "get-next [beta] []"},
		{others + mine + " beta\n", "get-next [beta] []"},
		{mine + " beta\n" + others, "get-next [beta] []"},
		{others + mine + " b\n" + others, "get-next [b] []"},
		{mine + " first\n" + mine + " second\n", "get-next [first] []"},
		{others + mine + " " + longest + "\n" + others, "get-next [" + longest + "] []"},
		{mine + " " + longest + "c\n", "error [] []"},
		{strings.Replace(others, " ", " "+strings.Repeat("o", 500), 1), "get-next [default] []"},
		// Bodies that broke off, and pages of a portal that is in the way.
		{others + mine + " beta", "retry-later [] []"},
		{others + mine + " ", "retry-later [] []"},
		{others + mine, "retry-later [] []"},
		{others + mine[:7], "retry-later [] []"},
		{others + "\n", "retry-later [] []"},
		{mine + "\n", "retry-later [] []"},
		{mine + " \n", "retry-later [] []"},
		{mine + " beta\r\n", "retry-later [] []"},
		{mine + " be ta\n", "retry-later [] []"},
		{mine + "  beta\n", "retry-later [] []"},
		{"\xef\xbb\xbf" + mine + " beta\n", "retry-later [] []"},
		{"<!DOCTYPE html>\n<html>Log in</html>\n", "retry-later [] []"},
		{"<html>\n</html>\n", "retry-later [] []"},
		{`{"error":{"message":"no","http_code":200}}` + "\n", "retry-later [] []"},
		{strings.Repeat("x", 5000), "retry-later [] []"},
	} {
		for _, n := range []int{1, 2, 7, 17, 1000} {
			s.device(200, fridge)
			s.ask(shardPath, "next")
			s.body(tt.body, n)
			s.ask(tt.want, "done 200")
			if strings.HasPrefix(tt.want, "get-next") {
				cohort := strings.Trim(strings.Fields(tt.want)[1], "[]")
				s.ask(fmt.Sprintf(answerPath, cohort, "1.0.0"), "next")
			} else {
				s.ask(shardPath, "next") // until it is known, it is asked for
			}
		}
	}
	s.run(t, build(t, fridges, compared, "driver.c"))
}

// TestAnswers feeds answers to a buffer that is just too short for some.
func TestAnswers(t *testing.T) {
	const size = 120
	long := "https://ota.example.com/" + strings.Repeat("x", size-1-len("https://ota.example.com/"))
	var s script
	for _, tt := range []struct{ body, want string }{
		{"", "up-to-date [default] []"},
		{"https://h/p", "install [default] [https://h/p]"},
		{"https://h/p\nsha256=… signature=…\n", "install [default] [https://h/p]"},
		{long, "install [default] [" + long + "]"},
		{long + "\nmore", "install [default] [" + long + "]"},
		{long + "x", "error [default] []"},
		{long + strings.Repeat("x", 5000), "error [default] []"},
		{"\n", "retry-later [default] []"},
		{"\nhttps://h/p", "retry-later [default] []"},
		{"https://h/a b", "retry-later [default] []"},
		{"https://h/p\r\n", "retry-later [default] []"},
		{"https://h/\x00", "retry-later [default] []"},
		{"https://h/ü", "retry-later [default] []"},
		{"<!DOCTYPE html>" + strings.Repeat("x", 5000), "retry-later [default] []"},
	} {
		for _, n := range []int{1, 3, 10000} {
			s.device(size, fridge)
			s.ask(shardPath, "next")
			s.ask("get-next [default] []", "done 200")
			for range 2 { // a second check asks for the answer only
				s.ask(fmt.Sprintf(answerPath, "default", "1.0.0"), "next")
				s.body(tt.body, n)
				s.ask(tt.want, "done 200")
				s.ask("retry-later [default] []", "done 200") // of nothing
			}
		}
	}
	s.run(t, build(t, fridges, compared, "driver.c"))
	s.run(t, build(t, fridges, compared, "driver.c", asOnARM))
}

// TestStatuses goes through the statuses of each step.
func TestStatuses(t *testing.T) {
	var s script
	version, other := fmt.Sprintf(answerPath, "beta", "1.0.0"), fmt.Sprintf(belowPath, "beta")
	url := "https://ota.example.com/cdn/x"
	for _, status := range []int{-1, 0, 100, 201, 204, 206, 301, 302, 304, 400, 401, 403, 404, 405, 410, 416, 429, 500, 503, 65736} {
		page := "<html>" + url
		s.device(200, fridge)
		s.ask(shardPath, "next")
		s.body(mine+" alpha\n", 9)
		s.ask("retry-later [] []", "done %d", status)
		s.ask(shardPath, "next")
		s.body(mine+" beta\n", 9)
		s.ask("get-next [beta] []", "done 200")
		for _, end := range []string{"install", "up-to-date", "later"} {
			s.ask(version, "next")
			s.body(page, 4)
			if status != 403 && status != 404 {
				s.ask("retry-later [beta] []", "done %d", status)
				continue
			}
			s.ask("get-next [beta] []", "done %d", status)
			s.ask(other, "next")
			switch end {
			case "install":
				s.body("1.0.1\n"+url, 5)
				s.ask("install [beta] ["+url+"]", "done 200")
			case "up-to-date":
				s.ask("up-to-date [beta] []", "done 200")
			default:
				s.body(page, 4)
				s.ask("retry-later [beta] []", "done %d", status)
			}
		}
		// A new version, and a day later another cohort.
		s.tell("set version %x", "2.0.0+b")
		s.ask(fmt.Sprintf(answerPath, "beta", "2.0.0_2bb"), "next")
		s.ask("up-to-date [beta] []", "done 200")
		s.ask(mine, "begin")
		s.ask(shardPath, "next")
		s.ask("get-next [default] []", "done 200")
		s.ask(fmt.Sprintf(answerPath, "default", "2.0.0_2bb"), "next")
	}
	s.run(t, build(t, fridges, compared, "driver.c"))
}

// TestOffers feeds what is offered to versions below.
func TestOffers(t *testing.T) {
	const size = 120
	const url = "https://h/p"
	long := strings.Repeat("9", size)
	var s script
	for _, tt := range []struct{ body, want string }{
		{"", "up-to-date [default] []"},
		{"1.0.1\n" + url, "install [default] [" + url + "]"},
		{"1.0.1\n" + url + "\nmore", "install [default] [" + url + "]"},
		{"1.0.0\n" + url, "up-to-date [default] []"},
		{"0.9.0\n" + url, "up-to-date [default] []"},
		{"1.0.0-rc1\n" + url, "up-to-date [default] []"},
		{"v1.0.0\n" + url, "install [default] [" + url + "]"},
		{"\n" + url, "install [default] [" + url + "]"},
		{long + ".0.0\n" + url, "error [default] []"},
		// Bodies that broke off, and pages of a portal that is in the way.
		{"1.0.1", "retry-later [default] []"},
		{"1.0.1\n", "retry-later [default] []"},
		{"0.9.0\n", "retry-later [default] []"},
		{"\n", "retry-later [default] []"},
		{"\n\n" + url, "retry-later [default] []"},
		{"1.0.1\n\n", "retry-later [default] []"},
		{"1.0.1\r\n" + url + "\r\n", "retry-later [default] []"},
		{"1.0.1\n" + url + " x", "retry-later [default] []"},
		{"<!DOCTYPE html>\n<html>\n", "retry-later [default] []"},
		{"9\n<html>\n", "retry-later [default] []"},
		{url, "retry-later [default] []"},
	} {
		for _, n := range []int{1, 3, 10000} {
			s.device(size, fridge)
			s.ask(shardPath, "next")
			s.ask("get-next [default] []", "done 200")
			s.ask(fmt.Sprintf(answerPath, "default", "1.0.0"), "next")
			s.ask("get-next [default] []", "done 404")
			s.ask(fmt.Sprintf(belowPath, "default"), "next")
			s.body(tt.body, n)
			s.ask(tt.want, "done 200")
			s.ask(fmt.Sprintf(answerPath, "default", "1.0.0"), "next")
		}
	}
	s.run(t, build(t, fridges, compared, "driver.c"))
	s.run(t, build(t, fridges, compared, "driver.c", asOnARM))
}

// TestNotCompared takes a version without a folder for up to date.
func TestNotCompared(t *testing.T) {
	var s script
	for _, status := range []int{403, 404} {
		s.device(200, fridge)
		s.ask(shardPath, "next")
		s.ask("get-next [default] []", "done 200")
		for range 2 {
			s.ask(fmt.Sprintf(answerPath, "default", "1.0.0"), "next")
			s.body("<html>no such key</html>", 7)
			s.ask("up-to-date [default] []", "done %d", status)
		}
		s.ask(fmt.Sprintf(answerPath, "default", "1.0.0"), "next")
		s.body("https://h/p", 7)
		s.ask("install [default] [https://h/p]", "done 200")
	}
	s.run(t, build(t, fridges, device.Options{MaxCohort: 63, NoCompare: true}, "driver.c"))
}

// TestShortBuffers refuses every path, cohort and URL that does not fit.
func TestShortBuffers(t *testing.T) {
	var s script
	path := fmt.Sprintf(answerPath, "default", "1.0.0")
	for size := 0; size < 100; size++ {
		s.device(size, fridge)
		// A path needs room for one byte more than itself and its NUL.
		if size < len(shardPath)+2 {
			s.ask("-", "next")
			s.ask("error [] []", "done 200")
			continue
		}
		s.ask(shardPath, "next")
		s.ask("get-next [default] []", "done 200")
		if size < len(path)+2 {
			s.ask("-", "next")
			s.body("https://h/p", 1)
			s.ask("error [default] []", "done 200")
			continue
		}
		s.ask(path, "next")
		s.ask("up-to-date [default] []", "done 200")
	}
	s.run(t, build(t, fridges, compared, "driver.c"))

	var short script
	for n := 1; n < 20; n++ {
		cohort := strings.Repeat("c", n)
		short.device(200, fridge)
		short.ask(shardPath, "next")
		short.body(nearly[0]+" other-and-longer\n"+mine+" "+cohort+"\n", 3)
		if n > 10 {
			short.ask("error [] []", "done 200")
		} else {
			short.ask("get-next ["+cohort+"] []", "done 200")
		}
	}
	short.run(t, build(t, fridges, device.Options{MaxCohort: 10}, "driver.c"))
}

// TestVerify compares payloads with the digests that their URLs name.
func TestVerify(t *testing.T) {
	l := layoutOf(fridges)
	var s script
	ask := func(want, url, digest string) { s.ask(want, "verify %x %s", url, digest) }
	r := rand.New(rand.NewPCG(3, 3))
	for range 200 {
		digest := fmt.Sprintf("%016x%016x%016x%016x", r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64())
		i := r.IntN(32)
		wrong := digest[:i] + string("123456789abcdef0"[strings.IndexByte("0123456789abcdef", digest[i])]) + digest[i+1:]
		url := fridges.BaseURL + "/" + l.PayloadKey(digest, "fw.bin")
		ask("1", url, digest)
		ask("0", url, wrong)
		ask("0", "https://elsewhere.example.com/fw.bin", digest)
		ask("0", url[:strings.LastIndex(url, "/")], digest)
		ask("0", url[:strings.LastIndex(url, "/")-1]+"/fw.bin", digest)
		ask("0", "x"+digest[:32]+"/fw.bin", digest)
		ask("0", "/"+digest[:33]+"/fw.bin", digest)
		ask("0", strings.ToUpper(url), strings.Repeat("ab", 32))
	}
	s.run(t, build(t, fridges, compared, "driver.c"))
}

// TestEscapes are names of every byte.
func TestEscapes(t *testing.T) {
	var s script
	for b := 1; b < 256; b++ {
		for _, name := range []string{string([]byte{byte(b)}), string([]byte{'x', byte(b), 'y'})} {
			d := fridge
			d.CurrentVersion = name
			s.device(200, d)
			s.ask(shardPath, "next")
			s.ask("get-next [default] []", "done 200")
			s.ask(fmt.Sprintf(answerPath, "default", releases.Escape(name)), "next")
		}
	}
	s.run(t, build(t, fridges, compared, "driver.c"))
	s.run(t, build(t, fridges, compared, "driver.c", asOnARM))
}
