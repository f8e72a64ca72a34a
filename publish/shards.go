package publish

import (
	"bytes"
	"io"

	"cairn/manifest"
)

// answersOf gives what a state says of the i-th shard of the cohort index, if
// this encoder has made its siblings.
func (r *Remote) answersOf(l manifest.Layout) func(shard int) *Answer {
	if r == nil || r.State == nil || r.Distrusted || r.State.Done.Encoder != Encoder {
		return func(int) *Answer { return &Answer{} }
	}
	live := r.State.Live
	index := live.Folder(l.CohortsFolder(), l.CohortDigits)
	return func(shard int) *Answer { return &live.Answers[index.Answer(uint16(shard))] }
}

// shardContents is the i-th shard of the cohort index in each of the encodings.
// All of them together take more room than the lists that they are made of: so
// the text is made again when it is sent, and so are siblings that are known to
// be there.
func shardContents(tree *manifest.Tree, i int, known func(int) *Answer) (all [variants]*Content) {
	body := tree.Shard(i)
	text := BytesContent(body)
	first := variantOf(textForm, 0)
	was := known(i).Variants[first : first+len(encodings)]
	if is := was[0]; is.Presence == Present && is.MD5 == text.MD5 && is.Size == text.Size {
		for e, v := range was {
			switch v.Presence {
			case Present:
				all[first+e] = &Content{Size: v.Size, MD5: v.MD5, Open: func() (io.ReadSeekCloser, error) { return encode(manifest.CohortIndex, tree.Shard(i))[e].Reader() }}
			case MaybePresent, MaybeChanged:
				return shardContents(tree, i, func(int) *Answer { return &Answer{} })
			}
		}
		return all
	}
	copy(all[first:], encode(manifest.CohortIndex, body))
	all[first].Bytes, all[first].Open = nil, func() (io.ReadSeekCloser, error) { return nopCloser{bytes.NewReader(tree.Shard(i))}, nil }
	return all
}
