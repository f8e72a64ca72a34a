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
cairn.toml:2:8: slug "de mo" … valid
hint: slug … [-a-zA-Z0-9_]+
cairn.toml:4:17: bucket_digits 9 … 1 … 4
hint: 16 … files
cairn.toml:6:11: answers "1 minute" … duration
hint: "48h", "36h30m", "60s"
cairn.toml:8:7: put -1 … price
hint: 1,000 … 0 … more
cairn.toml:10:15: max_deletes 120 … 100 percent
hint: max_deletes … 0 … 100; 100
cohorts/alpha.toml:3:11: release … "1.1.1"
hint: "1.1.0" … releases/broken.toml
cohorts/alpha.toml:4:11: rollout 200 … 100 percent
hint: 0 … 100
cohorts/beta.toml:1:12: device … "SN-1" … cohorts/alpha.toml:1:12
hint: out … two
cohorts/beta.toml:1:20: "SN 1" … serial
hint: 128 characters
cohorts/beta.txt:1:1: device … "SN-1" … cohorts/beta.toml:1:12
hint: out … two
cohorts/beta.txt:3:1: "!" … serial
hint: 128 characters
releases/1.0.0.toml:3:8: payload file "missing.bin" … file
hint: releases/1.0.0.toml
releases/1.1.0.toml:4:8: payload file "a.bin" … 4 … 9
hint: file … file
releases/1.1.0.toml:5:8: software type is empty
hint: 1 … 128 … end
releases/1.1.0.toml:5:14: version "1.0" … version
hint: 1.2.3-rc.1 … version_order = "natural" … [project]
releases/1.1.0.toml:7:14: [delta."".mp."1.0.0"] … file, stored … url
hint: file = "…" … releases/1.1.0.toml
releases/1.1.0.toml:8:14: [delta."".mp."0.9.0"] … file, stored … url
hint: file = "…" … releases/1.1.0.toml
releases/again.toml:1:11: version "1.1.0" … releases/1.1.0.toml:1:11
hint: version … own
releases/broken.toml:1:17: cannot contain newlines
hint: end … line
releases/ten.toml:1:11: version "10" … version
hint: 1.2.3-rc.1 … version_order = "natural" … [project]
`)
}
