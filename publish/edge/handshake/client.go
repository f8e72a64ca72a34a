// Package handshake asks a server what a TLS client of firmware asks, and reads
// what it answers before anything is encrypted. It sends the ClientHello of the
// library, byte by byte, since crypto/tls can send neither its cipher suites nor
// its extensions. No handshake is carried to its end.
package handshake

import (
	"encoding/hex"
	"net/netip"

	"golang.org/x/crypto/cryptobyte"
)

// Client is what a TLS 1.2 client offers.
type Client struct {
	Name       string // of the library and its version
	suites     string // in hex, in the order in which they are sent
	extensions string // likewise, but for the server's name
}

// The clients. The first two are what the libraries send as they come, as
// captured from them: mbedtls_ssl_config_defaults of Mbed TLS 3.6.2 with its own
// configuration and TLS 1.2 as the highest version, and wolfTLSv1_2_client_method
// of wolfSSL 5.7.2 after ./configure --enable-sni --enable-supportedcurves. The
// others offer one kind of certificate alone, as small configurations do.
var (
	MbedTLS = Client{
		"Mbed TLS 3.6",
		"cca8cca9ccaac02cc030009fc0adc09fc024c028006bc00ac0140039c0afc0a3c087c08bc07dc073c07700c40088c05d" +
			"c061c053c049c04dc045c02bc02f009ec0acc09ec023c0270067c009c0130033c0aec0a2c086c08ac07cc072c07600be" +
			"0045c05cc060c052c048c04cc044009dc09d003d0035c032c02ac00fc02ec026c005c0a1c07b00c00084c08dc079c089" +
			"c075c05fc063c051c04bc04fc03d009cc09c003c002fc031c029c00ec02dc025c004c0a0c07a00ba0041c08cc078c088" +
			"c074c05ec062c050c04ac04ec03c00ff",
		"000a00120010001d00170018001e0019001a001b001c000d000e000c040305030603060105010401000b000201000016" +
			"00000017000000230000",
	}
	WolfSSL = Client{
		"wolfSSL 5.7",
		"c02cc02bc030c02f009f009ecca9cca8ccaac027c023c028c024c00ac009c014c013006b006700390033cc14cc13cc15",
		wolfExtensions,
	}
	OnlyECDSA = Client{"a client of ECDSA alone", "c02cc02bcca9c023c024c00ac009", wolfExtensions}
	OnlyRSA   = Client{"a client of RSA alone", "c030c02fcca8c027c028c014c013", wolfExtensions}
)

const wolfExtensions = "000d001c001a0603050304030806080b0805080a080408090601050104010301000b00020100000a000c000a001900180017" +
	"001501000016000000170000"

// Numbers of IANA's TLS registries that cairn sends or reads.
const (
	extensionServerName  = 0
	extensionMaxFragment = 1

	recordAlert     = 21
	recordHandshake = 22
	recordData      = 23

	messageServerHello     = 2
	messageCertificate     = 11
	messageServerHelloDone = 14

	tls12 = 0x0303
)

// hello is the record with the ClientHello. Its random bytes are always the
// same: nothing is ever encrypted under them. An empty server name is none, and
// a fragment of 0 no extension.
func (c Client) hello(serverName string, fragment int) []byte {
	var b cryptobyte.Builder
	b.AddUint8(recordHandshake)
	b.AddUint16(0x0301) // as RFC 5246 appendix E.1 has it
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		b.AddUint8(1) // ClientHello
		b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) {
			b.AddUint16(tls12)
			b.AddBytes([]byte("cairn doctor looks at handshakes"))
			b.AddUint8(0) // no session to resume
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(fromHex(c.suites)) })
			b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddUint8(0) }) // no compression
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
				if _, err := netip.ParseAddr(serverName); err != nil && serverName != "" { // RFC 6066 section 3: no addresses
					addServerName(b, serverName)
				}
				if fragment != 0 {
					b.AddUint16(extensionMaxFragment)
					b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddUint8(fragmentCode(fragment)) })
				}
				b.AddBytes(fromHex(c.extensions))
			})
		})
	})
	return b.BytesOrPanic()
}

// addServerName adds the extension of RFC 6066 section 3.
func addServerName(b *cryptobyte.Builder, name string) {
	b.AddUint16(extensionServerName)
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
			b.AddUint8(0) // host_name
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(name)) })
		})
	})
}

// fragmentCode is how RFC 6066 section 4 writes 512 to 4096 bytes.
func fragmentCode(bytes int) (code uint8) {
	for code = 1; 256<<code < bytes; code++ {
	}
	return code
}

func fromHex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err) // it is part of the program
	}
	return b
}
