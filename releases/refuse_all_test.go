package releases_test

import "testing"

// TestRefuseAll has faults in every file, and finds them all in one run, in
// the order of a reader, none twice.
func TestRefuseAll(t *testing.T) {
	checkFaults(t, project(sound, `
-- cairn.toml --
[project]
slug = "de mo"
base_url = "https://ota.example.com"
bucket_digits = 9
[cache]
answers = "1 minute"
[prices]
put = -1
[guard]
max_deletes = 120
-- releases/1.0.0.toml --
version = "1.0.0"
[payload.main.mp]
file = "missing.bin"
-- releases/1.1.0.toml --
version = "1.1.0"
[payload.main.mp]
file = "a.bin"
size = 9
[delta."".mp."1.0"]
file = "a.bin"
[delta."".mp."1.0.0"]
[delta."".mp."0.9.0"]
-- releases/again.toml --
version = "1.1.0"
-- releases/broken.toml --
version = "1.2.0
-- releases/ten.toml --
version = "10"
-- cohorts/alpha.toml --
devices = ["SN-1"]
[activate."10"]
[activate."1.1.1"]
rollout = 200
-- cohorts/beta.toml --
devices = ["SN-1", "SN 1"]
devices_file = "beta.txt"
-- cohorts/beta.txt --
SN-1
#
!
`), `
cairn.toml:2:8: slug "de mo" is not valid
  2 | slug = "de mo"
hint: a slug is letters, digits, - and _: [-a-zA-Z0-9_]+
cairn.toml:4:17: bucket_digits 9 is outside 1 to 4
  4 | bucket_digits = 9
hint: each digit makes 16 times as many files
cairn.toml:6:11: answers "1 minute" is no duration
  6 | answers = "1 minute"
hint: write hours, minutes and seconds, in quotes: "48h", "36h30m", "60s"
cairn.toml:8:7: put -1 is no price
  8 | put = -1
hint: a price of 1,000 requests is a finite number, 0 or more
cairn.toml:10:15: max_deletes 120 is over 100 percent
  10 | max_deletes = 120
hint: max_deletes is the share of the published keys that one publish may delete, 0 to 100; 100 stops nothing
cohorts/alpha.toml:3:11: no release has version "1.1.1"
  3 | [activate."1.1.1"]
hint: did you mean "1.1.0"? Otherwise mend releases/broken.toml first, which may define it
cohorts/alpha.toml:4:11: rollout 200 is over 100 percent
  4 | rollout = 200
hint: rollout is the share of the cohort's devices, 0 to 100
cohorts/beta.toml:1:12: device serial "SN-1" is also in cohorts/alpha.toml:1:12
  1 | devices = ["SN-1", "SN 1"]
hint: a device is in one cohort, once: take it out of one of the two
cohorts/beta.toml:1:20: "SN 1" is no device serial
  1 | devices = ["SN-1", "SN 1"]
hint: a device serial is letters, digits, - and _, at most 128 characters
cohorts/beta.txt:1:1: device serial "SN-1" is also in cohorts/beta.toml:1:12
  1 | SN-1
hint: a device is in one cohort, once: take it out of one of the two
cohorts/beta.txt:3:1: "!" is no device serial
  3 | !
hint: a device serial is letters, digits, - and _, at most 128 characters
releases/1.0.0.toml:3:8: payload file "missing.bin": no such file
  3 | file = "missing.bin"
hint: the path is relative to releases/1.0.0.toml
releases/1.1.0.toml:4:8: payload file "a.bin" has 4 bytes, not 9
  4 | size = 9
hint: state what the file is, leave the line out, or restore the file
releases/1.1.0.toml:5:8: software type is empty
  5 | [delta."".mp."1.0"]
hint: a software type is 1 to 128 characters, without control characters or space at either end
releases/1.1.0.toml:5:14: version "1.0" is not a SemVer version
  5 | [delta."".mp."1.0"]
hint: write it as in 1.2.3-rc.1, or set version_order = "natural" in [project]
releases/1.1.0.toml:7:14: [delta."".mp."1.0.0"] has none of file, stored and url
  7 | [delta."".mp."1.0.0"]
hint: write file = "…", relative to releases/1.1.0.toml
releases/1.1.0.toml:8:14: [delta."".mp."0.9.0"] has none of file, stored and url
  8 | [delta."".mp."0.9.0"]
hint: write file = "…", relative to releases/1.1.0.toml
releases/again.toml:1:11: version "1.1.0" is also that of releases/1.1.0.toml:1:11
  1 | version = "1.1.0"
hint: give each release a version of its own
releases/broken.toml:1:17: cannot contain newlines
  1 | version = "1.2.0
hint: a quote is missing at the end of the line
releases/ten.toml:1:11: version "10" is not a SemVer version
  1 | version = "10"
hint: write it as in 1.2.3-rc.1, or set version_order = "natural" in [project]
`)
}
