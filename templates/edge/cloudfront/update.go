package cloudfront

import (
	"fmt"
	"slices"
	"strings"

	"cairn/releases"
)

// MaxBatch is how many keys a call of UpdateKeys may put and delete together:
// docs.aws.amazon.com, "Quotas". It may have 3 MB, which as many keys and
// values of the greatest length don't reach.
const MaxBatch = 50

// Batch is the input of a call of UpdateKeys, but for the ARN of the store and
// its ETag.
type Batch struct {
	Puts    []Put    `json:",omitempty"`
	Deletes []Delete `json:",omitempty"`
}

// Put puts a value at a key.
type Put struct{ Key, Value string }

// Delete deletes a key.
type Delete struct{ Key string }

// Update leads a store from one tree to the next, in calls one after another.
//
// Where a folder changes, a bucket is up to date between the two if it is so in
// either of them: so a device is offered only what is in the tree. Where the
// floor of a track changes, it is the lower of both, so that no version takes
// what is not above it, whichever of the two trees answers.
type Update struct {
	// Before the tree is published: what ends offers, then the new folders,
	// without which a device would be offered what others get, then the
	// devices that change cohorts, who must not get the new answers of the
	// old one.
	Before []Batch
	// After it is published, and no old answer is cached: what makes offers,
	// then the folders that are gone. Before, a device of such a version could
	// be offered the version that it runs.
	After []Batch
}

// NewUpdate is the update of a store with the old pairs to the new ones, whose
// versions are in an order. Its
// error says that there is none, as the buckets are others.
func NewUpdate(order releases.Order, old, new []Pair) (Update, error) {
	was, becomes := values(old), values(new)
	var folders, devices, before, after steps
	for _, p := range new {
		value, there := was[p.Key]
		switch {
		case there && value == p.Value:
		case isDevice(p.Key):
			devices.put(p)
		case isFloor(p.Key):
			between := lower(order, value, p.Value)
			if between != value {
				before.put(Pair{p.Key, between})
			}
			if between != p.Value {
				after.put(p)
			}
		case there:
			between, err := either(value, p.Value)
			if err != nil {
				return Update{}, fmt.Errorf("key %q of the key-value store: %w", p.Key, err)
			}
			if between != value {
				before.put(Pair{p.Key, between})
			}
			if between != p.Value {
				after.put(p)
			}
		default:
			folders.put(p)
		}
	}
	for _, p := range old {
		if _, stays := becomes[p.Key]; stays {
			continue
		}
		switch {
		case isDevice(p.Key):
			devices = append(devices, Delete{p.Key})
		case isFloor(p.Key):
			before = append(before, Delete{p.Key}) // nobody takes anything
		default:
			after = append(after, Delete{p.Key})
		}
	}
	return Update{slices.Concat(before, folders, devices).batches(), after.batches()}, nil
}

func values(pairs []Pair) map[string]string {
	m := make(map[string]string, len(pairs))
	for _, p := range pairs {
		m[p.Key] = p.Value
	}
	return m
}

func isDevice(key string) bool { return strings.HasPrefix(key, "d/") }

func isFloor(key string) bool { return strings.HasPrefix(key, "b/") }

// lower is that of two floors which fewer versions are below. There are none
// below one that is missing, "".
func lower(order releases.Order, a, b string) string {
	switch {
	case a == "" || b == anyVersion:
		return a
	case b == "" || a == anyVersion:
		return b
	case order.Compare(a[1:], b[1:]) < 0:
		return a
	}
	return b
}

// either is the value of a folder whose buckets are up to date in one of two.
func either(a, b string) (string, error) {
	switch {
	case a == "=1" || b == "=0":
		return a, nil
	case b == "=1" || a == "=0":
		return b, nil
	case len(a) != len(b):
		return "", fmt.Errorf("it had values for %d buckets, and has them for %d: bucket_digits has changed, which needs a store and a function of its own", 4*len(a), 4*len(b))
	}
	value := []byte(a)
	for i := range value {
		value[i] = digits[strings.IndexByte(digits, a[i])|strings.IndexByte(digits, b[i])]
	}
	return string(value), nil
}

// steps are puts and deletes, in their order.
type steps []any

func (s *steps) put(p Pair) { *s = append(*s, Put(p)) }

func (s steps) batches() []Batch {
	var batches []Batch
	for chunk := range slices.Chunk(s, MaxBatch) {
		var b Batch
		for _, step := range chunk {
			switch step := step.(type) {
			case Put:
				b.Puts = append(b.Puts, step)
			case Delete:
				b.Deletes = append(b.Deletes, step)
			}
		}
		batches = append(batches, b)
	}
	return batches
}
