package main

import (
	"path/filepath"
	"time"
)

// build writes the tree of a project to a folder.
func (b *bench) build(p *project, at time.Time, out string) (*child, error) {
	return command(nil, b.cairn, "-C", p.dir, "build", "--at", instant(at), "--out", out)
}

// publish brings a bucket up to date.
func (b *bench) publish(p *project, at time.Time, to s3, flags ...string) (*child, error) {
	if err := p.publishTo(to.Endpoint); err != nil {
		return nil, err
	}
	env := []string{"AWS_ACCESS_KEY_ID=" + to.AccessKey, "AWS_SECRET_ACCESS_KEY=" + to.SecretKey}
	return command(env, append([]string{b.cairn, "-C", p.dir, "publish", "--at", instant(at), "--to", "s3://" + to.Bucket}, flags...)...)
}

// publishDir brings a folder up to date.
func (b *bench) publishDir(p *project, at time.Time, to string) (*child, error) {
	return command(nil, b.cairn, "-C", p.dir, "publish", "--at", instant(at), "--to", "dir:"+to)
}

// prepare gives the small project and a folder with its tree, and the server.
func (b *bench) prepare() (p *project, tree string, err error) {
	if b.server == nil {
		b.server = startServer(b.memory, b.done)
	}
	p, tree = smallProject(filepath.Join(b.memory, "small")), filepath.Join(b.memory, "begin")
	if err := p.write(); err != nil {
		return nil, "", err
	}
	_, err = run(b.build(p, begin, tree))
	return p, tree, err
}
