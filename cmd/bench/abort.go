package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"cairn/manifest"
	"cairn/publish"
	"cairn/publish/memstore"
	"cairn/releases"
)

// abortPartial aborts a release at 50 % in the largest cohort of the partial
// project, whose answers are signed, in a bucket that is as slow as one far away
// and takes no more writes than S3 does.
func (b *bench) abortPartial(digits int) {
	const version = "5.3.0"
	p := b.partialProject(digits, 50)
	bucket := b.published(p)
	p.publishTo(bucket.listen(b))
	keys := filepath.Join(b.memory, "keys")
	key := func(name string) string { return filepath.Join(keys, name) }
	b.check(os.MkdirAll(keys, 0o700))
	cairn := func(args ...string) usage {
		return b.command([]string{"AWS_ACCESS_KEY_ID=key", "AWS_SECRET_ACCESS_KEY=secret", "CAIRN_SIGN_KEY="},
			append([]string{b.absolute(b.cairn), "-C", p.dir}, args...)...)
	}
	cairn("keys", "init", "--root", key("root"), "--spare", key("spare"), "--online", key("online"))
	cairn("publish", "--sign-key", key("online"))
	slow := bucket.slowDown(version)
	took := cairn("abort-rollout", "--cohort", releases.DefaultCohort, "--release-version", version, "--reason", "it overheats", "--publish", "--sign-key", key("online"))
	if answers := bucket.offering(version); slow.answers != answers {
		b.Fatalf("%d of %d answers that offer %s were withdrawn", slow.answers, answers, version)
	}
	from, until := slow.first.at.Sub(slow.began), slow.last.at.Sub(slow.began)
	fmt.Printf("abort    of a release at 50 %% in %d buckets, in a bucket that takes %v and at most %d writes a second: %d objects withdraw it, the first after %.1f s; the last is request %d of %d, after %.1f s: %.2f of the writes that it takes; %d were refused\n",
		1<<(4*digits), delay, writesPerSecond, slow.counted, from.Seconds(), slow.last.number, slow.number, until.Seconds(), slow.share(), slow.refused)
	fmt.Printf("         the signed head is request %d, after %.1f s; CPU %.1f s, %.0f us a request; peak %.0f MiB\n",
		slow.head.number, slow.head.at.Sub(slow.began).Seconds(), cpu(took), 1e6*cpu(took)/float64(slow.number+slow.refused), peak(took))
}

// published is a bucket with the tree of a project, which this program publishes
// without HTTP: there are too many objects.
func (b *bench) published(p *project) *standIn {
	at, root := time.Now().UTC().Truncate(time.Second), os.DirFS(p.dir)
	fleet, err := releases.Load(root)
	b.check(err)
	bucket := &standIn{site: publish.NewSite(manifest.New(fleet, at), fleet.Cache, root)}
	bucket.kept.Fault = func(op memstore.Op, key string) (bool, error) {
		return op != memstore.Put || !strings.HasPrefix(key, slug+"/v1/latest/"), nil
	}
	edition := publish.Edition{Site: bucket.site, At: at, Rollouts: publish.RolloutsOf(fleet, at), Limits: publish.Limits{Guard: fleet.Guard}}
	_, err = publish.Run(context.Background(), publish.RunOptions{
		Store: &bucket.kept, Prefix: slug, Holder: publish.Lease{Nonce: "bench"}, Duration: publish.LongestLease,
		Clock: publish.Clock{Now: time.Now, Timeout: context.WithTimeout},
	}, func(ctx context.Context, remote *publish.Remote) (*publish.Proposal, error) {
		return edition.Propose(ctx, &bucket.kept, remote, publish.ProposeOptions{})
	})
	b.check(err)
	return bucket
}
