package main

import (
	"fmt"
	"net/http"
	"time"

	"cairn/publish/storetest/proxy"
)

// delay is what a proxy adds to each request, as a server far away does.
const delay = 20 * time.Millisecond

// latency puts a tree into an empty bucket that is far away, once: it takes a
// minute.
func (b *bench) latency() error {
	p, tree, err := b.prepare()
	if err != nil {
		return err
	}
	objects, err := readTree(tree)
	if err != nil {
		return err
	}
	far, err := proxy.New(b.server.Endpoint)
	if err != nil {
		return err
	}
	defer far.Close()
	far.Inject(func(*http.Request) proxy.Fault { return proxy.Fault{Delay: delay} })
	contenders := []contender{
		b.server.inFresh("cairn", len(objects), func(to s3) (*child, error) { return b.publish(p, begin, to.at(far.Endpoint)) }),
		b.server.inFresh("floor", len(objects), func(to s3) (*child, error) { return put("floor", tree, to.at(far.Endpoint)) }),
	}
	if installed("rclone") {
		contenders = append(contenders, b.server.inFresh("rclone", len(objects), func(to s3) (*child, error) { return rclone(tree, to.at(far.Endpoint)) }))
	}
	all, err := takeTurns(1, forever, contenders...)
	if err != nil {
		return err
	}
	fmt.Printf("latency  of %v added to each request: the first publish takes %.2f s, %.2f times a bare loop of %d requests at once (%.2f s)",
		delay, all.of("cairn", wall), all.ratio("cairn", "floor", wall), parallel, all.of("floor", wall))
	if len(contenders) > 2 {
		fmt.Printf("; rclone takes %.2f times that loop", all.ratio("rclone", "floor", wall))
	}
	fmt.Println()
	return nil
}
