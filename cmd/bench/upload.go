package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// upload stores a large payload in a bucket, and again, where it is there.
func (b *bench) upload(bytes int64) error {
	if b.server == nil {
		b.server = startServer(b.memory, b.done)
	}
	p := smallProject(filepath.Join(b.memory, "upload"))
	if err := p.write(); err != nil {
		return err
	}
	file := filepath.Join(b.disk, "rootfs.img")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		return err
	}
	if err := os.Truncate(file, bytes); err != nil { // it takes no room
		return err
	}
	bucket := b.server.fresh()
	defer b.server.remove(bucket)
	if err := p.publishTo(bucket.Endpoint); err != nil {
		return err
	}
	env := []string{"AWS_ACCESS_KEY_ID=" + bucket.AccessKey, "AWS_SECRET_ACCESS_KEY=" + bucket.SecretKey}
	start := func() (*child, error) {
		return command(env, b.cairn, "-C", p.dir, "upload-ota-payload", "--to", "s3://"+bucket.Bucket,
			"--hardware-version", p.hardware(0), "--software-type", "main", "--software-version", "9.0.0", file)
	}
	first, err := run(start())
	if err != nil {
		return err
	}
	again, err := run(start())
	if err != nil {
		return err
	}
	fmt.Printf("upload   of a payload of %d MiB: peak %.0f MiB, %.1f s, CPU %.1f s; again, where it is there: peak %.0f MiB, %.1f s, CPU %.1f s\n",
		bytes>>20, peak(first), wall(first), cpu(first), peak(again), wall(again), cpu(again))
	return nil
}
