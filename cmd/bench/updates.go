package main

import (
	"fmt"
	"net/http"
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
func (b *bench) updates() error {
	p, tree, err := b.prepare()
	if err != nil {
		return err
	}
	before, err := readTree(tree)
	if err != nil {
		return err
	}
	stepped, err := b.treeAfter(p, rollout)
	if err != nil {
		return err
	}
	aborted, err := b.treeAfter(p, abort)
	if err != nil {
		return err
	}
	through, err := proxy.New(b.server.Endpoint)
	if err != nil {
		return err
	}
	defer through.Close()
	bucket := b.server.fresh()
	defer b.server.remove(bucket)
	if _, err := run(b.update(p, initial, bucket)); err != nil {
		return err
	}
	if err := b.nothing(p, tree, bucket, through); err != nil {
		return err
	}
	if err := b.step(p, changesOf(before, stepped, ""), bucket, through); err != nil {
		return err
	}
	withdrawn := version("main", p.versions-1)
	return b.abort(p, changesOf(stepped, aborted, withdrawn), bucket, through)
}

// nothing publishes what is there already.
func (b *bench) nothing(p *project, tree string, bucket s3, through *proxy.Proxy) error {
	_, requests, err := passed(through, func() (*child, error) { return b.publish(p, begin, bucket.at(through.Endpoint)) })
	if err != nil {
		return err
	}
	contenders := []contender{{"cairn", func() (*child, error) { return b.publish(p, begin, bucket) }, nil}}
	theirs := b.server.fresh()
	defer b.server.remove(theirs)
	withRclone, listed := installed("rclone"), []proxy.Request{}
	if withRclone {
		if _, err := run(rclone(tree, theirs)); err != nil {
			return err
		}
		contenders = append(contenders, contender{"rclone", func() (*child, error) { return rclone(tree, theirs) }, nil})
		if _, listed, err = passed(through, func() (*child, error) { return rclone(tree, theirs.at(through.Endpoint)) }); err != nil {
			return err
		}
	}
	all, err := takeTurns(b.rounds, forever, contenders...)
	if err != nil {
		return err
	}
	fmt.Printf("nothing  changed: %d requests, %.3f s, CPU %.3f s, peak %.0f MiB", len(requests),
		all.of("cairn", wall), all.of("cairn", cpu), all.of("cairn", peak))
	if withRclone {
		fmt.Printf("; %.0f times faster than rclone (%d requests, %.2f s)", all.ratio("rclone", "cairn", wall), len(listed), all.of("rclone", wall))
	}
	fmt.Println()
	return nil
}

// step publishes the next step of a rollout.
func (b *bench) step(p *project, c changes, bucket s3, through *proxy.Proxy) error {
	_, requests, err := passed(through, func() (*child, error) { return b.update(p, rollout, bucket.at(through.Endpoint)) })
	if err != nil {
		return err
	}
	n := len(c.put) + len(c.deleted)
	fmt.Printf("step     of a rollout by 10 %%: %d objects put, %d deleted, with %d requests: %d more than that\n",
		len(c.put), len(c.deleted), len(requests), len(requests)-n)
	return nil
}

// abort publishes the abort, and looks how soon the last request is made that
// withdraws the release.
func (b *bench) abort(p *project, c changes, bucket s3, through *proxy.Proxy) error {
	var times []float64
	var until, total, missing int
	for range b.rounds {
		if _, err := run(b.update(p, rollout, bucket)); err != nil {
			return err
		}
		start := time.Now()
		took, requests, err := passed(through, func() (*child, error) { return b.update(p, abort, bucket.at(through.Endpoint)) })
		if err != nil {
			return err
		}
		until, total, missing = 0, len(requests), len(c.withdrawing)
		for i, r := range requests {
			if r.Method != http.MethodGet && c.withdrawing[r.Path[len("/"+bucket.Bucket+"/"):]] {
				until, missing = i+1, missing-1
			}
		}
		times = append(times, requests[until-1].When.Sub(start).Seconds()/took.Wall.Seconds())
	}
	if missing != 0 {
		return fmt.Errorf("%d withdrawing requests were not made once each", missing)
	}
	fmt.Printf("abort    of a release at 50 %% while another goes from 10 %% to 50 %%: %d objects put, %d deleted; the last of %d of these that withdraw it is request %d of %d (%.0f %%), after %.0f %% of the time\n",
		len(c.put), len(c.deleted), len(c.withdrawing), until, total, 100*float64(until)/float64(total), 100*median(times))
	return nil
}

func (b *bench) update(p *project, u update, to s3) (*child, error) {
	if err := p.cohorts(u.aborted); err != nil {
		return nil, err
	}
	return b.publish(p, u.at, to)
}

// passed runs a child, and gives the requests that it makes through the proxy.
func passed(through *proxy.Proxy, start func() (*child, error)) (usage, []proxy.Request, error) {
	through.Take()
	took, err := run(start())
	return took, through.Take(), err
}
