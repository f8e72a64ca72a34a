package simulate

import (
	"time"

	"cairn/manifest"
	"cairn/releases"
)

// Member is a device of a simulation, for a test to walk in its own way.
type Member struct {
	manifest.Device
	FirstPoll time.Duration
	Fails     func() bool // whether the next update does
}

// Members are the devices of a simulation.
func Members(f *releases.Fleet, o Options) []Member {
	p := newPopulation(f, o)
	var members []Member
	for i := range o.Devices {
		d := p.device(i)
		members = append(members, Member{
			Device:    manifest.Device{Serial: d.serial, Target: p.targets[d.target], CurrentVersion: p.versions.names[d.start], Eager: d.bucket == p.eagerBucket()},
			FirstPoll: time.Duration(d.hash % uint64(o.Poll)),
			Fails:     func() bool { return o.FailRate > 0 && uniform(&d.dice) < o.FailRate },
		})
	}
	return members
}
