// SPDX-License-Identifier: Apache-2.0

package downstream

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net/netip"
	"strings"
	"time"
)

// proxyHeaderTimeout bounds the arrival of a PROXY header. A proxy sends it before anything else.
const proxyHeaderTimeout = 5 * time.Second

// A header of version 2 of the PROXY protocol begins with proxyV2Signature, and one of version 1 with proxyV1Prefix.
// HAProxy's doc/proxy-protocol.txt describes both.
var (
	proxyV2Signature = []byte("\r\n\r\n\x00\r\nQUIT\n")
	proxyV1Prefix    = []byte("PROXY ")
)

const (
	// proxyV1Longest is the length of the longest line of version 1, including its CRLF.
	proxyV1Longest = 107
	// proxyV2Longest bounds what follows the first 16 bytes of a header of version 2: addresses and extensions.
	proxyV2Longest = 4 << 10
)

var errProxyHeader = errors.New("no valid PROXY header came from a trusted proxy")

// proxied is what a PROXY header says of a connection: the client's address, and the port that the client connected to.
// It is the zero value if the connection is the proxy's own.
type proxied struct {
	source netip.Addr
	port   uint16
}

// readProxyHeader reads a PROXY header of either version. It takes no byte behind the header.
func readProxyHeader(r io.Reader) (proxied, error) {
	var buf [max(proxyV1Longest, 16)]byte
	// The fixed part of version 2 has 16 bytes. The shortest line of version 1 has 15 ("PROXY UNKNOWN\r\n").
	const shortest = 15
	if _, err := io.ReadFull(r, buf[:shortest]); err != nil {
		return proxied{}, err
	}
	if bytes.HasPrefix(buf[:], proxyV1Prefix) {
		return readProxyV1(r, buf[:], shortest)
	}
	if !bytes.HasPrefix(buf[:], proxyV2Signature) {
		return proxied{}, errProxyHeader
	}
	if _, err := io.ReadFull(r, buf[shortest:16]); err != nil {
		return proxied{}, err
	}
	return readProxyV2(r, buf[12], buf[13], binary.BigEndian.Uint16(buf[14:16]))
}

// readProxyV1 reads "PROXY TCP4 source destination sport dport\r\n". n bytes of it are in buf.
func readProxyV1(r io.Reader, buf []byte, n int) (proxied, error) {
	for !bytes.HasSuffix(buf[:n], []byte("\r\n")) {
		if n == len(buf) || bytes.IndexByte(buf[:n], '\n') >= 0 {
			return proxied{}, errProxyHeader
		}
		// Byte by byte: what follows the line belongs to HTTP or TLS.
		if _, err := io.ReadFull(r, buf[n:n+1]); err != nil {
			return proxied{}, err
		}
		n++
	}
	words := strings.Split(string(buf[:n-2]), " ")
	if len(words) >= 2 && words[1] == "UNKNOWN" {
		return proxied{}, nil
	}
	if len(words) != 6 || words[1] != "TCP4" && words[1] != "TCP6" {
		return proxied{}, errProxyHeader
	}
	for _, address := range words[2:4] {
		a, err := netip.ParseAddr(address)
		if err != nil || a.Is4() != (words[1] == "TCP4") || a.Zone() != "" {
			return proxied{}, errProxyHeader
		}
	}
	var ports [2]uint16
	for i, word := range words[4:] {
		port, ok := parsePort(word)
		if !ok {
			return proxied{}, errProxyHeader
		}
		ports[i] = port
	}
	source, err := netip.ParseAddr(words[2])
	return proxied{source, ports[1]}, err
}

// readProxyV2 reads what follows the fixed part: the addresses, by family. It skips the extensions.
func readProxyV2(r io.Reader, versionCommand, family byte, length uint16) (proxied, error) {
	if versionCommand>>4 != 2 || length > proxyV2Longest {
		return proxied{}, errProxyHeader
	}
	rest := make([]byte, length)
	if _, err := io.ReadFull(r, rest); err != nil {
		return proxied{}, err
	}
	const local, relayed = 0, 1
	switch versionCommand & 0xf {
	case local:
		return proxied{}, nil
	case relayed:
	default:
		return proxied{}, errProxyHeader
	}
	// Each is a family and a transport. Over TCP, the transport can only be a stream.
	const unspecified, tcp4, tcp6, unix = 0x00, 0x11, 0x21, 0x31
	switch family {
	case tcp4:
		if len(rest) < 12 {
			return proxied{}, errProxyHeader
		}
		return proxied{netip.AddrFrom4([4]byte(rest[:4])), binary.BigEndian.Uint16(rest[10:])}, nil
	case tcp6:
		if len(rest) < 36 {
			return proxied{}, errProxyHeader
		}
		return proxied{netip.AddrFrom16([16]byte(rest[:16])), binary.BigEndian.Uint16(rest[34:])}, nil
	case unspecified, unix:
		return proxied{}, nil
	}
	return proxied{}, errProxyHeader
}

// parsePort reads a decimal port without sign or leading zero.
func parsePort(s string) (uint16, bool) {
	if s == "" || len(s) > 5 || s[0] == '0' && s != "0" {
		return 0, false
	}
	n := 0
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return uint16(n), n <= 65535
}
