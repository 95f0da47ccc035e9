// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/warren-dev/ingress/proxy/canonical"
	"github.com/warren-dev/ingress/proxy/http1"
	"github.com/warren-dev/ingress/proxy/message"
)

// Question describes a request that somebody asks about. Nobody sends it.
type Question struct {
	// URL is absolute, with the scheme http or https. What follows the host, without a fragment, is the request's target
	// as it is. If that is nothing, it is "/", as clients send it, in an OPTIONS too.
	URL string
	// Method is the method. Empty means GET.
	Method string
	// Listener says to which listener the connection comes: its address, or the Gateway that it is of, as in
	// "namespace/gateway". It is needed only if several listeners have the port of the URL. Empty means the one that has
	// it.
	Listener string
	// Peer is the address that the connection comes from. The zero address means [explanation.UnspecifiedPeer].
	Peer netip.Addr
	// Headers are fields such as "Name: value". A Host replaces the host of the URL in the request, but not in the
	// handshake.
	Headers []string
	// Ask has those asked whom the rule's policies ask who gets in, such as a service. Otherwise the explanation says who
	// would be asked, and goes on as if they let the request pass.
	Ask bool
	// AnyCertificate lets a request over HTTPS go on without a certificate, as if there were one.
	AnyCertificate bool
}

// asked is a parsed question.
type asked struct {
	method, target string
	// host is the canonical host of the URL, which a handshake names. authority is the Host of the request.
	host, authority string
	// port is the URL's, or the usual one of its scheme.
	port    uint16
	secure  bool
	headers []string
}

func (q *Question) parse() (*asked, error) {
	scheme, rest, ok := strings.Cut(q.URL, "://")
	a := &asked{method: q.Method, secure: strings.EqualFold(scheme, "https")}
	if !ok || !a.secure && !strings.EqualFold(scheme, "http") {
		return nil, fmt.Errorf("%q is no URL: write one such as https://shop.example.com/cart", q.URL)
	}
	if a.method == "" {
		a.method = "GET"
	}
	rest, _, _ = strings.Cut(rest, "#") // no client sends a fragment
	a.authority, a.target = rest, "/"
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		a.authority, a.target = rest[:i], rest[i:]
		if a.target[0] == '?' {
			a.target = "/" + a.target
		}
	}
	if _, host, userinfo := strings.Cut(a.authority, "@"); userinfo {
		a.authority = host // a client sends what is before the @ as a field
	}
	if a.authority == "" {
		return nil, fmt.Errorf("%q names no host: write a URL such as https://shop.example.com/cart", q.URL)
	}
	host, _ := canonical.Host(nil, []byte(a.authority))
	a.host, a.port = string(host), portOf(a.authority, a.secure)
	for _, h := range q.Headers {
		name, value, ok := strings.Cut(h, ":")
		if !ok {
			return nil, fmt.Errorf("the header %q has no colon: write it as 'Name: value'", h)
		}
		if strings.EqualFold(strings.TrimSpace(name), "host") {
			a.authority = strings.TrimSpace(value)
			continue
		}
		a.headers = append(a.headers, h)
	}
	return a, a.inspect()
}

// portOf returns the port of a URL's authority. It is the usual one of the scheme if the authority has none.
func portOf(authority string, secure bool) uint16 {
	if i := strings.LastIndexByte(authority, ':'); i > strings.LastIndexByte(authority, ']') {
		if port, err := strconv.ParseUint(authority[i+1:], 10, 16); err == nil {
			return uint16(port)
		}
	}
	if secure {
		return 443
	}
	return 80
}

// inspect refuses text that would change the form of the head: line breaks, and spaces in the target. No client can
// send that.
func (a *asked) inspect() error {
	for _, part := range append([]string{a.method, a.target, a.authority}, a.headers...) {
		if strings.ContainsAny(part, "\r\n") {
			return errors.New("a line break is in the question: a request has none within its lines")
		}
	}
	if strings.Contains(a.target, " ") {
		return errors.New("a space is in the URL: write %20")
	}
	return nil
}

// head returns the head that a client would send.
func (a *asked) head() []byte {
	var b bytes.Buffer
	_, _ = fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", a.method, a.target, a.authority)
	for _, h := range a.headers {
		_, _ = fmt.Fprintf(&b, "%s\r\n", h)
	}
	b.WriteString("\r\n")
	return b.Bytes()
}

// recital is a connection that a request is read from, out of memory. It drops what is written to it.
type recital struct{ *bytes.Reader }

func (recital) Write(p []byte) (int, error) { return len(p), nil }
func (recital) CloseWrite() error           { return nil }
func (recital) Close() error                { return nil }
func (recital) StallAfter(time.Duration)    {}
func (recital) ExpireAfter(time.Duration)   {}

// recite reads a request's head from a recital into req, as if a client had sent it. req views the memory of the
// connection until that is closed. If the head is refused, the error is a [*message.Error].
func recite(c *http1.ServerConn, req *message.Request) error {
	if err := c.Await(nil); err != nil {
		return err
	}
	err := c.ReadRequest(req)
	if err == io.EOF {
		return &message.Error{Status: 400, Detail: "the request has no end"}
	}
	return err
}
