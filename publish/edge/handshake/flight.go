package handshake

import (
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"

	"golang.org/x/crypto/cryptobyte"
)

// Flight is what a server answers to a ClientHello, down to its end or to the
// first thing that is encrypted.
type Flight struct {
	Version     uint16   // such as tls.VersionTLS12
	Suite       uint16   // the cipher suite that the server has chosen
	Fragment    int      // the most bytes of a record that it has agreed to; 0 for no agreement
	Chain       [][]byte // the certificates in DER, in the order in which they came
	Certificate int      // bytes of the message with the chain
	Split       bool     // whether that message comes in several records
}

// SuiteName is what IANA calls the cipher suite.
func (f *Flight) SuiteName() string { return suiteName(f.Suite) }

// suiteName knows those that servers choose, and that crypto/tls does not have.
func suiteName(suite uint16) string {
	switch suite {
	case 0x009e:
		return "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"
	case 0x009f:
		return "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384"
	case 0xccaa:
		return "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256"
	case 0xc024:
		return "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384"
	case 0xc028:
		return "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384"
	}
	return tls.CipherSuiteName(suite)
}

// ErrNoTLS is a server that answers with something else than TLS.
var ErrNoTLS = errors.New("it does not speak TLS")

// Alert is a server that refuses, with the number of IANA's TLS Alerts registry.
type Alert uint8

func (a Alert) Error() string { return "it refuses with " + tls.AlertError(a).Error() }

// Ask sends a client's hello over a new connection, and reads the flight that
// comes back. A server name of "" is not sent; a fragment in bytes asks for
// records that are no longer (512, 1024, 2048 or 4096), 0 for no such question.
// An error that wraps [Alert] or [ErrNoTLS] is the server's answer.
func Ask(conn net.Conn, c Client, serverName string, fragment int) (*Flight, error) {
	if _, err := conn.Write(c.hello(serverName, fragment)); err != nil {
		return nil, err
	}
	f := &Flight{}
	var pending []byte // of a message that is not whole yet
	split := false     // whether it began in a record before
	for {
		kind, record, err := readRecord(conn)
		switch {
		case err != nil:
			return nil, err
		case kind == recordAlert && len(record) == 2:
			return nil, Alert(record[1])
		case kind != recordHandshake:
			return nil, ErrNoTLS
		}
		split = len(pending) > 0
		pending = append(pending, record...)
		for {
			rest := cryptobyte.String(pending)
			var message uint8
			var body cryptobyte.String
			if !rest.ReadUint8(&message) || !rest.ReadUint24LengthPrefixed(&body) {
				break
			}
			if message == messageServerHelloDone {
				return f, nil
			}
			if err := f.read(message, body, split); err != nil {
				return nil, err
			}
			pending, split = rest, false
		}
	}
}

// readRecord reads a record that is not encrypted.
func readRecord(r io.Reader) (kind uint8, content []byte, err error) {
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = fmt.Errorf("the connection ends within the handshake: %w", io.ErrUnexpectedEOF)
		}
		return 0, nil, err
	}
	if head[1] != 3 {
		return 0, nil, ErrNoTLS
	}
	content = make([]byte, binary.BigEndian.Uint16(head[3:]))
	_, err = io.ReadFull(r, content)
	return head[0], content, err
}

// read takes over what a message tells.
func (f *Flight) read(message uint8, body cryptobyte.String, split bool) error {
	ok := true
	switch message {
	case messageServerHello:
		ok = f.readServerHello(body)
	case messageCertificate:
		f.Certificate, f.Split = len(body), split
		var list cryptobyte.String
		ok = body.ReadUint24LengthPrefixed(&list)
		for ok && !list.Empty() {
			var der cryptobyte.String
			ok = list.ReadUint24LengthPrefixed(&der)
			f.Chain = append(f.Chain, der)
		}
	}
	if !ok {
		return fmt.Errorf("%w: message %d can't be read", ErrNoTLS, message)
	}
	return nil
}

func (f *Flight) readServerHello(body cryptobyte.String) bool {
	var session, extensions cryptobyte.String
	if !body.ReadUint16(&f.Version) || !body.Skip(32) || !body.ReadUint8LengthPrefixed(&session) || !body.ReadUint16(&f.Suite) || !body.Skip(1) {
		return false
	}
	if body.Empty() {
		return true
	}
	if !body.ReadUint16LengthPrefixed(&extensions) {
		return false
	}
	for !extensions.Empty() {
		var kind uint16
		var content cryptobyte.String
		if !extensions.ReadUint16(&kind) || !extensions.ReadUint16LengthPrefixed(&content) {
			return false
		}
		if kind == extensionMaxFragment && len(content) == 1 {
			f.Fragment = 256 << content[0]
		}
	}
	return true
}
