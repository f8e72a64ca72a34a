package releases_test

import "testing"

func TestRefusePayload(t *testing.T) {
	refuse(t, []refusal{
		{"wrong kinds", `
-- releases/r.toml --
version = "1.1.0"
[payload.main.mp]
file = 1
size = "3"
sha256 = 3
md5 = 4
extra_info = 5
`, `
releases/r.toml:3:8: file … integer … string
hint: file = "…"
releases/r.toml:4:8: size … string … integer
hint: without quotes
releases/r.toml:5:10: sha256 … integer … string
hint: sha256 = "…"
releases/r.toml:6:7: md5 … integer … string
hint: md5 = "…"
releases/r.toml:7:14: extra_info … integer … table
hint: keys … values
`},
		{"wrong kinds in an inline table", `
-- releases/r.toml --
version = "1.1.0"
payload = { main = { mp = { url = 1 }, evt = { stored = 2, size = 3.0 } } }
`, `
releases/r.toml:2:35: url … integer … string
hint: url = "…"
releases/r.toml:2:57: stored … integer … string
hint: stored = "…"
releases/r.toml:2:67: size … number … integer
hint: without quotes
`},
		{"unknown key", `
-- releases/r.toml --
version = "1.1.0"
[payload.main.mp]
file = "a.bin"
sha_256 = "x"
[delta.main.mp."1.0.0"]
fil = "a.bin"
`, `
releases/r.toml:4:1: unknown … "sha_256" … [payload.main.mp]
hint: did you mean "sha256"?
releases/r.toml:5:16: [delta.main.mp."1.0.0"] … file, stored … url
hint: file = "…" … releases/r.toml
releases/r.toml:6:1: unknown … "fil" … [delta.main.mp."1.0.0"]
hint: did you mean "file"?
`},
		{"file is missing", `
-- releases/r.toml --
version = "1.1.0"
[payload.main.mp]
file = "b.bin"
`, `
releases/r.toml:3:8: payload file "b.bin" … file
hint: releases/r.toml
`},
		{"file is a folder", `
-- releases/r.toml --
version = "1.1.0"
[payload.main.mp]
file = "folder"
`, `
releases/r.toml:3:8: payload file "folder" … folder
hint: releases/r.toml
`},
		{"file is empty", `
-- releases/r.toml --
version = "1.1.0"
[payload.main.mp]
file = "folder/empty.bin"
`, `
releases/r.toml:3:8: error[empty-payload] … file "folder/empty.bin" … empty
hint: build … made
`},
		{"file has no name", `
-- releases/r.toml --
version = "1.1.0"
[payload.main.mp]
file = ""
`, `
releases/r.toml:3:8: the path is empty
hint: file … releases/
`},
		{"file differs", `
-- releases/r.toml --
version = "1.1.0"
[payload.main.mp]
file = "a.bin"
size = 5
sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
md5 = "00000000000000000000000000000000"
`, `
releases/r.toml:4:8: payload file "a.bin" … 4 … 5
hint: file … file
releases/r.toml:5:10: payload file "a.bin" … sha256 edeaaff3f1774ad2888673770c6d64097e391bc362d7d6fb34982ddf0efd18cb
hint: file … file
releases/r.toml:6:7: payload file "a.bin" … md5 0bee89b07a248e27c83fc3d5951213c1
hint: file … file
`},
		{"size is negative", `
-- releases/r.toml --
version = "1.1.0"
[payload.main.mp]
file = "a.bin"
size = -3
`, `
releases/r.toml:4:8: size -3 … 0
hint: size
`},
		{"digests are no digests", `
-- releases/r.toml --
version = "1.1.0"
[payload.main.mp]
file = "a.bin"
sha256 = "ba7816bf"
md5 = "90015098 3cd24fb0 d6963f7d 28e17f72"
`, `
releases/r.toml:4:10: sha256 … 64 … digits
hint: sha256sum
releases/r.toml:5:7: md5 … 32 … digits
hint: md5sum
`},
		{"url without size and sha256", `
-- releases/r.toml --
version = "1.1.0"
[payload.main.mp]
url = "https://cdn.example.com/a.bin"
`, `
releases/r.toml:3:1: [payload.main.mp] … url … sha256
hint: sha256
releases/r.toml:3:1: [payload.main.mp] … url … size
hint: size
`},
		{"stored without sha256", `
-- releases/r.toml --
version = "1.1.0"
[payload.main.mp]
stored = "a.bin"
size = 3
`, `
releases/r.toml:3:1: [payload.main.mp] … stored … sha256
hint: sha256
`},
		{"two of file, stored and url", `
-- releases/r.toml --
version = "1.1.0"
[payload.main.mp]
stored = "a.bin"
file = "a.bin"
[payload.main.evt]
url = "https://cdn.example.com/a.bin"
file = "a.bin"
`, `
releases/r.toml:4:1: [payload.main.mp] … file … stored
hint: keep … meant
releases/r.toml:7:1: [payload.main.evt] … file … url
hint: keep … meant
`},
		{"none of file, stored and url", `
-- releases/r.toml --
version = "1.1.0"
[payload.main.mp]
size = 3
`, `
releases/r.toml:2:15: [payload.main.mp] … file, stored … url
hint: file = "…" … releases/r.toml
`},
		{"url is not absolute", `
-- releases/r.toml --
version = "1.1.0"
[payload.main.mp]
url = "cdn.example.com/a.bin"
size = 3
sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
`, `
releases/r.toml:3:7: url "cdn.example.com/a.bin" … URL
hint: "https://…"
`},
		{"url with a space", `
-- releases/r.toml --
version = "1.1.0"
[payload.main.mp]
url = "https://cdn.example.com/a b.bin"
size = 3
sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
`, `
releases/r.toml:3:7: url "https://cdn.example.com/a b.bin" … ASCII
hint: %20 … space
`},
		{"url of another scheme", `
-- releases/r.toml --
version = "1.1.0"
[payload.main.mp]
url = "file:///etc/passwd"
size = 3
sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
[payload.main.evt]
url = "ftp://cdn.example.com/a.bin"
size = 3
sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
`, `
releases/r.toml:3:7: url "file:///etc/passwd" … URL
hint: "https://…"
`},
		{"stored is a path", `
-- releases/r.toml --
version = "1.1.0"
[payload.main.mp]
stored = "folder/a.bin"
size = 3
sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
[payload.main.evt]
stored = ""
size = 3
sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
`, `
releases/r.toml:3:10: stored "folder/a.bin" … file name
hint: file … sha256
releases/r.toml:7:10: stored "" … file name
hint: file … sha256
`},
		{"path leads out", `
-- releases/r.toml --
version = "1.1.0"
[payload.main.mp]
file = "../../a.bin"
[payload.main.evt]
file = "/etc/passwd"
[payload.main.dvt]
file = "folder/../../../a.bin"
`, `
releases/r.toml:3:8: path "../../a.bin" … folder
hint: file … releases/
releases/r.toml:5:8: path "/etc/passwd" … folder
hint: file … releases/
releases/r.toml:7:8: path "folder/../../../a.bin" … folder
hint: file … releases/
`},
		{"path is that of another system", `
-- releases/r.toml --
version = "1.1.0"
[payload.main.mp]
file = 'folder\a.bin'
`, `
releases/r.toml:3:8: payload file "folder\\a.bin" … file
hint: releases/r.toml … /
`},
		{"sha256 in capitals, of another payload", `
-- releases/r.toml --
version = "1.1.0"
[payload.main.mp]
file = "a.bin"
sha256 = "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"
`, `
releases/r.toml:4:10: payload file "a.bin" … sha256 edeaaff3f1774ad2888673770c6d64097e391bc362d7d6fb34982ddf0efd18cb
hint: file … file
`},
		{"one file named twice", `
-- releases/r.toml --
version = "1.1.0"
[payload.main.mp]
file = "b.bin"
[payload.main.evt]
file = "b.bin"
`, `
releases/r.toml:3:8: payload file "b.bin" … file
hint: releases/r.toml
releases/r.toml:5:8: payload file "b.bin" … file
hint: releases/r.toml
`},
	})
}
