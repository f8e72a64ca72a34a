package accesslog

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/klauspost/compress/gzip"
	"golang.org/x/sync/errgroup"
)

// Source is a log, which may be compressed with gzip.
type Source struct {
	Name string
	Open func(context.Context) (io.ReadCloser, error)
}

// Read is how much was read.
type Read struct {
	Lines, Unknown int64        // comments and blank lines left out
	Bytes          atomic.Int64 // as they are stored: it grows while Each is under way
}

// chunkSize bounds a line, too: a longer one is not known.
const chunkSize = 1 << 20

// chunk is some whole lines of one log.
type chunk struct {
	text   []byte
	whole  *[chunkSize]byte // the room that the text is in
	parser Parser
}

// Each reads logs, several at once, and hands over their requests, some
// thousands at once and never from two goroutines. The records and what they
// hold are good until it returns.
func Each(ctx context.Context, logs []Source, read *Read, do func([]Record)) error {
	n := runtime.GOMAXPROCS(0)
	group, ctx := errgroup.WithContext(ctx)
	chunks, todo := make(chan chunk, n), make(chan Source)
	room := sync.Pool{New: func() any { return new([chunkSize]byte) }}
	group.Go(func() error {
		defer close(todo)
		for _, l := range logs {
			select {
			case todo <- l:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	var readers sync.WaitGroup
	for range min(n, len(logs)) {
		readers.Add(1)
		group.Go(func() error {
			defer readers.Done()
			for l := range todo {
				if err := l.read(ctx, read, &room, chunks); err != nil {
					return err
				}
			}
			return nil
		})
	}
	go func() {
		readers.Wait()
		close(chunks)
	}()
	var mu sync.Mutex
	for range n {
		group.Go(func() error {
			var records []Record
			for c := range chunks {
				var lines, unknown int64
				records, lines, unknown = c.records(records[:0])
				mu.Lock()
				do(records)
				read.Lines += lines
				read.Unknown += unknown
				mu.Unlock()
				room.Put(c.whole)
			}
			return nil
		})
	}
	return group.Wait()
}

func (c *chunk) records(into []Record) (records []Record, lines, unknown int64) {
	for text := c.text; len(text) > 0; {
		var line []byte
		line, text, _ = bytes.Cut(text, []byte("\n"))
		into = append(into, Record{})
		r := &into[len(into)-1]
		ok, blank := c.parser.Parse(line, r)
		if !blank {
			lines += r.Times
		}
		if !ok {
			into = into[:len(into)-1]
		}
		if !ok && !blank {
			unknown += r.Times
		}
	}
	return into, lines, unknown
}

// read sends the lines of a log.
func (l Source) read(ctx context.Context, read *Read, room *sync.Pool, chunks chan<- chunk) error {
	file, err := l.Open(ctx)
	if err != nil {
		return err
	}
	defer file.Close()
	text := bufio.NewReaderSize(counting{file, &read.Bytes}, 1<<16)
	var plain io.Reader = text
	if magic, _ := text.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		if plain, err = gzip.NewReader(text); err != nil {
			return &LogError{l.Name, err}
		}
	}
	var parser Parser // what the first lines say holds for all chunks
	var rest []byte
	for first := true; ; first = false {
		whole := room.Get().(*[chunkSize]byte)
		n := copy(whole[:], rest)
		m, err := io.ReadFull(plain, whole[n:])
		over := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !over { // a log that is cut off is taken as far as it goes
			return &LogError{l.Name, err}
		}
		got := whole[:n+m]
		end := len(got)
		if !over {
			if end = bytes.LastIndexByte(got, '\n') + 1; end == 0 {
				end = len(got) // a line that is too long: both halves are unknown
			}
		}
		if first {
			parser.head(got[:end])
		}
		rest = bytes.Clone(got[end:])
		select {
		case chunks <- chunk{got[:end], whole, parser}:
		case <-ctx.Done():
			return ctx.Err()
		}
		if over {
			return nil
		}
	}
}

// head reads the directives or the header that a log begins with.
func (p *Parser) head(text []byte) {
	line, rest, _ := bytes.Cut(text, []byte("\n"))
	for ; len(line) > 0 && line[0] == '#'; line, rest, _ = bytes.Cut(rest, []byte("\n")) {
		p.directive(bytes.TrimRight(line, "\r"))
	}
	p.header(bytes.TrimRight(line, "\r"))
}

// LogError is a log that cannot be read.
type LogError struct {
	Log string
	Err error
}

func (e *LogError) Error() string { return e.Log + ": " + e.Err.Error() }
func (e *LogError) Unwrap() error { return e.Err }

type counting struct {
	io.Reader
	n *atomic.Int64
}

func (c counting) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.n.Add(int64(n))
	return n, err
}

// Pace is "reading logs  1.2/4.0 GB  55 MB/s  51s left", of so many bytes in all;
// below 0 where that is not known.
func Pace(read *Read, total int64, elapsed time.Duration) string {
	done := read.Bytes.Load()
	rate := float64(done) / elapsed.Seconds()
	if total <= 0 {
		return fmt.Sprintf("reading logs  %s  %s/s", humanize.Bytes(uint64(done)), humanize.Bytes(uint64(rate)))
	}
	s := fmt.Sprintf("reading logs  %s/%s  %s/s", humanize.Bytes(uint64(done)), humanize.Bytes(uint64(total)), humanize.Bytes(uint64(rate)))
	if rate > 0 {
		s += fmt.Sprintf("  %s left", time.Duration(float64(total-done)/rate*float64(time.Second)).Round(time.Second))
	}
	return s
}
