package publish

import (
	"bytes"
	"io"
	"slices"
	"sync"
	"time"

	"cairn/manifest"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
)

// encodings lists the encodings of a body, identity first, as keys sort.
var encodings = [...]manifest.Encoding{manifest.Identity, manifest.Brotli, manifest.Gzip}

// ContentEncoding is the HTTP name of an encoding, "" for identity.
func ContentEncoding(e manifest.Encoding) string {
	switch e {
	case manifest.Brotli:
		return "br"
	case manifest.Gzip:
		return "gzip"
	}
	return ""
}

var (
	answerWriters = brotliWriters(9)
	// A shard is mostly digits of hashes. Looking harder for what they repeat
	// takes three times as long, and makes it larger.
	shardWriters = brotliWriters(3)
	gzipWriters  = sync.Pool{New: func() any { w, _ := gzip.NewWriterLevel(nil, gzip.BestCompression); return w }}
)

// brotliWriters have a window of 64 KiB: they take a 25th of the memory of ones
// with a larger window, and an answer has a kilobyte.
func brotliWriters(quality int) *sync.Pool {
	return &sync.Pool{New: func() any { return brotli.NewWriterOptions(nil, brotli.WriterOptions{Quality: quality, LGWin: 16}) }}
}

// Encoder names what makes the siblings: another one may make other bytes of
// the same body.
const Encoder = "andybalholm/brotli 1.2.8 -9 -w16, of shards -3, klauspost/gzip 1.20.3 -9"

// encode gives a body of a class in each of the encodings, nil where one saves
// too little. A gzip header without a time (RFC 1952 section 2.3.1) keeps the bytes
// reproducible.
func encode(class manifest.Class, body []byte) []*Content {
	identity := BytesContent(body)
	e := []*Content{&identity, nil, nil}
	if len(body) <= LeastSaving {
		return e
	}
	var b bytes.Buffer
	writers := answerWriters
	if class == manifest.CohortIndex {
		writers = shardWriters
	}
	br := writers.Get().(*brotli.Writer)
	defer writers.Put(br)
	br.Reset(&b)
	_, _ = br.Write(body)
	_ = br.Close()
	e[1] = worthwhile(b.Bytes(), body)
	b.Reset()
	gz := gzipWriters.Get().(*gzip.Writer)
	defer gzipWriters.Put(gz)
	gz.Reset(&b)
	gz.ModTime = time.Unix(0, 0)
	_, _ = gz.Write(body)
	_ = gz.Close()
	e[2] = worthwhile(b.Bytes(), body)
	return e
}

// Sibling is a body of a class in an encoding, in memory, with the bytes that a
// site has beside it; nil where it saves too little.
func Sibling(class manifest.Class, body []byte, e manifest.Encoding) *Content {
	return encode(class, body)[slices.Index(encodings[:], e)]
}

var (
	brotliReaders = sync.Pool{New: func() any { return new(brotli.Reader) }}
	gzipReaders   = sync.Pool{New: func() any { return new(gzip.Reader) }}
)

// Decode writes what a body in an encoding says, of so many bytes at most.
func Decode(to io.Writer, e manifest.Encoding, from io.Reader, most int64) error {
	switch e {
	case manifest.Brotli:
		r := brotliReaders.Get().(*brotli.Reader)
		defer brotliReaders.Put(r)
		if err := r.Reset(from); err != nil {
			return err
		}
		from = r
	case manifest.Gzip:
		r := gzipReaders.Get().(*gzip.Reader)
		defer gzipReaders.Put(r)
		if err := r.Reset(from); err != nil {
			return err
		}
		from = r
	}
	_, err := io.Copy(to, io.LimitReader(from, most))
	return err
}

// LeastSaving is how many bytes a sibling saves at least.
const LeastSaving = 64

// worthwhile is a sibling that saves at least 10 % and [LeastSaving], or nil.
func worthwhile(sibling, body []byte) *Content {
	if saved := len(body) - len(sibling); saved < LeastSaving || saved*10 < len(body) {
		return nil
	}
	c := BytesContent(bytes.Clone(sibling))
	return &c
}
