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

// A writer with a window of 64 KiB takes a 25th of the memory of one with a
// larger window, and an answer has a kilobyte.
var brotliOptions = brotli.WriterOptions{Quality: 9, LGWin: 16}

var (
	brotliWriters = sync.Pool{New: func() any { return brotli.NewWriterOptions(nil, brotliOptions) }}
	gzipWriters   = sync.Pool{New: func() any { w, _ := gzip.NewWriterLevel(nil, gzip.BestCompression); return w }}
)

// Encoder names what makes the siblings: another one may make other bytes of
// the same body.
const Encoder = "andybalholm/brotli 1.2.8 -9 -w16, klauspost/gzip 1.20.3 -9"

// encode gives a body in each of the encodings, nil where one saves too
// little. A gzip header without a time (RFC 1952 section 2.3.1) keeps the bytes
// reproducible.
func encode(body []byte) []*Content {
	identity := BytesContent(body)
	e := []*Content{&identity, nil, nil}
	if len(body) <= LeastSaving {
		return e
	}
	var b bytes.Buffer
	br := brotliWriters.Get().(*brotli.Writer)
	defer brotliWriters.Put(br)
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

// Sibling is a body in an encoding, in memory, with the bytes that a site has
// beside it; nil where it saves too little.
func Sibling(body []byte, e manifest.Encoding) *Content {
	return encode(body)[slices.Index(encodings[:], e)]
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
