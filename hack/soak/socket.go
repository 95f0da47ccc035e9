// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"crypto/sha1"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"golang.org/x/net/http2"
)

const (
	socketProtocol = "websocket"
	acceptField    = "Sec-WebSocket-Accept"
)

// acceptOf returns the proof that a WebSocket's key was understood (RFC 6455, section 4.2.2).
func acceptOf(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// socketOpener opens WebSockets as streams of HTTP/2 (RFC 8441), several on a connection. It talks to an echo as an
// upgrader does.
type socketOpener struct {
	upgrader
	transport interface {
		http.RoundTripper
		CloseIdleConnections()
	}
	// left is how many further rounds use the connection.
	left int
}

func newSocketOpener(v *visitor) client {
	t := &http2.Transport{ //nolint:staticcheck // net/http's own transport sends no :protocol
		DialTLSContext: func(context.Context, string, string, *tls.Config) (net.Conn, error) { //nolint:staticcheck // as above
			w, err := v.dialTLS(&tls.Config{RootCAs: v.authority.roots, ServerName: secureHost, NextProtos: []string{"h2"}})
			if err != nil {
				return nil, err
			}
			return w.Conn, w.SetDeadline(time.Time{}) // it lives for more than one round
		},
	}
	return &socketOpener{upgrader: upgrader{v}, transport: t}
}

func (o *socketOpener) close() { o.transport.CloseIdleConnections() }

func (o *socketOpener) round() (string, error) {
	if o.left--; o.left < 0 {
		o.left = o.rnd.IntN(perConnection)
		o.close()
	}
	c := o.call("CONNECT", stableHost, "")
	stream := "echo-" + c.id
	c.target = "/echo/" + stream
	ctx, cancel := context.WithTimeout(context.Background(), roundLimit)
	defer cancel()
	in, out := io.Pipe()
	defer func() { _ = out.Close() }()
	r, err := http.NewRequestWithContext(ctx, c.method, "https://"+c.host+c.target, in)
	if err != nil {
		return "", err
	}
	r.Header.Set(":protocol", socketProtocol)
	r.Header.Set(idField, c.id)
	resp, err := o.transport.RoundTrip(r)
	if err != nil {
		return "", fmt.Errorf("%s over HTTP/2: %w", c, err)
	}
	defer func() { _ = resp.Body.Close() }()
	w := &wire{Conn: &streamConn{in: resp.Body, out: out}, in: bufio.NewReader(resp.Body), from: o.from}
	if err := w.genuine(&reply{Response: resp}, c, http.StatusOK); err != nil {
		return "", fmt.Errorf("%s over HTTP/2: %w", c, err)
	}
	note, err := o.converse(w, stream, cancel)
	if err != nil {
		return "", fmt.Errorf("%s over HTTP/2: %w", c, err)
	}
	return note, nil
}

// streamConn makes a stream a connection, with the methods that a wire uses.
type streamConn struct {
	net.Conn // nil: nobody asks for addresses or moves deadlines
	in       io.Reader
	out      *io.PipeWriter
}

func (s *streamConn) Read(p []byte) (int, error)  { return s.in.Read(p) }
func (s *streamConn) Write(p []byte) (int, error) { return s.out.Write(p) }
func (s *streamConn) CloseWrite() error           { return s.out.Close() }
