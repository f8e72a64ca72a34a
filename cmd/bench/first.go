package main

import (
	"fmt"
	"net/http"
	"path/filepath"
	"time"

	"cairn/publish/storetest/proxy"
)

// prepare gives the small project and a folder with its tree.
func (b *bench) prepare() (p *project, tree string, objects []object) {
	p, tree = b.project("small", smallProject()), filepath.Join(b.memory, "begin")
	p.build(begin, tree)
	objects, err := readTree(tree)
	b.check(err)
	return p, tree, objects
}

// first puts a tree into an empty bucket. The floor is a bare loop of the same
// PUTs.
func (b *bench) first() {
	p, tree, objects := b.prepare()
	contenders := []contender{b.inFresh("cairn", len(objects), func(to s3) usage { return p.publish(begin, to) })}
	peers := []string{"minio"}
	for _, kind := range []string{"minio", "floor"} {
		contenders = append(contenders, b.inFresh(kind, len(objects), func(to s3) usage { return b.put(kind, tree, to) }))
	}
	if installed("rclone") {
		peers = append(peers, "rclone")
		contenders = append(contenders, b.inFresh("rclone", len(objects), func(to s3) usage { return b.rclone(tree, to) }))
	}
	all := b.takeTurns(b.rounds, contenders...)
	fmt.Printf("first    %d objects into an empty bucket: %.2f s, %.2f times a bare loop of the same PUTs (%.2f s); peak %.0f MiB\n",
		len(objects), all.of("cairn", wall), all.ratio("cairn", "floor", wall), all.of("floor", wall), all.of("cairn", peak))
	fmt.Printf("         CPU %.2f s, %.2f times a bare minio-go loop (%.2f s); with the server's %.2f s, %.2f times the bare loop (%.2f s)\n",
		all.of("cairn", cpu), all.ratio("cairn", "minio", cpu), all.of("minio", cpu),
		all.of("cairn", cpuOfBoth), all.ratio("cairn", "floor", cpuOfBoth), all.of("floor", cpuOfBoth))
	for _, peer := range peers {
		fmt.Printf("         %-6s %.2f times that loop, CPU %.2f s, with the server's %.2f times\n",
			peer, all.ratio(peer, "floor", wall), all.of(peer, cpu), all.ratio(peer, "floor", cpuOfBoth))
	}
}

// delay is what a proxy adds to each request, as a server far away does.
const delay = 20 * time.Millisecond

// latency puts a tree into an empty bucket that is far away, once: it takes a
// minute.
func (b *bench) latency() {
	p, tree, objects := b.prepare()
	b.remove(b.freshBucket()) // the server is there
	far, err := proxy.New(b.server.Endpoint)
	b.check(err)
	defer far.Close()
	far.Inject(func(*http.Request) proxy.Fault { return proxy.Fault{Delay: delay} })
	contenders := []contender{
		b.inFresh("cairn", len(objects), func(to s3) usage { return p.publish(begin, to.at(far.Endpoint)) }),
		b.inFresh("floor", len(objects), func(to s3) usage { return b.put("floor", tree, to.at(far.Endpoint)) }),
	}
	rclone := installed("rclone")
	if rclone {
		contenders = append(contenders, b.inFresh("rclone", len(objects), func(to s3) usage { return b.rclone(tree, to.at(far.Endpoint)) }))
	}
	all := b.takeTurns(1, contenders...)
	fmt.Printf("latency  of %v added to each request: the first publish takes %.2f s, %.2f times a bare loop of %d requests at once (%.2f s)",
		delay, all.of("cairn", wall), all.ratio("cairn", "floor", wall), parallel, all.of("floor", wall))
	if rclone {
		fmt.Printf("; rclone takes %.2f times that loop", all.ratio("rclone", "floor", wall))
	}
	fmt.Println()
}
