// Package armtest holds the device header to its bounds on Cortex-M, as Debian's
// compiler for it makes the code.
package armtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"cairn/releases"
	"cairn/releases/signing"
	"cairn/templates/device"
)

// bounds are the most that the header may take, in bytes: code and constants,
// and stack, however deep its functions call each other.
var bounds = []struct {
	options     device.Options
	order       releases.Order
	maxSerial   int
	code, stack int
	state       int // of struct cairn_ota
}{
	{device.Options{MaxCohort: 63}, releases.SemVer, 128, 2050, 240, 112},
	{device.Options{MaxCohort: 63}, releases.SemVer, 31, 1650, 240, 112},
	{device.Options{MaxCohort: 63}, releases.Natural, 128, 2050, 240, 112},
	{device.Options{MaxCohort: 63}, releases.Natural, 31, 1650, 240, 112},
	{device.Options{MaxCohort: 63, NoCompare: true}, releases.SemVer, 128, 1600, 200, 112},
	{device.Options{MaxCohort: 63, NoCompare: true}, releases.SemVer, 31, 1200, 200, 112},
	{device.Options{MaxCohort: 63, Signed: trust}, releases.SemVer, 128, 4800, 500, 640},
	{device.Options{MaxCohort: 63, Signed: trust}, releases.SemVer, 31, 4500, 500, 640},
	{device.Options{MaxCohort: 63, Signed: trust}, releases.Natural, 128, 4800, 500, 640},
	{device.Options{MaxCohort: 63, Signed: trust}, releases.Natural, 31, 4500, 500, 640},
}

// eagerCode is the most code that ota.eager may take.
const eagerCode = 64

// trust is in as many roots as there may be. The Ed25519 verifier is not the header's.
var trust = &releases.Signing{Roots: make([]signing.Key, signing.MaxRoots), RootThreshold: 1, Keys: &signing.Keys{Generation: 1}}

// caller calls all that the header offers, so that the linker keeps it.
const caller = `#include "cairn_ota.h"
extern struct cairn_ota ota;
extern uint8_t digest[32];
extern int get(const char *path);
struct cairn_ota ota;
uint8_t digest[32];
int get(const char *path) { return *path; }
void _start(void);
void _start(void)
{
    const char *path;
    cairn_ota_begin(&ota);
    path = cairn_ota_next(&ota);
    cairn_ota_body(&ota, path, 1);
    if (cairn_ota_done(&ota, get(path)) == CAIRN_OTA_INSTALL)
#ifdef CAIRN_OTA_SIGNER
        digest[0] = (uint8_t)cairn_ota_verify(&ota, digest, (uint32_t)get(cairn_ota_url(&ota)));
}
int cairn_ota_ed25519(const uint8_t sig[64], const uint8_t key[32], const void *msg, size_t len)
{
    return sig[0] == key[0] && len > 0 && msg != NULL;
#else
        digest[0] = (uint8_t)cairn_ota_verify(path, digest);
#endif
}
`

func TestSize(t *testing.T) {
	for _, cpu := range []string{"cortex-m0plus", "cortex-m4"} {
		for _, bound := range bounds {
			for _, digits := range [][2]int{{2, 2}, {4, 4}, {1, 3}} {
				name := fmt.Sprintf("%s, serials of at most %d bytes, %d and %d digits, %s", cpu, bound.maxSerial, digits[0], digits[1], bound.order)
				if bound.options.NoCompare {
					name += " not compared"
				}
				if bound.options.Signed != nil {
					name += " signed"
				}
				t.Run(name, func(t *testing.T) {
					p := releases.Project{
						Slug: "smartfridge", Prefix: "smartfridge", BaseURL: "https://ota.example.com",
						CohortDigits: digits[0], BucketDigits: digits[1], MaxSerial: bound.maxSerial, Order: bound.order,
					}
					dir := compile(t, cpu, bound.options, p)
					code, data, state := sections(t, filepath.Join(dir, "program.map"))
					p.Eager = true
					more, _, larger := sections(t, filepath.Join(compile(t, cpu, bound.options, p), "program.map"))
					if more -= code; more > eagerCode || larger > state+4 {
						t.Errorf("to ask eagerly takes %d bytes of code, and struct cairn_ota has %d bytes for %d; the bounds are %d and 4 more", more, larger, state, eagerCode)
					}
					if code > bound.code || data > 0 {
						t.Errorf("the header takes %d bytes of code and constants, and %d of data; the bounds are %d and 0", code, data, bound.code)
					}
					if state > bound.state {
						t.Errorf("struct cairn_ota has %d bytes; the bound is %d", state, bound.state)
					}
					deepest, chain := stack(t, filepath.Join(dir, "header.ci"))
					if deepest > bound.stack {
						t.Errorf("%s takes %d bytes of stack; the bound is %d", chain, deepest, bound.stack)
					}
					t.Logf("code and constants %d of %d bytes, %d more with eager, stack %d of %d (%s), struct cairn_ota %d of %d", code, bound.code, more, deepest, bound.stack, chain, state, bound.state)
				})
			}
		}
	}
}

func arm(t *testing.T, dir, tool string, args ...string) string {
	t.Helper()
	tool = "arm-none-eabi-" + tool
	if _, err := exec.LookPath(tool); err != nil {
		t.Fatalf("this test needs %s: apt-get install --no-install-recommends gcc-arm-none-eabi", tool)
	}
	cmd := exec.Command(tool, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", tool, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// compile makes header.o of the header and links it with its caller, into a
// folder that has program.map and header.ci, too.
func compile(t *testing.T, cpu string, o device.Options, p releases.Project) string {
	t.Helper()
	header, err := device.Header(p, o)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"cairn_ota.h": string(header),
		"header.c":    "#define CAIRN_OTA_IMPLEMENTATION\n#include \"cairn_ota.h\"\n",
		"caller.c":    caller,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	flags := append(strings.Fields("-mthumb -Os -std=c99 -ffreestanding -ffunction-sections -fdata-sections -Wall -Wextra -Werror -pedantic -Wconversion"), "-mcpu="+cpu)
	arm(t, dir, "gcc", append(flags, "-fcallgraph-info=su", "-c", "header.c")...)
	arm(t, dir, "gcc", append(flags, "-c", "caller.c")...)
	arm(t, dir, "gcc", "-mthumb", "-mcpu="+cpu, "-nostdlib", "-Wl,--gc-sections", "-Wl,-Map=program.map", "-o", "program", "caller.o", "header.o", "-lgcc")
	return dir
}

// mapped is an input section in a linker map. A long name has a line of its own.
var mapped = regexp.MustCompile(`(?m)^ (\.[\w.$]+)\s+0x[0-9a-f]+\s+0x([0-9a-f]+) (\S+)$`)

// sections sums up what the linker took for the header: from header.o, and from
// the compiler's library, which nothing but the header can have called. The
// state is the caller's struct cairn_ota.
func sections(t *testing.T, name string) (code, data, state int) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	_, laidOut, _ := strings.Cut(string(text), "\nLinker script and memory map\n")
	functions := 0
	for _, m := range mapped.FindAllStringSubmatch(laidOut, -1) {
		section, file := m[1], m[3]
		size, err := strconv.ParseInt(m[2], 16, 32)
		if err != nil {
			t.Fatal(err)
		}
		if section == ".bss.ota" {
			state = int(size)
		}
		if file != "header.o" && !strings.Contains(file, "libgcc") {
			continue
		}
		switch {
		case strings.HasPrefix(section, ".text"), strings.HasPrefix(section, ".rodata"), strings.HasPrefix(section, ".ARM.ex"):
			code += int(size)
		case strings.HasPrefix(section, ".data"), strings.HasPrefix(section, ".bss"):
			data += int(size)
		}
		for _, f := range []string{"begin", "next", "body", "done", "verify"} {
			if section == ".text.cairn_ota_"+f && size > 0 {
				functions++
			}
		}
	}
	if functions != 5 {
		t.Fatalf("the map has %d of the header's 5 functions:\n%s", functions, laidOut)
	}
	return code, data, state
}

var (
	frame = regexp.MustCompile(`node: \{ title: "([^"]+)" label: "[^"]*?(\d+) bytes \(static\)`)
	call  = regexp.MustCompile(`edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"`)
	node  = regexp.MustCompile(`node: \{ title: "([^"]+)"`)
	yours = regexp.MustCompile(`node: \{ title: "cairn_ota_ed25519"`)
)

// stack finds the deepest chain of calls in what -fcallgraph-info=su writes.
func stack(t *testing.T, name string) (deepest int, chain string) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	frames, calls := map[string]int{}, map[string][]string{}
	for _, m := range frame.FindAllStringSubmatch(string(text), -1) {
		frames[m[1]], _ = strconv.Atoi(m[2])
	}
	for _, m := range call.FindAllStringSubmatch(string(text), -1) {
		calls[m[1]] = append(calls[m[1]], m[2])
	}
	if n := len(node.FindAll(text, -1)) - len(yours.FindAll(text, -1)); n != len(frames) || n < 5 {
		t.Fatalf("%d of %d functions have a known stack:\n%s", len(frames), n, text)
	}
	var from func(function string, depth int) (int, string)
	from = func(function string, depth int) (int, string) {
		if depth > len(frames) {
			t.Fatalf("%s calls itself", function)
		}
		most, path := 0, ""
		for _, callee := range calls[function] {
			if n, p := from(callee, depth+1); n > most {
				most, path = n, ", which calls "+p
			}
		}
		return frames[function] + most, function + path
	}
	for function := range frames {
		if n, p := from(function, 1); n > deepest {
			deepest, chain = n, p
		}
	}
	return deepest, chain
}
