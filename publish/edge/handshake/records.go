package handshake

import (
	"encoding/binary"
	"net"
	"sync/atomic"
)

// Records is a connection that notes how long the records of a server are. It
// goes below TLS.
type Records struct {
	net.Conn
	head [5]byte
	have int          // bytes of the head that came
	left int          // bytes of the record that are to come
	Most atomic.Int64 // bytes of the longest record with data, as they are on the wire
}

func (r *Records) Read(b []byte) (int, error) {
	n, err := r.Conn.Read(b)
	for rest := b[:n]; len(rest) > 0; {
		if r.left > 0 {
			taken := min(r.left, len(rest))
			r.left, rest = r.left-taken, rest[taken:]
			continue
		}
		taken := copy(r.head[r.have:], rest)
		r.have, rest = r.have+taken, rest[taken:]
		if r.have < len(r.head) {
			break
		}
		r.have, r.left = 0, int(binary.BigEndian.Uint16(r.head[3:]))
		if r.head[0] == recordData {
			r.Most.Store(max(r.Most.Load(), int64(r.left)))
		}
	}
	return n, err
}
