package releases

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"path"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// MaxText is how many bytes a text has at most, once it is unpacked.
const MaxText = math.MaxUint32

// Packed says whether a file is compressed, by its name.
func Packed(name string) bool { return path.Ext(name) == ".gz" || path.Ext(name) == ".zst" }

// unpack gives the text of a file that is [Packed], and any other as it is.
func unpack(name string, packed []byte) (text []byte, err error) {
	format := "gzip"
	switch path.Ext(name) {
	case ".gz":
		text, err = gunzip(packed)
	case ".zst":
		format = "Zstandard"
		var r *zstd.Decoder
		if r, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(MaxText)); err == nil {
			defer r.Close()
			text, err = r.DecodeAll(packed, nil)
		}
	default:
		text = packed
	}
	if err != nil {
		return nil, fmt.Errorf("it is no %s, or damaged: %w", format, err)
	}
	if len(text) > MaxText {
		return nil, fmt.Errorf("its text has over %d bytes", MaxText)
	}
	return text, nil
}

func gunzip(packed []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	// A file ends with the size of its last part: room for all of it where it has
	// one. Deflate makes at most 1032 bytes of one.
	size := int64(binary.LittleEndian.Uint32(packed[len(packed)-4:]))
	text := bytes.NewBuffer(make([]byte, 0, min(size, 1032*int64(len(packed)))+bytes.MinRead))
	_, err = io.Copy(text, io.LimitReader(r, MaxText+1))
	return text.Bytes(), err
}
