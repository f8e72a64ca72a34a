package conformance

import (
	"fmt"
	"strings"

	"cairn/manifest"
	"cairn/releases"
)

// serials asks for serials of each length, which XXH64 takes in steps of 32,
// 8, 4 and 1 bytes, and for some that resemble one that a cohort lists.
func (g *generator) serials() {
	target, version, rare := g.telling()
	for length := 1; length <= longest; length++ {
		for _, in := range []bool{true, false} {
			if in && len(rare) == 0 {
				continue
			}
			if serial, ok := g.long(length, func(bucket int) bool { return rare[bucket] == in }); ok {
				d := manifest.Device{Serial: serial, Target: target, CurrentVersion: version}
				g.add(g.of(fmt.Sprintf("serial/%d", length), d, length%len(forms)))
			}
		}
	}
	for _, c := range g.cohorts {
		if c.Slug == releases.DefaultCohort || len(c.edge) == 0 {
			continue
		}
		listed := c.edge[0]
		for i, serial := range []string{strings.ToLower(listed), strings.ToUpper(listed), listed + "0", listed[1:]} {
			if serial != listed && releases.ValidSerial(serial) {
				d := manifest.Device{Serial: serial, Target: target, CurrentVersion: version}
				g.add(g.of(fmt.Sprintf("serial/like %s %d", listed, i), d, i%len(forms)))
			}
		}
	}
}

// longest is how long a serial may be.
const longest = 128

// telling is a target and a version for which the answers of default differ
// the most between its buckets, and the buckets that get other ones than most.
func (g *generator) telling() (target manifest.Target, version string, rare map[int]bool) {
	target, version = g.update.Target, g.update.CurrentVersion
	for _, t := range g.targets {
		for _, v := range g.ordinary(t) {
			folder := g.tree.Folder(g.layout.AnswerFolder(t, releases.DefaultCohort, manifest.VersionSegment(v)))
			if folder == nil {
				continue
			}
			if r := others(folder); len(r) > len(rare) {
				target, version, rare = t, v, r
			}
		}
	}
	return target, version, rare
}

// others are the buckets of a folder that have another body than most.
func others(f *manifest.Folder) map[int]bool {
	count := map[uint32]int{}
	most := f.Bodies[0]
	for _, body := range f.Bodies {
		if count[body]++; count[body] > count[most] {
			most = body
		}
	}
	rare := map[int]bool{}
	for i, bucket := range f.Buckets {
		if f.Bodies[i] != most {
			rare[int(bucket)] = true
		}
	}
	return rare
}

// long makes up a serial of so many characters that no cohort lists, in a
// bucket that will do. It is false where it finds none.
func (g *generator) long(length int, will func(bucket int) bool) (string, bool) {
	const characters = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
	serial := []byte(strings.Repeat(characters, 3)[length%len(characters):][:length])
	for i := range 1 << 12 {
		serial[0] = characters[i%len(characters)]
		if length > 1 {
			serial[length-1] = characters[i/len(characters)]
		} else if i == len(characters) {
			break
		}
		if s := string(serial); will(g.bucket(s)) && !g.listed(s) {
			return s, true
		}
	}
	return "", false
}
