package device_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cairn/releases"
	"cairn/releases/fleettest"
	"cairn/templates/device"
)

// TestWarnings compiles the header as firmware does: with and without the
// implementation, in two files of one program.
func TestWarnings(t *testing.T) {
	const (
		implementation = "#define CAIRN_OTA_IMPLEMENTATION\n#include \"cairn_ota.h\"\n#include \"cairn_ota.h\"\n"
		user           = "#include \"cairn_ota.h\"\nint main(void) { static struct cairn_ota c; return cairn_ota_done(&c, 0) == CAIRN_OTA_GET_NEXT; }\n"
	)
	const verifier = "#include \"cairn_ota.h\"\nint cairn_ota_ed25519(const uint8_t sig[64], const uint8_t key[32], const void *msg, size_t len) { return sig[0] == key[0] && len == 0 && msg == NULL; }\n"
	for i, digits := range []int{1, 3, 1, 3, 4} {
		for maxSerial, maxCohort := range map[int]int{128: 63, 31: 7} {
			p := fridges
			p.BucketDigits, p.CohortDigits, p.MaxSerial = digits, 5-digits, maxSerial
			if maxSerial == 31 {
				p.Order = releases.Natural
			}
			o, user := device.Options{MaxCohort: maxCohort, NoCompare: digits == 3 && maxSerial == 31}, user
			if i > 1 {
				o.Signed, user = newBucket("ota.example.com/x").options(1).Signed, user+verifier
			}
			p.CohortDigits = max(p.CohortDigits, 1)
			dir := folder(t, p, o)
			for name, text := range map[string]string{"implementation.c": implementation, "user.c": user} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			ways := []string{"-std=c99 -Os -DCAIRN_OTA_COUNT", "-std=c99 -O3 -funsigned-char", "-std=c11 -O0 -fshort-enums", "-std=gnu17 -O2"}
			for n := range fleettest.Rounds(1, len(ways)) {
				gcc(t, dir, append(append(strings.Fields(ways[(i+n)%len(ways)]), warnings...), "implementation.c", "user.c")...)
			}
		}
	}
}

// TestIncludes holds the header to what freestanding C99 has.
func TestIncludes(t *testing.T) {
	for yours, o := range map[string]device.Options{"": compared, "cairn_ota_ed25519": newBucket("ota.example.com/x").options(1)} {
		dir := folder(t, fridges, o)
		if err := os.WriteFile(filepath.Join(dir, "h.c"), []byte("#define CAIRN_OTA_IMPLEMENTATION\n#include \"cairn_ota.h\"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		header, err := os.ReadFile(filepath.Join(dir, "cairn_ota.h"))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(header)) {
			if strings.HasPrefix(line, "#include") && line != "#include <stddef.h>\n" && line != "#include <stdint.h>\n" {
				t.Errorf("the header has %s", line)
			}
		}
		for _, level := range []string{"-O0", "-O1", "-O2", "-O3", "-Os"} {
			gcc(t, dir, "-std=c99", "-ffreestanding", level, "-fno-stack-protector", "-fno-pic", "-c", "h.c")
			out, err := exec.Command("nm", "-u", filepath.Join(dir, "h.o")).CombinedOutput()
			if strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(string(out)), "U")) != yours || err != nil {
				t.Errorf("%s: the header calls for %s (%v), want %q", level, out, err, yours)
			}
		}
	}
}

// TestFuzz runs testdata/fuzz.c for two seconds.
func TestFuzz(t *testing.T) {
	for _, order := range []releases.Order{releases.SemVer, releases.Natural} {
		p := fridges
		p.Order = order
		fuzz := build(t, p, compared, "fuzz.c")
		seed := fmt.Sprint(time.Now().UnixNano())
		if out, err := exec.Command(fuzz, "2", seed).CombinedOutput(); err != nil {
			t.Errorf("with seed %s: %v\n%s", seed, err, out)
		} else {
			t.Logf("with seed %s: %s", seed, out)
		}
	}
}

// TestFuzzSigned runs testdata/fuzzsigned.c: for a million checks in all, where
// tests may take long.
func TestFuzzSigned(t *testing.T) {
	checks := fmt.Sprint(fleettest.Rounds(10_000, 500_000))
	for i, order := range []releases.Order{releases.SemVer, releases.Natural} {
		p := fridges
		p.Order, p.BucketDigits, p.CohortDigits, p.MaxSerial = order, 1+i, 2-i, 31
		fuzz := build(t, p, newBucket(p.KeyName()).options(1), "fuzzsigned.c")
		seed := fmt.Sprint(time.Now().UnixNano())
		if out, err := exec.Command(fuzz, checks, seed).CombinedOutput(); err != nil {
			t.Errorf("with seed %s: %v\n%s", seed, err, out)
		} else {
			t.Logf("with seed %s: %s", seed, out)
		}
	}
}
