package main

import (
	"fmt"
	"net/http"
	"path/filepath"
	"time"

	"cairn/publish/storetest/proxy"
)

// serveBucket asks cairn's server over a bucket that takes a while to answer:
// first when it has read nothing, then when it has, in turn with one over a folder.
func (b *bench) serveBucket() {
	if !installed("wrk") {
		return
	}
	p := b.project("bucketed", size{targets: 4, versions: 8, digits: 2, devices: 91})
	tree := filepath.Join(b.memory, "tree")
	p.build(begin, tree)
	bucket := b.freshBucket()
	defer b.remove(bucket)
	p.publish(begin, bucket)
	through, err := proxy.New(b.server.Endpoint)
	b.check(err)
	defer through.Close()
	const delay = 20 * time.Millisecond
	through.Inject(func(*http.Request) proxy.Fault { return proxy.Fault{Delay: delay} })
	p.publishTo(through.Endpoint)
	address := b.freeAddress()
	server := b.startDaemon(address, append(append([]string{"env"}, bucket.env()...),
		b.absolute(b.cairn), "-C", p.dir, "serve", "--from", "s3://"+bucket.Bucket, "--listen", address)...)
	folder := b.freeAddress()
	near := b.startDaemon(folder, b.absolute(b.cairn), "-C", p.dir, "serve", "--from", "dir:"+tree, "--listen", folder)
	for _, form := range []string{"url", "json"} {
		questions := p.loads(tree)[form]
		script := filepath.Join(b.memory, form+".lua")
		b.check(writeLoad(script, questions))
		through.Take()
		read, asked := 0, 0
		for { // until it has read all that is asked
			cold, err := server.ask(script)
			b.check(err)
			more := len(through.Take())
			if more == 0 {
				break
			}
			read, asked = read+more, min(len(questions), asked+int(cold.Requests))
		}
		all := results[answered]{}
		for range b.rounds {
			for name, from := range map[string]*daemon{"bucket": server, "folder": near} {
				warm, err := from.ask(script)
				b.check(err)
				all[name] = append(all[name], warm)
			}
		}
		fmt.Printf("bucket   %-4s of the query API over a bucket that takes %v: %d requests there for the first of each of %d devices; then %d; %s\n",
			form, delay, read, asked, len(through.Take()), beside(all, "bucket", "folder", "a folder"))
	}
}
