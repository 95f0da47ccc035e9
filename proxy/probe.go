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
	return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{protocolHTTP2, protocolHTTP1}, InsecureSkipVerify: true}
}

// probe does what a check says, once. Only the end of ctx cuts it short.
func (p *probes) probe(ctx context.Context, c *Check) (f finding) {
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
	if c.Path == "" {
		return finding{healthy: true, text: "connected to " + c.Address.String()}
	}
	status, err := p.get(probing, tcp.(*net.TCPConn), c)
	if err != nil {
		return finding{text: "GET " + c.Path + ": " + p.cause(c, err)}
	}
	return finding{healthy: c.expects(status), text: "GET " + c.Path + ": " + strconv.Itoa(status)}
}

// get asks for the check's path until ctx ends, and returns the final answer's status.
func (p *probes) get(ctx context.Context, tcp *net.TCPConn, c *Check) (status int, err error) {
	// Nothing else uses the connection, and nothing of it is kept.
	e := &endpoint{text: c.Address.String(), config: p.transports, h2c: c.H2C && !c.TLS}
	if c.TLS {
		e.tls = p.tls
	}
	defer e.retire()
	l, err := e.secure(ctx, tcp, e.tls)
	if err != nil {
		return 0, err
	}
	var stream sharedStream
	up, err := e.speak(l, &stream)
	if err != nil {
		return 0, err
	}
	defer up.EndExchange(false, 0, p.transports.clock.now())
	stop := context.AfterFunc(ctx, func() { _ = up.Close() })
	defer stop()
	if status, err = ask(up, c); err != nil && ctx.Err() != nil {
		err = ctx.Err()
	}
	return status, err
}

func ask(up upstream, c *Check) (status int, err error) {
	up.WriteHead(&message.Request{
		Version: message.HTTP11, Method: probeMethod, Authority: []byte(c.Address.String()), Path: []byte(c.Path), Fields: probeFields,
	})
	if err := up.Request().End(nil); err != nil {
		return 0, err
	}
	for range maxInformational {
		if err := up.ReadResponse(probeMethod); err != nil {
			return 0, err
		}
		if resp := up.Response(); !resp.Informational() {
			status = resp.Status
			drain(up.Content())
			return status, nil
		}
	}
	return 0, errInformationalMany
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
func (p *probes) cause(c *Check, err error) string {
	if errno, ok := errors.AsType[syscall.Errno](err); ok && !errno.Timeout() {
		return errno.Error()
	}
	if malformed, ok := errors.AsType[*message.Error](err); ok {
		return "the answer is malformed: " + malformed.Detail
	}
	timeout := net.Error(nil)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "no answer within " + c.Timeout.String()
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "closed without an answer"
	case isTLSFault(err):
		return cmp.Or(tlsFault(err).detail, "TLS with the service failed")
	}
	return "failed"
}
