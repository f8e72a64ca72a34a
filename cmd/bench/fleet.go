package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cairn/publish/storetest/proxy"

	"github.com/cespare/xxhash/v2"
)

// fleetCohorts are those of a fleet that lists its devices.
var fleetCohorts = []string{"east", "north", "west"}

// fleet checks, plans and publishes a project that lists so many devices, moves
// one of them, and publishes all to a bucket that is slow. The floor is a bare
// loop that reads, hashes and sorts the same serials.
func (b *bench) fleet(devices int) {
	p := b.project("fleet", size{targets: 2, versions: 4, digits: 2, cohortDigits: 4, devices: 91})
	text := p.listFleet(devices)
	bucket := b.freshBucket()
	defer b.remove(bucket)
	first := p.publish(begin, bucket)
	objects := b.objects(bucket)
	all := b.takeTurns(b.rounds,
		contender{"check", func() usage { return p.run(bucket, "check") }},
		contender{"floor", func() usage { return b.child("sort", p.lists()...) }},
		contender{"plan", func() usage { return p.run(bucket, "plan", "--to", "s3://"+bucket.Bucket) }},
		contender{"publish", func() usage { return p.publish(begin, bucket) }})
	through, err := proxy.New(b.server.Endpoint)
	b.check(err)
	defer through.Close()
	p.move(fleetCohorts[0], fleetCohorts[1])
	moved, requests := passed(through, func() usage { return p.publish(begin, bucket.at(through.Endpoint)) })

	fmt.Printf("fleet    %d devices in %d MiB of lists: a bare loop that reads, hashes and sorts them takes %.2f s, CPU %.2f s\n", devices, text>>20, all.of("floor", wall), all.of("floor", cpu))
	for _, of := range []string{"check", "plan", "publish"} {
		what := of
		if of == "publish" {
			what += " with nothing changed"
		}
		fmt.Printf("         %s: %.2f s; CPU %.2f s, %.2f times that loop's; peak %.0f MiB\n", what, all.of(of, wall), all.of(of, cpu), all.ratio(of, "floor", cpu), all.of(of, peak))
	}
	fmt.Printf("         one device moved: %.2f s, CPU %.2f s; %d requests; peak %.0f MiB\n", wall(moved), cpu(moved), len(requests), peak(moved))
	fmt.Printf("         first publish: %d objects, %.2f s; CPU %.2f s, %.0f us an object; peak %.0f MiB\n", objects, wall(first), cpu(first), 1e6*cpu(first)/float64(objects), peak(first))
	empty := new(standIn)
	far := s3{Endpoint: empty.listen(b), Bucket: slug, AccessKey: "key", SecretKey: "secret"}
	slow := empty.slowDown("")
	first = p.publish(begin, far)
	fmt.Printf("         first publish to a bucket that takes %v and at most %d writes a second: %.2f s, the first write after %.2f s; CPU %.2f s; %.2f of the writes that it takes; %d were refused\n",
		delay, writesPerSecond, wall(first), slow.first.at.Sub(slow.began).Seconds(), cpu(first), slow.share(), slow.refused)
}

// run runs a command of cairn's for the same instant.
func (p *project) run(to s3, args ...string) usage {
	p.publishTo(to.Endpoint)
	return p.command(to.env(), append([]string{p.absolute(p.cairn), "-C", p.dir, "--at", instant(begin)}, args...)...)
}

// lists are the files that list the devices of a fleet.
func (p *project) lists() (names []string) {
	for _, cohort := range fleetCohorts {
		names = append(names, filepath.Join(p.dir, "cohorts", cohort+".txt"))
	}
	return names
}

// listFleet lists devices, by serials as factories give them, and gives how
// many bytes the lists have.
func (p *project) listFleet(devices int) (text int64) {
	dice := rand.New(rand.NewPCG(17, 17))
	for i, name := range p.lists() {
		f, err := os.Create(name)
		p.check(err)
		w := bufio.NewWriterSize(f, 1<<20)
		for n := i; n < devices; n += len(fleetCohorts) {
			fmt.Fprintf(w, "%c%c%02d%08d\n", 'A'+dice.IntN(26), 'A'+dice.IntN(26), dice.IntN(53), n)
		}
		p.check(w.Flush())
		info, err := f.Stat()
		p.check(err)
		p.check(f.Close())
		text += info.Size()
		list, activations := fleetCohorts[i], "[activate.\"1.0.0\"]\n[activate.\"5.0.0\"]\n[activate.\"1.2.0\"]\nrollout = 10\n"
		p.file("cohorts/"+list+".toml", []byte("devices_file = \""+list+".txt\"\n"+activations))
	}
	return text
}

// move takes the first device of one cohort's list to the end of another's.
func (p *project) move(from, to string) {
	name := func(cohort string) string { return filepath.Join(p.dir, "cohorts", cohort+".txt") }
	was, err := os.ReadFile(name(from))
	p.check(err)
	line, rest, _ := strings.Cut(string(was), "\n")
	p.check(os.WriteFile(name(from), []byte(rest), 0o644))
	grown, err := os.OpenFile(name(to), os.O_APPEND|os.O_WRONLY, 0)
	p.check(err)
	_, err = grown.WriteString(line + "\n")
	p.check(errors.Join(err, grown.Close()))
}

// sorting reads serials, one a line, hashes and sorts them.
func sorting(lists []string) (func() error, error) {
	return func() error {
		var hashes []uint64
		for _, name := range lists {
			text, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			for len(text) > 0 {
				serial, rest, _ := bytes.Cut(text, []byte("\n"))
				hashes, text = append(hashes, xxhash.Sum64(serial)), rest
			}
		}
		slices.Sort(hashes)
		if len(hashes) == 0 {
			return errors.New("nothing was hashed")
		}
		return nil
	}, nil
}
