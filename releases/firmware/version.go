package firmware

import (
	"strconv"
	"strings"
)

// Holds says whether the version inside of the image is that of a release, byte
// by byte: true where the image states none.
//
// An MCUboot header has room for four numbers only. So of the release's version
// its numbers are compared, those that it leaves out being 0, and a build
// number where it has one: "1.2.3-rc.1+gc0ffee" and "v1.2.3" are in an image as
// 1.2.3+0.
func (i Image) Holds(version string) bool {
	if i.Version == "" || i.Kind != MCUboot {
		return i.Version == "" || i.Version == version
	}
	return numbers(version) == i.Version
}

// bare is a version without a leading v.
func bare(version string) string {
	if rest := strings.TrimLeft(version, "vV"); len(rest) == len(version)-1 && rest != "" && '0' <= rest[0] && rest[0] <= '9' {
		return rest
	}
	return version
}

// dotted is up to three numbers, a pre-release and a build.
var dotted = compiled(`^(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-[^+]*)?(?:\+(.*))?$`)

// numbers is a version as an MCUboot header writes it, "" where it has no such
// form.
func numbers(version string) string {
	m := dotted().FindStringSubmatch(bare(version))
	if m == nil {
		return ""
	}
	number := func(i, bits int) (string, bool) {
		n, err := strconv.ParseUint(m[i], 10, bits)
		return strconv.FormatUint(n, 10), err == nil || m[i] == ""
	}
	major, ok1 := number(1, 8)
	minor, ok2 := number(2, 8)
	revision, ok3 := number(3, 16)
	build, ok := number(4, 32)
	if !ok {
		build = "0" // a commit, say
	}
	if !ok1 || !ok2 || !ok3 {
		return ""
	}
	return major + "." + minor + "." + revision + "+" + build
}
