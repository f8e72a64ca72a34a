package manifest

import (
	"bytes"
	"slices"
	"time"

	"cairn/releases"
)

// Move is an answer that differs between two fleets: that of the devices of a
// cohort and target which run a version, in some bucket.
type Move struct {
	Cohort        string
	Target        Target
	Version       string // "" for none
	At            time.Time
	Before, After *releases.Release // nil for up to date
}

// Moved compares the answers of all devices of one fleet with those of another,
// at an instant and at each later change of the schedules of the first. It
// gives how many answers it compared, and those that differ, the first bucket
// of each.
func Moved(before, after *releases.Fleet, from time.Time) (compared int, moved []Move) {
	instants := []time.Time{from}
	layout := LayoutOf(before)
	for _, c := range before.Cohorts {
		for _, a := range c.Activations {
			for change := range a.Changes(from, layout.Buckets()) {
				instants = append(instants, change.At)
			}
			if a.Paused.After(from) {
				instants = append(instants, a.Paused)
			}
		}
	}
	slices.SortFunc(instants, time.Time.Compare)
	for _, at := range slices.CompactFunc(instants, time.Time.Equal) {
		n, some := movedAt(before, after, at)
		compared += n
		if moved = append(moved, some...); len(moved) > 0 {
			break
		}
	}
	return compared, moved
}

func movedAt(before, after *releases.Fleet, at time.Time) (compared int, moved []Move) {
	was, is := New(before, at), New(after, at)
	for i := range was.Folders {
		f := &was.Folders[i]
		if f.VersionSegment != OtherSegment {
			continue
		}
		versions := slices.Concat(was.Known[f.Target], Unlisted(before.Project.Order, was.Known[f.Target]), []string{""})
		for _, version := range versions {
			for slot := range f.Bodies {
				d, bucket := Device{Target: f.Target, CurrentVersion: version}, was.BucketAt(f, slot)
				_, x, there := was.Find(f.Cohort, bucket, d)
				_, y, still := is.Find(f.Cohort, bucket, d)
				compared++
				if there != still || !bytes.Equal(x.JSON, y.JSON) {
					moved = append(moved, Move{f.Cohort, f.Target, version, at, x.Release, y.Release})
					break
				}
			}
		}
	}
	return compared, moved
}
