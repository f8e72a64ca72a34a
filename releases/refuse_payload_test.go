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
releases/r.toml:3:8: file is an integer, not a string
  3 | file = 1
hint: write file = "…", in quotes
releases/r.toml:4:8: size is a string, not an integer
  4 | size = "3"
hint: write a whole number, without quotes
releases/r.toml:5:10: sha256 is an integer, not a string
  5 | sha256 = 3
hint: write sha256 = "…", in quotes
releases/r.toml:6:7: md5 is an integer, not a string
  6 | md5 = 4
hint: write md5 = "…", in quotes
releases/r.toml:7:14: extra_info is an integer, not a table
  7 | extra_info = 5
hint: write a table of your own keys and values
`},
		{"wrong kinds in an inline table", `
-- releases/r.toml --
version = "1.1.0"
payload = { main = { mp = { url = 1 }, evt = { stored = 2, size = 3.0 } } }
`, `
releases/r.toml:2:35: url is an integer, not a string
  2 | payload = { main = { mp = { url = 1 }, evt = { stored = 2, size = 3.0 } } }
hint: write url = "…", in quotes
releases/r.toml:2:57: stored is an integer, not a string
  2 | payload = { main = { mp = { url = 1 }, evt = { stored = 2, size = 3.0 } } }
hint: write stored = "…", in quotes
releases/r.toml:2:67: size is a number, not an integer
  2 | payload = { main = { mp = { url = 1 }, evt = { stored = 2, size = 3.0 } } }
hint: write a whole number, without quotes
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
releases/r.toml:4:1: unknown key "sha_256" in [payload.main.mp]
  4 | sha_256 = "x"
hint: did you mean "sha256"?
releases/r.toml:5:16: [delta.main.mp."1.0.0"] has none of file, stored and url
  5 | [delta.main.mp."1.0.0"]
hint: write file = "…", relative to releases/r.toml
releases/r.toml:6:1: unknown key "fil" in [delta.main.mp."1.0.0"]
  6 | fil = "a.bin"
hint: did you mean "file"?
`},
		{"file is missing", `
-- releases/r.toml --
version = "1.1.0"
[payload.main.mp]
file = "b.bin"
`, `
releases/r.toml:3:8: payload file "b.bin": no such file
  3 | file = "b.bin"
hint: the path is relative to releases/r.toml
`},
		{"file is a folder", `
-- releases/r.toml --
version = "1.1.0"
[payload.main.mp]
file = "folder"
`, `
releases/r.toml:3:8: payload file "folder": it is a folder
  3 | file = "folder"
hint: the path is relative to releases/r.toml
`},
		{"file is empty", `
-- releases/r.toml --
version = "1.1.0"
[payload.main.mp]
file = "folder/empty.bin"
`, `
releases/r.toml:3:8: error[empty-payload]: payload file "folder/empty.bin" is empty
  3 | file = "folder/empty.bin"
hint: a payload has at least one byte: look at the build that made it
`},
		{"file has no name", `
-- releases/r.toml --
version = "1.1.0"
[payload.main.mp]
file = ""
`, `
releases/r.toml:3:8: the path is empty
  3 | file = ""
hint: name a file, relative to releases/
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
releases/r.toml:4:8: payload file "a.bin" has 4 bytes, not 5
  4 | size = 5
hint: state what the file is, leave the line out, or restore the file
releases/r.toml:5:10: payload file "a.bin" has sha256 edeaaff3f1774ad2888673770c6d64097e391bc362d7d6fb34982ddf0efd18cb
  5 | sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
hint: state what the file is, leave the line out, or restore the file
releases/r.toml:6:7: payload file "a.bin" has md5 0bee89b07a248e27c83fc3d5951213c1
  6 | md5 = "00000000000000000000000000000000"
hint: state what the file is, leave the line out, or restore the file
`},
		{"size is negative", `
-- releases/r.toml --
version = "1.1.0"
[payload.main.mp]
file = "a.bin"
size = -3
`, `
releases/r.toml:4:8: size -3 is not over 0
  4 | size = -3
hint: state the payload's size in bytes
`},
		{"digests are no digests", `
-- releases/r.toml --
version = "1.1.0"
[payload.main.mp]
file = "a.bin"
sha256 = "ba7816bf"
md5 = "90015098 3cd24fb0 d6963f7d 28e17f72"
`, `
releases/r.toml:4:10: sha256 is not 64 hex digits
  4 | sha256 = "ba7816bf"
hint: write it as sha256sum prints it
releases/r.toml:5:7: md5 is not 32 hex digits
  5 | md5 = "90015098 3cd24fb0 d6963f7d 28e17f72"
hint: write it as md5sum prints it
`},
		{"url without size and sha256", `
-- releases/r.toml --
version = "1.1.0"
[payload.main.mp]
url = "https://cdn.example.com/a.bin"
`, `
releases/r.toml:3:1: [payload.main.mp] has url without sha256
  3 | url = "https://cdn.example.com/a.bin"
hint: state the sha256: what is not in the project folder cannot be measured
releases/r.toml:3:1: [payload.main.mp] has url without size
  3 | url = "https://cdn.example.com/a.bin"
hint: state the size: what is not in the project folder cannot be measured
`},
		{"stored without sha256", `
-- releases/r.toml --
version = "1.1.0"
[payload.main.mp]
stored = "a.bin"
size = 3
`, `
releases/r.toml:3:1: [payload.main.mp] has stored without sha256
  3 | stored = "a.bin"
hint: state the sha256: what is not in the project folder cannot be measured
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
releases/r.toml:4:1: [payload.main.mp] has both file and stored
  4 | file = "a.bin"
hint: keep the one that is meant
releases/r.toml:7:1: [payload.main.evt] has both file and url
  7 | file = "a.bin"
hint: keep the one that is meant
`},
		{"none of file, stored and url", `
-- releases/r.toml --
version = "1.1.0"
[payload.main.mp]
size = 3
`, `
releases/r.toml:2:15: [payload.main.mp] has none of file, stored and url
  2 | [payload.main.mp]
hint: write file = "…", relative to releases/r.toml
`},
		{"url is not absolute", `
-- releases/r.toml --
version = "1.1.0"
[payload.main.mp]
url = "cdn.example.com/a.bin"
size = 3
sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
`, `
releases/r.toml:3:7: url "cdn.example.com/a.bin" is no absolute URL
  3 | url = "cdn.example.com/a.bin"
hint: write the whole URL: "https://…"
`},
		{"url with a space", `
-- releases/r.toml --
version = "1.1.0"
[payload.main.mp]
url = "https://cdn.example.com/a b.bin"
size = 3
sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
`, `
releases/r.toml:3:7: url "https://cdn.example.com/a b.bin" has other characters than printable ASCII
  3 | url = "https://cdn.example.com/a b.bin"
hint: write %20 for a space, and so on
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
releases/r.toml:3:7: url "file:///etc/passwd" is no absolute URL
  3 | url = "file:///etc/passwd"
hint: write the whole URL: "https://…"
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
releases/r.toml:3:10: stored "folder/a.bin" is no file name
  3 | stored = "folder/a.bin"
hint: write the file name only: the sha256 says the rest
releases/r.toml:7:10: stored "" is no file name
  7 | stored = ""
hint: write the file name only: the sha256 says the rest
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
releases/r.toml:3:8: path "../../a.bin" leads out of the project folder
  3 | file = "../../a.bin"
hint: name a file in the project folder, relative to releases/
releases/r.toml:5:8: path "/etc/passwd" leads out of the project folder
  5 | file = "/etc/passwd"
hint: name a file in the project folder, relative to releases/
releases/r.toml:7:8: path "folder/../../../a.bin" leads out of the project folder
  7 | file = "folder/../../../a.bin"
hint: name a file in the project folder, relative to releases/
`},
		{"path is that of another system", `
-- releases/r.toml --
version = "1.1.0"
[payload.main.mp]
file = 'folder\a.bin'
`, `
releases/r.toml:3:8: payload file "folder\\a.bin": no such file
  3 | file = 'folder\a.bin'
hint: the path is relative to releases/r.toml, with / between folders
`},
		{"sha256 in capitals, of another payload", `
-- releases/r.toml --
version = "1.1.0"
[payload.main.mp]
file = "a.bin"
sha256 = "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"
`, `
releases/r.toml:4:10: payload file "a.bin" has sha256 edeaaff3f1774ad2888673770c6d64097e391bc362d7d6fb34982ddf0efd18cb
  4 | sha256 = "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"
hint: state what the file is, leave the line out, or restore the file
`},
		{"one file named twice", `
-- releases/r.toml --
version = "1.1.0"
[payload.main.mp]
file = "b.bin"
[payload.main.evt]
file = "b.bin"
`, `
releases/r.toml:3:8: payload file "b.bin": no such file
  3 | file = "b.bin"
hint: the path is relative to releases/r.toml
releases/r.toml:5:8: payload file "b.bin": no such file
  5 | file = "b.bin"
hint: the path is relative to releases/r.toml
`},
	})
}
