package firmware

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Finding is what shows that a file is hardly the payload that was meant.
type Finding struct {
	Rule    string // its name in docs/checking.md
	Certain bool   // it is wrong in any case
	Message string // what follows the file's name: "is a Git LFS pointer, …"
	Hint    string // a way out
}

// The rules of what a file's bytes show.
const (
	RuleEmpty    = "empty-payload"
	RulePointer  = "pointer-payload"
	RuleError    = "error-page"
	RuleMangled  = "mangled-payload"
	RuleText     = "text-payload"
	RuleCut      = "cut-off-image"
	RuleBlank    = "blank-payload"
	RuleArtifact = "wrong-artifact"
	RuleVersion  = "other-version-inside"
)

// Findings are about an image that a file of this name is, in a release of this
// version.
func (i Image) Findings(name, version string) []Finding {
	var all []Finding
	add := func(rule string, certain bool, hint, format string, args ...any) {
		all = append(all, Finding{rule, certain, fmt.Sprintf(format, args...), hint})
	}
	const download = "download it again, with curl --fail, and look at the address and the credentials"
	switch i.Kind {
	case LFSPointer:
		add(RulePointer, true, "run 'git lfs pull' here; a CI job checks out with LFS ('lfs: true' of actions/checkout)",
			"is a Git LFS pointer, not the file that it stands for")
	case AnnexPointer:
		add(RulePointer, true, "run 'git annex get' here", "is a git-annex pointer, not the file that it stands for")
	case XMLError:
		add(RuleError, true, download, "is an %s: %q", i.Kind, i.Text)
	case HTML, JSONError, TextError:
		rule, certain := RuleError, true
		if i.Kind == TextError {
			rule, certain = RuleText, false
		}
		if !textName(name) {
			add(rule, certain, download+"; a file that is meant to be text has a name that says so, such as .html, .json or .txt",
				"is %s %s: %q", article(i.Kind), i.Kind, i.Text)
		}
	case Link:
		if !textName(name) {
			add(RuleMangled, true, "put the file itself there, or check out with links (git config core.symlinks true); a file that is meant to be text is named .txt",
				"is the text %q, as git writes a symbolic link where it can make none", i.Text)
		}
	case UTF16:
		if !textName(name) {
			add(RuleMangled, true, "let the program that makes it write the file itself: > in Windows PowerShell 5 makes UTF-16 of what it prints",
				"is %s, which no device installs", i.Kind)
		}
	case XML, JSON, Checksums, Diff:
		if !textName(name) {
			add(RuleText, false, "look at the command that made it; a file that is meant to be text has a name that says so, such as .xml or .json",
				"is %s %s", article(i.Kind), i.Kind)
		}
	case Blank:
		add(RuleBlank, false, "look at the build, or at the tool that read it out of a chip", "holds nothing but bytes of %s", i.Text)
	case IntelHEX, SRecord:
		format := map[Kind]string{IntelHEX: "ihex", SRecord: "srec"}[i.Kind]
		add(RuleArtifact, false, "make the image of it, as most devices take it: objcopy -I "+format+" -O binary "+name+" "+stem(name)+".bin",
			"is an %s: an image in text, more than twice as long", i.Kind)
	case ELF:
		if !i.Hosted {
			add(RuleArtifact, false, "make the image of it that a bootloader takes: objcopy -O binary "+name+" "+stem(name)+".bin",
				"is an ELF file (%v), as a linker leaves it", i.Machine)
		}
	case ESPBootloader, ESPPartitions:
		add(RuleArtifact, false, "an update by esp_ota_* takes the application, build/PROJECT.bin", "is an %s", i.Kind)
	case ESPMerged:
		add(RuleArtifact, false, "an update by esp_ota_* takes the application, build/PROJECT.bin; this one is for an empty chip",
			"is a %s of bootloader, partition table and application", i.Kind)
	}
	if i.Cut != "" {
		add(RuleCut, true, "build or copy it anew: a copy that was cut short, or a full disk, leaves such a file", "is %s %s that is cut off: it %s", article(i.Kind), i.Kind, i.Cut)
	}
	if !i.Holds(version) {
		add(RuleVersion, false, i.versionHint(version), "is an %s%s of version %s, and the release's version is %s: a device that reports what is inside is taken for another",
			i.Kind, i.of(), strconv.Quote(i.Version), strconv.Quote(version))
	}
	return all
}

func (i Image) of() string {
	if i.Project == "" {
		return ""
	}
	return fmt.Sprintf(" of %q", i.Project)
}

// versionHint tells both spellings of a version that differs by a leading v.
func (i Image) versionHint(version string) string {
	if bare(i.Version) == bare(version) {
		return fmt.Sprintf("spell both alike: version = %q in the release, or build it as %q", i.Version, version)
	}
	return "build it anew as this version, or release it as the one that it is"
}

func article(k Kind) string {
	if strings.ContainsRune("AEHIMSXe", rune(k[0])) {
		return "an"
	}
	return "a"
}

// textName says whether a file's name says that it is text.
func textName(name string) bool {
	return slices.Contains(textEndings, strings.ToLower(path.Ext(strings.TrimSuffix(name, ".gz"))))
}

var textEndings = strings.Fields(".html .htm .xml .json .svg .txt .csv .md .ini .cfg .conf .yaml .yml .toml .js .css .lua .py .sh .pem .crt .sig .asc .sha256 .md5 .diff .patch")

func stem(name string) string { return strings.TrimSuffix(name, path.Ext(name)) }
