package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
)

// first puts a tree into an empty bucket. The floor is a bare loop of the same
// PUTs.
func (b *bench) first() error {
	p, tree, err := b.prepare()
	if err != nil {
		return err
	}
	objects, err := readTree(tree)
	if err != nil {
		return err
	}
	var flags []string
	if b.slice < forever {
		// What cairn sees of the rate by itself would make no sense.
		flags = []string{"--concurrency", fmt.Sprint(parallel)}
	}
	contenders := append(b.loops(tree, len(objects)), b.server.inFresh("cairn", len(objects), func(to s3) (*child, error) { return b.publish(p, begin, to, flags...) }))
	peers := []string{"minio"}
	if installed("rclone") {
		peers = append(peers, "rclone")
		contenders = append(contenders, b.server.inFresh("rclone", len(objects), func(to s3) (*child, error) { return rclone(tree, to) }))
	}
	all, err := takeTurns(b.rounds, b.slice, contenders...)
	if err != nil {
		return err
	}
	fmt.Printf("first    %d objects into an empty bucket: %.2f s, %.2f times a bare loop of the same PUTs (%.2f s); CPU %.2f s, %.2f times a bare minio-go loop (%.2f s); peak %.0f MiB\n",
		len(objects), all.of("cairn", wall), all.ratio("cairn", "floor", wall), all.of("floor", wall),
		all.of("cairn", cpu), all.ratio("cairn", "minio", cpu), all.of("minio", cpu), all.of("cairn", peak))
	for _, peer := range peers {
		fmt.Printf("         %-6s %.2f times that loop, CPU %.2f s\n", peer, all.ratio(peer, "floor", wall), all.of(peer, cpu))
	}
	if installed("s3cmd") {
		return b.firstS3cmd(filepath.Join(tree, slug, "v1/latest/main/rev-000/beta"))
	}
	return nil
}

// firstS3cmd uploads a part of the tree with s3cmd, which takes minutes for
// the whole.
func (b *bench) firstS3cmd(part string) error {
	objects, err := readTree(part)
	if err != nil {
		return err
	}
	contenders := append(b.loops(part, len(objects)), b.server.inFresh("s3cmd", len(objects), func(to s3) (*child, error) { return s3cmd(part, to) }))
	all, err := takeTurns(1, b.slice, contenders...)
	if err != nil {
		return err
	}
	fmt.Printf("         s3cmd  %.0f times that loop, over %d of the objects, once\n", all.ratio("s3cmd", "floor", wall), len(objects))
	return nil
}

// loops are the bare loops.
func (b *bench) loops(tree string, objects int) []contender {
	var all []contender
	for _, kind := range []string{"minio", "floor"} {
		all = append(all, b.server.inFresh(kind, objects, func(to s3) (*child, error) { return put(kind, tree, to) }))
	}
	return all
}

// put is a bare loop that puts a tree.
func put(kind, tree string, to s3) (*child, error) {
	target, err := json.Marshal(to)
	if err != nil {
		return nil, err
	}
	return loop(kind, tree, string(target))
}
