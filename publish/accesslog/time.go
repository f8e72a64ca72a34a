package accesslog

import (
	"bytes"
	"time"
)

// dayCache keeps the last day that was worked out: lines of one log are mostly
// of one day.
type dayCache struct {
	text  [11]byte
	n     int
	start int64
}

func (d *dayCache) of(text []byte, layout string) (int64, bool) {
	if len(text) == d.n && bytes.Equal(text, d.text[:d.n]) {
		return d.start, true
	}
	day, err := time.Parse(layout, string(text))
	if err != nil {
		return 0, false
	}
	d.n, d.start = copy(d.text[:], text), day.Unix()
	return d.start, true
}

// clock reads 09:00:38, as seconds of a day.
func clock(b []byte) (int64, bool) {
	if len(b) < 8 || b[2] != ':' || b[5] != ':' {
		return 0, false
	}
	two := func(i int) int64 { return int64(b[i]-'0')*10 + int64(b[i+1]-'0') }
	for _, i := range []int{0, 1, 3, 4, 6, 7} {
		if b[i] < '0' || b[i] > '9' {
			return 0, false
		}
	}
	return two(0)*3600 + two(3)*60 + two(6), true
}

// offset reads +0000, +01:00 or Z, as seconds.
func offset(b []byte) (int64, bool) {
	if len(b) == 1 && b[0] == 'Z' {
		return 0, true
	}
	if len(b) == 6 && b[3] == ':' {
		b = []byte{b[0], b[1], b[2], b[4], b[5]}
	}
	if len(b) != 5 || b[0] != '+' && b[0] != '-' {
		return 0, false
	}
	n, ok := number(b[1:])
	seconds := n/100*3600 + n%100*60
	if b[0] == '-' {
		seconds = -seconds
	}
	return seconds, ok
}

// bracketTime reads 06/Feb/2019:00:00:38 +0000.
func (p *Parser) bracketTime(b []byte) (int64, bool) {
	if len(b) < 26 || b[11] != ':' || b[20] != ' ' {
		return 0, false
	}
	day, ok1 := p.day.of(b[:11], "02/Jan/2006")
	second, ok2 := clock(b[12:])
	east, ok3 := offset(b[21:])
	return day + second - east, ok1 && ok2 && ok3
}

// isoTime reads 2026-12-01T09:00:00.5+01:00.
func (p *Parser) isoTime(b []byte) (int64, bool) {
	if len(b) < 20 || b[10] != 'T' && b[10] != ' ' {
		return 0, false
	}
	day, ok1 := p.day.of(b[:10], time.DateOnly)
	second, ok2 := clock(b[11:])
	rest := b[19:]
	if len(rest) > 0 && rest[0] == '.' {
		rest = bytes.TrimLeft(rest[1:], "0123456789")
	}
	east, ok3 := offset(rest)
	return day + second - east, ok1 && ok2 && ok3
}

// unixTime reads seconds since 1970, with a fraction or without, and by their
// size milliseconds, microseconds and nanoseconds.
func unixTime(b []byte) (int64, bool) {
	whole, _, _ := bytes.Cut(b, []byte("."))
	n, ok := number(whole)
	const far = 100_000_000_000 // seconds: the year 5138
	for n > far {
		n /= 1000
	}
	return n, ok
}

// anyTime reads an instant in any of the ways.
func (p *Parser) anyTime(b []byte) (int64, bool) {
	switch {
	case len(b) > 4 && b[4] == '-':
		return p.isoTime(b)
	case len(b) > 2 && b[2] == '/':
		return p.bracketTime(b)
	}
	return unixTime(b)
}
