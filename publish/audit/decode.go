package audit

import (
	"fmt"
	"io"
	"sync"

	"cairn/manifest"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
)

var (
	brotliReaders = sync.Pool{New: func() any { return new(brotli.Reader) }}
	gzipReaders   = sync.Pool{New: func() any { return new(gzip.Reader) }}
)

// decode takes the digest of what a sibling decodes to, of so many bytes and
// one more at most.
func decode(e manifest.Encoding, sibling io.Reader, most int64) (Digest, error) {
	var decoder io.Reader
	switch e {
	case manifest.Brotli:
		r := brotliReaders.Get().(*brotli.Reader)
		defer brotliReaders.Put(r)
		if err := r.Reset(sibling); err != nil {
			return Digest{}, err
		}
		decoder = r
	case manifest.Gzip:
		r := gzipReaders.Get().(*gzip.Reader)
		defer gzipReaders.Put(r)
		if err := r.Reset(sibling); err != nil {
			return Digest{}, err
		}
		decoder = r
	default:
		return Digest{}, fmt.Errorf("%q is no encoding of cairn's", e)
	}
	d := newDigester()
	_, err := io.Copy(d, io.LimitReader(decoder, most+1))
	return d.digest(), err
}
