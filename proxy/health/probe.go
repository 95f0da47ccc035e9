// SPDX-License-Identifier: Apache-2.0

package health

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
	"github.com/warren-dev/ingress/proxy/upstream"
	"github.com/warren-dev/ingress/proxy/upstream/tlsterms"
)

// Finding is what one probe found.
type Finding struct {
	Healthy bool
	// Class says why to everybody, and Text more to operators. The same finding has the same words: they hold no time and
	// no port of ours.
	Class Class
	Text  string
}

// probeContent bounds what is read of an answer's content. The content decides nothing. It is read so that the server
// can send all of it and logs no error.
const probeContent = 64 << 10

// httpsPort is the port that an authority leaves out over TLS.
const httpsPort = 443

var (
	probeMethod = []byte("GET")
	probeFields = []message.Field{{Name: []byte("User-Agent"), Value: []byte("warren-ingress health check")}}
)

// Probes makes probes. It makes a connection for each one, because a healthy task accepts new connections. It speaks
// HTTP as forwarding does, so that requests can reach whatever it can.
type Probes struct {
	dialer *upstream.Dialer
	tls    *tls.Config
	logger logr.Logger
}

// NewProbes returns a Probes that uses the dialer's configuration.
func NewProbes(dialer *upstream.Dialer, logger logr.Logger) *Probes {
	return &Probes{dialer: dialer, logger: logger, tls: &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{transport.ProtocolHTTP2, transport.ProtocolHTTP1},
		// See [snapshot.Check] for why nothing is verified.
		InsecureSkipVerify: true,
	}}
}

// Probe does once what a check says. Only the end of ctx cuts it short.
func (p *Probes) Probe(ctx context.Context, c *snapshot.Check) (f Finding) {
	defer func() {
		if fault := recover(); fault != nil {
			p.logger.Error(fmt.Errorf("%v", fault), "panic while probing a task", "task", c.ID, "stack", string(debug.Stack()))
			f = Finding{Class: Broken, Text: "the probe failed; the proxy's log says how"}
		}
	}()
	probing, stop := context.WithTimeout(ctx, c.Timeout)
	defer stop()
	dialer := net.Dialer{Timeout: c.Timeout, KeepAlive: -1}
	tcp, err := dialer.DialContext(ctx, "tcp", c.Address.String())
	if err != nil {
		_, cause := p.cause(c, err)
		return Finding{Class: NoConnection, Text: fmt.Sprintf("connecting to %s: %s", c.Address, cause)}
	}
	defer func() { _ = tcp.Close() }()
	if c.Path == "" && !c.GRPC {
		return Finding{Healthy: true, Class: Succeeded, Text: "connected to " + c.Address.String()}
	}
	question, ask := "GET "+c.Path, askPath
	if c.GRPC {
		question, ask = healthQuestion(c.Service), askHealth
	}
	f, err = p.exchange(probing, tcp.(*net.TCPConn), c, ask)
	if err != nil {
		f.Class, f.Text = p.cause(c, err)
	}
	f.Text = question + ": " + f.Text
	return f
}

// exchange asks the task on a connection until ctx ends. When it returns, none of our goroutines uses the connection
// any more.
func (p *Probes) exchange(ctx context.Context, tcp *net.TCPConn, c *snapshot.Check, ask func(upstream.Exchange, *snapshot.Check) (Finding, error)) (f Finding, err error) {
	var terms *tls.Config
	if c.TLS {
		terms = p.tls
	}
	if c.TLS && (c.ServerName != "" || c.Obsolete) {
		terms = p.tls.Clone()
		terms.ServerName = c.ServerName
		if c.Obsolete {
			tlsterms.AllowObsolete(terms)
		}
	}
	up, end, err := p.dialer.Once(ctx, tcp, terms, c.H2C || c.GRPC)
	if err != nil {
		return Finding{}, err
	}
	defer end()
	if c.GRPC && up.Sole() != nil {
		return Finding{Class: BadAnswer, Text: "the service does not choose HTTP/2 over TLS (ALPN), and gRPC needs that"}, nil
	}
	if f, err = ask(up, c); err != nil && ctx.Err() != nil {
		err = ctx.Err()
	}
	return f, err
}

func askPath(up upstream.Exchange, c *snapshot.Check) (Finding, error) {
	up.WriteHead(&message.Request{
		Version: message.HTTP11, Method: probeMethod, Authority: authority(c), Path: []byte(c.Path), Fields: probeFields,
	})
	if err := up.Request().End(nil); err != nil {
		return Finding{}, err
	}
	if err := upstream.ReadFinal(up, probeMethod); err != nil {
		return Finding{}, err
	}
	status := up.Response().Status
	drain(up.Content())
	return answered(c.Expects(status), strconv.Itoa(status)), nil
}

// authority returns what a task is asked for.
func authority(c *snapshot.Check) []byte {
	switch {
	case c.ServerName == "":
		return []byte(c.Address.String())
	case c.Address.Port() == httpsPort:
		return []byte(c.ServerName)
	}
	return []byte(c.ServerName + ":" + strconv.Itoa(int(c.Address.Port())))
}

// answered returns the finding of an answer that is of the protocol.
func answered(healthy bool, text string) Finding {
	if healthy {
		return Finding{Healthy: true, Class: Succeeded, Text: text}
	}
	return Finding{Class: OtherAnswer, Text: text}
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

// cause says why a probe brought no answer. It leaves out the addresses and ports that errors of package net name.
func (p *Probes) cause(c *snapshot.Check, err error) (Class, string) {
	if errno, ok := errors.AsType[syscall.Errno](err); ok && !errno.Timeout() {
		return NoAnswer, errno.Error()
	}
	if malformed, ok := errors.AsType[*message.Error](err); ok {
		return BadAnswer, "the answer is malformed: " + malformed.Detail
	}
	if reset, ok := errors.AsType[message.Reset](err); ok {
		return NoAnswer, reset.Error()
	}
	timeout := net.Error(nil)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return NoAnswer, "no answer within " + c.Timeout.String()
	case message.IsFault(err):
		return BadAnswer, "the answer is not HTTP/2: " + err.Error()
	case errors.Is(err, message.ErrUnprocessed):
		return NoAnswer, err.Error()
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, message.ErrClosed):
		return NoAnswer, "closed without an answer"
	case upstream.IsTLSFault(err):
		detail, _ := upstream.DescribeTLSFault(err)
		return NoTLS, cmp.Or(detail, "TLS with the service failed")
	}
	return NoAnswer, "failed"
}
