// SPDX-License-Identifier: Apache-2.0

package proxyprotocol

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net/netip"
	"strings"
)

// A header of version 2 begins with v2Signature, and one of version 1 with v1Prefix.
var (
	v2Signature = []byte("\r\n\r\n\x00\r\nQUIT\n")
	v1Prefix    = []byte("PROXY ")
)

const (
	// v1Longest is the length of the longest line of version 1, including its CRLF.
	v1Longest = 107
	// v2Longest bounds what follows the first 16 bytes of a header of version 2: addresses and extensions.
	v2Longest = 4 << 10
)

// ErrHeader is the error for what is no valid header.
var ErrHeader = errors.New("no valid PROXY header came from a trusted proxy")

// Header is what a PROXY header says of a connection: the client's address, and the port that the client connected to.
// It is the zero value if the connection is the own one of whoever sent the header.
type Header struct {
	Source netip.Addr
	Port   uint16
}

// Read reads a PROXY header of either version. It takes no byte behind the header. It returns [ErrHeader] for what is
// none, or the error of the reader.
func Read(r io.Reader) (Header, error) {
	var buf [max(v1Longest, 16)]byte
	// The fixed part of version 2 has 16 bytes. The shortest line of version 1 has 15 ("PROXY UNKNOWN\r\n").
	const shortest = 15
	if _, err := io.ReadFull(r, buf[:shortest]); err != nil {
		return Header{}, err
	}
	if bytes.HasPrefix(buf[:], v1Prefix) {
		return readV1(r, buf[:], shortest)
	}
	if !bytes.HasPrefix(buf[:], v2Signature) {
		return Header{}, ErrHeader
	}
	if _, err := io.ReadFull(r, buf[shortest:16]); err != nil {
		return Header{}, err
	}
	return readV2(r, buf[12], buf[13], binary.BigEndian.Uint16(buf[14:16]))
}

// readV1 reads "PROXY TCP4 source destination sport dport\r\n". n bytes of it are in buf.
func readV1(r io.Reader, buf []byte, n int) (Header, error) {
	for !bytes.HasSuffix(buf[:n], []byte("\r\n")) {
		if n == len(buf) || bytes.IndexByte(buf[:n], '\n') >= 0 {
			return Header{}, ErrHeader
		}
		// Byte by byte: what follows the line belongs to HTTP or TLS.
		if _, err := io.ReadFull(r, buf[n:n+1]); err != nil {
			return Header{}, err
		}
		n++
	}
	words := strings.Split(string(buf[:n-2]), " ")
	if len(words) >= 2 && words[1] == "UNKNOWN" {
		return Header{}, nil
	}
	if len(words) != 6 || words[1] != "TCP4" && words[1] != "TCP6" {
		return Header{}, ErrHeader
	}
	for _, address := range words[2:4] {
		a, err := netip.ParseAddr(address)
		if err != nil || a.Is4() != (words[1] == "TCP4") || a.Zone() != "" {
			return Header{}, ErrHeader
		}
	}
	var ports [2]uint16
	for i, word := range words[4:] {
		port, ok := parsePort(word)
		if !ok {
			return Header{}, ErrHeader
		}
		ports[i] = port
	}
	source, err := netip.ParseAddr(words[2])
	return Header{source, ports[1]}, err
}

// readV2 reads what follows the fixed part: the addresses, by family. It skips the extensions.
func readV2(r io.Reader, versionCommand, family byte, length uint16) (Header, error) {
	if versionCommand>>4 != 2 || length > v2Longest {
		return Header{}, ErrHeader
	}
	rest := make([]byte, length)
	if _, err := io.ReadFull(r, rest); err != nil {
		return Header{}, err
	}
	const local, relayed = 0, 1
	switch versionCommand & 0xf {
	case local:
		return Header{}, nil
	case relayed:
	default:
		return Header{}, ErrHeader
	}
	// Each is a family and a transport. Over TCP, the transport can only be a stream.
	const unspecified, tcp4, tcp6, unix = 0x00, 0x11, 0x21, 0x31
	switch family {
	case tcp4:
		if len(rest) < 12 {
			return Header{}, ErrHeader
		}
		return Header{netip.AddrFrom4([4]byte(rest[:4])), binary.BigEndian.Uint16(rest[10:])}, nil
	case tcp6:
		if len(rest) < 36 {
			return Header{}, ErrHeader
		}
		return Header{netip.AddrFrom16([16]byte(rest[:16])), binary.BigEndian.Uint16(rest[34:])}, nil
	case unspecified, unix:
		return Header{}, nil
	}
	return Header{}, ErrHeader
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
