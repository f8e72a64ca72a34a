package main

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"cairn/publish/storetest/proxy"
)

// update is one publish in the life of a bucket.
type update struct {
	at      time.Time
	aborted string // why the last main release is aborted
}

var (
	initial = update{begin, ""}
	rollout = update{step, ""}                             // one release goes from 40 % to 50 %
	abort   = update{alarm, "it overheats in the freezer"} // and another from 10 % to 50 %
)

// updates follows a bucket through a rollout: nothing to do, a step, and the
// abort of a release that half of the devices are offered, while another one
// goes on.
func (b *bench) updates() {
	p, tree, before := b.prepare()
	stepped, aborted := p.treeAfter(rollout), p.treeAfter(abort)
	bucket := b.freshBucket()
	defer b.remove(bucket)
	through, err := proxy.New(b.server.Endpoint)
	b.check(err)
	defer through.Close()
	p.update(initial, bucket)
	b.nothing(p, tree, bucket, through)

	c := changesOf(before, stepped, "")
	_, requests := passed(through, func() usage { return p.update(rollout, bucket.at(through.Endpoint)) })
	fmt.Printf("step     of a rollout by 10 %%: %d objects put, %d deleted, with %d requests: %d more than that\n",
		len(c.put), len(c.deleted), len(requests), len(requests)-len(c.put)-len(c.deleted))

	b.abort(p, changesOf(stepped, aborted, version("main", p.versions-1)), bucket, through)
}

// nothing publishes what is there already.
func (b *bench) nothing(p *project, tree string, bucket s3, through *proxy.Proxy) {
	_, requests := passed(through, func() usage { return p.publish(begin, bucket.at(through.Endpoint)) })
	contenders := []contender{{"cairn", func() usage { return p.publish(begin, bucket) }}}
	var listed []proxy.Request
	rclone := installed("rclone")
	if rclone {
		theirs := b.freshBucket()
		defer b.remove(theirs)
		b.rclone(tree, theirs)
		contenders = append(contenders, contender{"rclone", func() usage { return b.rclone(tree, theirs) }})
		_, listed = passed(through, func() usage { return b.rclone(tree, theirs.at(through.Endpoint)) })
	}
	all := b.takeTurns(b.rounds, contenders...)
	fmt.Printf("nothing  changed: %d requests, %.3f s, CPU %.3f s, peak %.0f MiB", len(requests),
		all.of("cairn", wall), all.of("cairn", cpu), all.of("cairn", peak))
	if rclone {
		fmt.Printf("; %.0f times faster than rclone (%d requests, %.2f s)", all.ratio("rclone", "cairn", wall), len(listed), all.of("rclone", wall))
	}
	fmt.Println()
}

// abort publishes the abort, and looks how soon the last request is made that
// withdraws the release.
func (b *bench) abort(p *project, c changes, bucket s3, through *proxy.Proxy) {
	var times []float64
	var until, total int
	for range b.rounds {
		p.update(rollout, bucket)
		start := time.Now()
		took, requests := passed(through, func() usage { return p.update(abort, bucket.at(through.Endpoint)) })
		missing := len(c.withdrawing)
		until, total = 0, len(requests)
		for i, r := range requests {
			if r.Method != http.MethodGet && c.withdrawing[strings.TrimPrefix(r.Path, "/"+bucket.Bucket+"/")] {
				until, missing = i+1, missing-1
			}
		}
		if missing != 0 {
			b.Fatalf("%d withdrawing requests were not made once each", missing)
		}
		times = append(times, requests[until-1].When.Sub(start).Seconds()/took.Wall.Seconds())
	}
	fmt.Printf("abort    of a release at 50 %% while another goes from 10 %% to 50 %%: %d objects put, %d deleted; the last of %d of these that withdraw it is request %d of %d (%.0f %%), after %.0f %% of the time\n",
		len(c.put), len(c.deleted), len(c.withdrawing), until, total, 100*float64(until)/float64(total), 100*median(times))
}

// passed does some work, and gives the requests that it makes through the proxy.
func passed(through *proxy.Proxy, work func() usage) (usage, []proxy.Request) {
	through.Take()
	took := work()
	return took, through.Take()
}

func (p *project) update(u update, to s3) usage {
	p.cohorts(u.aborted)
	return p.publish(u.at, to)
}

// treeAfter is the tree that an update publishes.
func (p *project) treeAfter(u update) []object {
	out := filepath.Join(p.memory, "after")
	defer os.RemoveAll(out)
	defer p.cohorts("")
	p.cohorts(u.aborted)
	p.build(u.at, out)
	objects, err := readTree(out)
	p.check(err)
	return objects
}

// changes are the keys that differ between two trees.
type changes struct {
	put, deleted map[string]bool
	withdrawing  map[string]bool // of both, those that offered a version
}

func changesOf(old, new []object, withdrawn string) changes {
	was, is := bodies(old), bodies(new)
	c := changes{map[string]bool{}, map[string]bool{}, map[string]bool{}}
	offer := fmt.Appendf(nil, `"version":%q`, withdrawn)
	change := func(changed map[string]bool, key string) {
		changed[key] = true
		folder, name := path.Split(key)
		bucket, _, _ := strings.Cut(name, ".")
		if bytes.Contains(was[folder+bucket+".json"], offer) {
			c.withdrawing[key] = true
		}
	}
	for key, body := range is {
		if before, ok := was[key]; !ok || !bytes.Equal(before, body) {
			change(c.put, key)
		}
	}
	for key := range was {
		if _, ok := is[key]; !ok {
			change(c.deleted, key)
		}
	}
	return c
}

func bodies(tree []object) map[string][]byte {
	m := map[string][]byte{}
	for _, o := range tree {
		m[o.key] = o.body
	}
	return m
}
