package lint_test

import "testing"

func TestProject(t *testing.T) {
	warn(t, []warning{
		{"plain http", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "http://ota.example.com:8080/x"
-- releases/1.1.0.toml --
version = "1.1.0"
[payload.main.mp]
file = "a.bin"
[payload.main.evt]
url = "http://cdn.example.com/a"
size = 3
sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
[payload.main.dvt]
url = "http://cdn.example.com/b"
size = 3
sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
`, `
cairn.toml:3:12: warning[plain-http]: base_url is plain http: whoever is on the way can offer devices what they like
  3 | base_url = "http://ota.example.com:8080/x"
hint: write https; a device that cannot must check a signature of what it installs
releases/1.1.0.toml:9:7: warning[plain-http]: payloads at cdn.example.com come over plain http: whoever is on the way can change them
  9 | url = "http://cdn.example.com/b"
hint: write https; a device that cannot must check a signature of what it installs
`},
		{"http on this machine", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "http://localhost:8080"
-- releases/1.1.0.toml --
version = "1.1.0"
[payload.main.mp]
url = "http://127.0.0.1/a"
size = 3
sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
[payload.main.evt]
url = "http://[::1]:9000/a"
size = 3
sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
[payload.main.pvt]
url = "http://cdn.localhost/a"
size = 3
sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
[payload.main.dvt]
url = "https://cdn.example.com/b"
size = 3
sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
`, ``},
		{"unused software", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
[software.main]
known_versions = ["0.9.0"]
[software.modem]
known_versions = ["0.9.0"]
`, `
cairn.toml:6:11: warning[unused-software]: no release has a payload of software type "modem": its known_versions count for nothing
  6 | [software.modem]
hint: a software type is spelled as in [payload.<software type>.<hardware version>]; there are "main"
`},
		{"unused gate", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
[gate.healthy]
source = "file"
file = "health.json"
`, `
cairn.toml:4:7: warning[unused-gate]: no step of a rollout and no promotion waits for gate "healthy"
  4 | [gate.healthy]
hint: name it in a step: { after = "24h", percent = 10, gate = "healthy" }
`},
		{"software before the first payload", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
[software.modem]
-- releases/1.0.0.toml --
version = "1.0.0"
withdrawn = "it never was"
-- releases/1.1.0.toml --
version = "1.1.0"
withdrawn = "neither was it"
`, ``},
	})
}

func TestNames(t *testing.T) {
	warn(t, []warning{
		{"hardware and software that look alike", `
-- releases/1.0.0.toml --
version = "1.0.0"
[payload.main.mp]
file = "a.bin"
[payload.Main.mp]
file = "a.bin"
[payload.main.rev-a]
file = "a.bin"
-- releases/1.1.0.toml --
version = "1.1.0"
[payload.main.MP]
file = "a.bin"
[payload.main."rev. A"]
file = "a.bin"
[payload.main.mp]
file = "a.bin"
[payload.main.rev-a]
file = "a.bin"
[delta.main.MP."1.0.0"]
file = "a.bin"
`, `
releases/1.0.0.toml:2:10: warning[similar-names]: software type "main" looks like "Main" in releases/1.0.0.toml:4:10, but is another one
  2 | [payload.main.mp]
hint: a device gets only what is made for exactly what it says it is: spell both alike
releases/1.1.0.toml:2:15: warning[similar-names]: hardware version "MP" looks like "mp" in releases/1.0.0.toml:4:15, but is another one
  2 | [payload.main.MP]
hint: a device gets only what is made for exactly what it says it is: spell both alike
releases/1.1.0.toml:4:15: warning[similar-names]: hardware version "rev. A" looks like "rev-a" in releases/1.0.0.toml:6:15, but is another one
  4 | [payload.main."rev. A"]
hint: a device gets only what is made for exactly what it says it is: spell both alike
releases/1.1.0.toml:10:16: warning[dead-delta]: no device can run 1.0.0: no release has it for main on MP, and known_versions does not list it
  10 | [delta.main.MP."1.0.0"]
hint: if it is in the field, write known_versions = ["1.0.0"] for software type main
`},
		{"names that differ", `
-- releases/1.0.0.toml --
version = "1.0.0"
[payload.main.mp]
file = "a.bin"
[payload.main.mp2]
file = "a.bin"
[payload.main."1.1"]
file = "a.bin"
[payload.main."11"]
file = "a.bin"
[payload.main2.mp]
file = "a.bin"
`, ``},
		{"versions that look alike", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
version_order = "natural"
[software.main]
known_versions = ["V0.9", "1.00"]
-- releases/1.0.toml --
version = "1.0"
[payload.main.mp]
file = "a.bin"
-- releases/1.1.0.toml --
version = "1.1.0"
[payload.main.mp]
file = "a.bin"
[delta.main.mp."0.9.0"]
file = "a.bin"
[delta.main.mp."v1.0.0"]
file = "a.bin"
`, `
cairn.toml:6:27: warning[similar-versions]: version "1.00" looks like "1.0" in releases/1.0.toml:1:11, but is another one
  6 | known_versions = ["V0.9", "1.00"]
hint: a device that reports one of them is not taken for the other: spell both as devices report it
releases/1.0.0.toml:1:11: warning[similar-versions]: version "1.0.0" looks like "1.0" in releases/1.0.toml:1:11, but is another one
  1 | version = "1.0.0"
hint: a device that reports one of them is not taken for the other: spell both as devices report it
releases/1.1.0.toml:4:16: warning[dead-delta]: no device can run 0.9.0: no release has it for main on mp, and known_versions does not list it
  4 | [delta.main.mp."0.9.0"]
hint: if it is in the field, write known_versions = ["0.9.0"] for software type main
releases/1.1.0.toml:4:16: warning[similar-versions]: version "0.9.0" looks like "V0.9" in cairn.toml:6:19, but is another one
  4 | [delta.main.mp."0.9.0"]
hint: a device that reports one of them is not taken for the other: spell both as devices report it
releases/1.1.0.toml:6:16: warning[dead-delta]: a delta from v1.0.0 down to 1.1.0 is never offered: no cohort that activates 1.1.0 has version_check = false
  6 | [delta.main.mp."v1.0.0"]
hint: write the version that it patches, or version_check = false into a cohort that activates 1.1.0
releases/1.1.0.toml:6:16: warning[similar-versions]: version "v1.0.0" looks like "1.0" in releases/1.0.toml:1:11, but is another one
  6 | [delta.main.mp."v1.0.0"]
hint: a device that reports one of them is not taken for the other: spell both as devices report it
`},
		{"one pair in two software types", `
-- releases/1.1.0.toml --
version = "1.1.0"
[payload.main.mp]
file = "a.bin"
[delta.main.mp."v1.0.0"]
file = "a.bin"
[payload.modem.mp]
file = "a.bin"
-- releases/v1.0.0.toml --
version = "v1.0.0"
[payload.modem.mp]
file = "a.bin"
[delta.modem.mp."1.0.0"]
file = "a.bin"
`, `
releases/1.1.0.toml:4:16: warning[dead-delta]: no device can run v1.0.0: no release has it for main on mp, and known_versions does not list it
  4 | [delta.main.mp."v1.0.0"]
hint: if it is in the field, write known_versions = ["v1.0.0"] for software type main
releases/v1.0.0.toml:4:17: warning[dead-delta]: no device can run 1.0.0: no release has it for modem on mp, and known_versions does not list it
  4 | [delta.modem.mp."1.0.0"]
hint: if it is in the field, write known_versions = ["1.0.0"] for software type modem
releases/v1.0.0.toml:4:17: warning[similar-versions]: version "1.0.0" looks like "v1.0.0" in releases/v1.0.0.toml:1:11, but is another one
  4 | [delta.modem.mp."1.0.0"]
hint: a device that reports one of them is not taken for the other: spell both as devices report it
`},
		{"versions that differ", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
version_order = "natural"
[software.main]
known_versions = ["1", "1.0.0-rc1", "1.0.0+b", "1.0.1", "1.10.0", "10.0", "vega", "ega", "1.0.0.a", "0", "20.0"]
-- releases/1.0.0.toml --
version = "2.0"
[payload.main.mp]
file = "a.bin"
-- releases/v2.toml --
version = "v2.0"
[payload.modem.mp]
file = "a.bin"
-- cohorts/default.toml --
[activate."2.0"]
[activate."1.1.0"]
`, ``},
	})
}
