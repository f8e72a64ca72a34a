package lint_test

import "testing"

func TestImages(t *testing.T) {
	warn(t, []warning{
		{"the same image under two versions", `
-- releases/1.1.0.toml --
version = "1.1.0"
[payload.main.mp]
file = "a.bin"
`, `
releases/1.1.0.toml:2:15: warning[same-image]: release 1.1.0 has the very bytes of 1.0.0 for main on mp: a device that installs it goes on reporting what is inside, and is offered it again and again
  2 | [payload.main.mp]
hint: look at the build: it has to state its own version; or withdraw one of the two
`},
		{"the same image under a version that is withdrawn", `
-- releases/1.1.0.toml --
version = "1.1.0"
withdrawn = "the build of 1.0.0"
[payload.main.mp]
file = "a.bin"
`, ``},
		{"one image for two hardware versions, for once", `
-- releases/1.1.0.toml --
version = "1.1.0"
[payload.main.evt]
file = "b.bin"
[payload.main.mp]
file = "b.bin"
`, `
releases/1.1.0.toml:4:15: warning[shared-image]: release 1.1.0 has the same image for the hardware versions evt and mp
  4 | [payload.main.mp]
hint: if one image is for both, [lint] allow = ["shared-image"] says so; else name the file that was built for mp
`},
		{"one image for two hardware versions, where others have two", `
-- releases/1.0.0.toml --
version = "1.0.0"
[payload.main.evt]
file = "c.bin"
[payload.main.mp]
file = "a.bin"
-- releases/c.bin --
abcde
-- releases/1.1.0.toml --
version = "1.1.0"
[payload.main.evt]
file = "b.bin"
[payload.main.mp]
file = "b.bin"
`, `
releases/1.1.0.toml:4:15: warning[shared-image]: release 1.1.0 has the same image for the hardware versions evt and mp
  4 | [payload.main.mp]
hint: if one image is for both, [lint] allow = ["shared-image"] says so; else name the file that was built for mp
`},
		{"one image for two hardware versions, as always", `
-- releases/1.0.0.toml --
version = "1.0.0"
[payload.main.evt]
file = "a.bin"
[payload.main.mp]
file = "a.bin"
-- releases/1.1.0.toml --
version = "1.1.0"
[payload.main.evt]
file = "b.bin"
[payload.main.mp]
file = "b.bin"
`, ``},
	})
}

func TestUnseenCharacters(t *testing.T) {
	warn(t, []warning{
		{"in versions and names", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
version_order = "natural"
[software.main]
known_versions = ["0.9\u00ad", "0.8\u00a0b"]
-- releases/1.1.0.toml --
version = "1.1.0\u202e"
[payload.main."m\u200bp"]
file = "b.bin"
-- cohorts/default.toml --
[activate."1.0.0"]
`, `
cairn.toml:6:18: warning[unseen-characters]: version "0.9\u00ad" has a character that nobody sees, or sees as another one
  6 | known_versions = ["0.9\u00ad", "0.8\u00a0b"]
hint: type it anew, and copy nothing from a chat or a web page
cairn.toml:6:18: warning[unseen-characters]: version "0.8\u00a0b" has a character that nobody sees, or sees as another one
  6 | known_versions = ["0.9\u00ad", "0.8\u00a0b"]
hint: type it anew, and copy nothing from a chat or a web page
releases/1.1.0.toml:1:11: warning[unseen-characters]: version "1.1.0\u202e" has a character that nobody sees, or sees as another one
  1 | version = "1.1.0\u202e"
hint: type it anew, and copy nothing from a chat or a web page
releases/1.1.0.toml:2:15: warning[unseen-characters]: hardware version "m\u200bp" has a character that nobody sees, or sees as another one
  2 | [payload.main."m\u200bp"]
hint: type it anew, and copy nothing from a chat or a web page
`},
	})
}
