// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime/debug"
	"strconv"
	"syscall"

	"github.com/go-logr/logr"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/proxy/transport"
)

// finding is what one probe found.
type finding struct {
	healthy bool
	// text says why, for people. The same finding has the same words: they hold no time and no port of ours.
	text string
}

// probeContent bounds what is read of an answer's content. It decides nothing: a server that could send all of it logs
// no error.
const probeContent = 64 << 10

var (
	probeMethod = []byte("GET")
	probeFields = []message.Field{{Name: []byte("User-Agent"), Value: []byte("warren-ingress health check")}}
)

// probes are made over connections of its own, which it makes for each probe: that a task takes new ones is part of
// being healthy. It speaks HTTP as forwarding does, so that what it can talk to, requests can.
type probes struct {
	transports *transportConfig
	tls        *tls.Config
	logger     logr.Logger
}

// newProbeTLS returns the configuration of probes over TLS. See [Check] for why nothing is verified.
func newProbeTLS() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{transport.ProtocolHTTP2, transport.ProtocolHTTP1}, InsecureSkipVerify: true}
}

// probe does what a check says, once. Only the end of ctx cuts it short.
func (p *probes) probe(ctx context.Context, c *snapshot.Check) (f finding) {
	defer func() {
		if fault := recover(); fault != nil {
			p.logger.Error(fmt.Errorf("%v", fault), "panic while probing a task", "task", c.ID, "stack", string(debug.Stack()))
			f = finding{text: "the probe failed; the proxy's log says how"}
		}
	}()
	probing, stop := context.WithTimeout(ctx, c.Timeout)
	defer stop()
	dialer := net.Dialer{Timeout: c.Timeout, KeepAlive: -1}
	tcp, err := dialer.DialContext(ctx, "tcp", c.Address.String())
	if err != nil {
		return finding{text: fmt.Sprintf("connecting to %s: %s", c.Address, p.cause(c, err))}
	}
	defer func() { _ = tcp.Close() }()
	if c.Path == "" && !c.GRPC {
		return finding{healthy: true, text: "connected to " + c.Address.String()}
	}
	question, ask := "GET "+c.Path, askPath
	if c.GRPC {
		question, ask = healthQuestion(c.Service), askHealth
	}
	f, err = p.exchange(probing, tcp.(*net.TCPConn), c, ask)
	if err != nil {
		f.text = p.cause(c, err)
	}
	f.text = question + ": " + f.text
	return f
}

// exchange asks the task on a connection until ctx ends. When it returns, nothing of ours is on the connection any
// more.
func (p *probes) exchange(ctx context.Context, tcp *net.TCPConn, c *snapshot.Check, ask func(upstream, *snapshot.Check) (finding, error)) (f finding, err error) {
	// Nothing else uses the connection, and nothing of it is kept.
	e := &endpoint{text: c.Address.String(), config: p.transports, h2c: (c.H2C || c.GRPC) && !c.TLS}
	if c.TLS {
		e.tls = p.tls
	}
	defer e.retire()
	l, err := e.secure(ctx, tcp, e.tls)
	if err != nil {
		return finding{}, err
	}
	// It closes what a task does that does not let the connection end in order, too.
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()
	up := upstream(nil)
	switch shared := e.chose(l); {
	case shared:
		stream, end := p.begin(l, e)
		defer end()
		up = stream
	case c.GRPC:
		return finding{text: "the service does not choose HTTP/2 over TLS (ALPN), and gRPC needs that"}, nil
	default:
		up = e.newSole(l)
	}
	defer up.EndExchange(false, 0, p.transports.clock.Now())
	if f, err = ask(up, c); err != nil && ctx.Err() != nil {
		err = ctx.Err()
	}
	return f, err
}

// begin begins HTTP/2 on a connection, with the one exchange that will be on it. End waits for the connection's end,
// which comes once there is no exchange.
func (p *probes) begin(l link, e *endpoint) (stream *sharedStream, end func()) {
	conn := newSharedConn(l, e)
	stream = &sharedStream{ClientStream: conn.Open(), conn: conn} // nobody reads yet what could forbid it
	served := make(chan struct{})
	go func() {
		defer close(served)
		conn.serve()
	}()
	return stream, func() {
		conn.Drain()
		<-served
	}
}

func askPath(up upstream, c *snapshot.Check) (finding, error) {
	up.WriteHead(&message.Request{
		Version: message.HTTP11, Method: probeMethod, Authority: []byte(c.Address.String()), Path: []byte(c.Path), Fields: probeFields,
	})
	if err := up.Request().End(nil); err != nil {
		return finding{}, err
	}
	if err := readFinal(up, probeMethod); err != nil {
		return finding{}, err
	}
	status := up.Response().Status
	drain(up.Content())
	return finding{healthy: c.Expects(status), text: strconv.Itoa(status)}, nil
}

func drain(content message.Reader) {
	buf := make([]byte, 4<<10)
	for left := probeContent; left > 0 && !content.Ended(); {
		n, err := content.Read(buf)
		if err != nil {
			return
		}
		left -= n
	}
}

// cause says why a probe brought no answer, without the addresses and ports that errors of package net name.
func (p *probes) cause(c *snapshot.Check, err error) string {
	if errno, ok := errors.AsType[syscall.Errno](err); ok && !errno.Timeout() {
		return errno.Error()
	}
	if malformed, ok := errors.AsType[*message.Error](err); ok {
		return "the answer is malformed: " + malformed.Detail
	}
	if reset, ok := errors.AsType[message.Reset](err); ok {
		return reset.Error()
	}
	timeout := net.Error(nil)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "no answer within " + c.Timeout.String()
	case message.IsFault(err):
		return "the answer is not HTTP/2: " + err.Error()
	case errors.Is(err, message.ErrUnprocessed):
		return err.Error()
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, message.ErrClosed):
		return "closed without an answer"
	case isTLSFault(err):
		detail, _ := describeTLSFault(err)
		return cmp.Or(detail, "TLS with the service failed")
	}
	return "failed"
}
