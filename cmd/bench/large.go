package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// large publishes a large tree: to a bucket without the requests that write,
// of which there are millions, and to a folder.
func (b *bench) large(answers int) {
	p := b.project("large", largeProject(answers, 3))
	out := filepath.Join(b.disk, "large")
	planned := p.publish(begin, b.freshBucket(), "--dry-run")
	first, again := p.publishDir(begin, out), p.publishDir(begin, out)
	var state int64
	files, err := os.ReadDir(filepath.Join(out, slug, ".cairn"))
	b.check(err)
	for _, f := range files {
		info, err := f.Info()
		b.check(err)
		state += info.Size()
	}
	fmt.Printf("large    %d answers: peak %.0f MiB to plan the first publish to a bucket, %.0f MiB to do it to a folder, %.0f MiB to do it again with nothing changed (%.2f s, CPU %.2f s); the state has %d KiB\n",
		p.answers(), peak(planned), peak(first), peak(again), wall(again), cpu(again), state>>10)
}

// upload stores a large payload in a bucket, and again, where it is there. The
// file takes no room.
func (b *bench) upload(bytes int64) {
	p := b.project("upload", smallProject())
	file := filepath.Join(b.disk, "rootfs.img")
	b.check(os.WriteFile(file, nil, 0o644))
	b.check(os.Truncate(file, bytes))
	bucket := b.freshBucket()
	defer b.remove(bucket)
	p.publishTo(bucket.Endpoint)
	send := func() usage {
		return b.command(bucket.env(), b.absolute(b.cairn), "-C", p.dir, "upload-ota-payload", "--to", "s3://"+bucket.Bucket,
			"--hardware-version", p.hardware(0), "--software-type", "main", "--software-version", "9.0.0", file)
	}
	first, again := send(), send()
	fmt.Printf("upload   of a payload of %d MiB: peak %.0f MiB, %.1f s, CPU %.1f s; again, where it is there: peak %.0f MiB, %.1f s, CPU %.1f s\n",
		bytes>>20, peak(first), wall(first), cpu(first), peak(again), wall(again), cpu(again))
}
