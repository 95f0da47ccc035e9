// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"strings"
)

// The sizes of the fixed responses, and of the upload, in bytes.
const (
	smallBody  = 1 << 10
	mediumBody = 64 << 10
	largeBody  = 10 << 20
	uploadBody = 1 << 20
	// documentBody is the length of a document in JSON, which can be compressed as such documents can.
	documentBody = 16 << 10
	// encodedBody stands for the length of a response that the proxy has compressed, which each proxy does in its own way.
	encodedBody = -1
)

// The paths that the backends know. Every other one gets smallBody bytes.
const (
	smallPath  = "/1k"
	mediumPath = "/64k"
	largePath  = "/10m"
	echoPath   = "/echo"

	documentPath = "/document"
	// webSocketPath becomes a WebSocket, which says each word again.
	webSocketPath = "/websocket"
	// verdictPath is where backends say who a client is. Who has a cookie or an Authorization may pass.
	verdictPath = "/verdict"
)

// The response header fields of the backends, besides the content's length and type.
const (
	backendField     = "X-Backend"
	poweredByField   = "X-Powered-By"
	responseSetField = "X-Response-Set"
	setByBackend     = "backend"
)

// backend answers requests from memory in one loop, for any number of listeners. It does as little as possible for a
// request, so that the core that it shares with the load does not limit a proxy. It reads requests as proxies write
// them. It refuses framing that it does not know.
type backend struct {
	poller *poller
	// served has the listeners and the connections, by file descriptor.
	served []servedSocket
}

// servedSocket is a listener, or one of its connections.
type servedSocket struct {
	responses  *responses
	connection *backendConn
}

// responses are those of one backend. They differ in backendField, which shows that both backends take requests.
type responses struct {
	name                 string
	small, medium, large []byte
	document             []byte
	webSocket            []byte
	// verdict lets a client pass, and says who it is. refusal does not.
	verdict, refusal []byte
}

type backendConn struct {
	fd int
	in [16 << 10]byte
	// n bytes of in are read. Those of answered requests are gone.
	n int
	// content is how much of the request's content is still to come. It is -1 before the head is complete.
	content int64
	// reply is sent after the content. out is the part of it that is not written yet.
	reply, out []byte
	// upgrading is set if reply makes the connection a WebSocket, and talking once it is one.
	upgrading, talking bool
	// drained is set if all that the last event told of is read. hungUp is set if the stream's end follows that.
	drained, hungUp bool
}

// errEnd says that a connection is over, in whichever way.
var errEnd = errors.New("the connection is over")

func newResponses(name string) *responses {
	body := bytes.Repeat([]byte("warren ingress. "), largeBody/16)
	return &responses{
		name:   name,
		small:  response(name, "text/plain", body[:smallBody]),
		medium: response(name, "text/plain", body[:mediumBody]),
		large:  response(name, "text/plain", body[:largeBody]),

		document: response(name, "application/json", document()),

		webSocket: []byte("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
			"Sec-WebSocket-Accept: " + acceptedKey + "\r\n\r\n"),

		verdict: []byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + userField + ": " + clientName + "-" + name + "\r\n\r\n"),
		refusal: []byte("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"),
	}
}

// document returns what an API answers: a list of objects, up to documentBody bytes.
func document() []byte {
	r := rand.New(rand.NewPCG(16, 16))
	words := strings.Fields("shop cart order payment customer invoice stock search image review address delivery return coupon")
	word := func() string { return words[r.IntN(len(words))] }
	text := []byte(`{"items":[`)
	for len(text) < documentBody {
		text = fmt.Appendf(text, `{"id":"%016x","kind":"%s","name":"%s-%s-%d","createdAt":"2026-%02d-%02dT%02d:%02d:%02dZ",`,
			r.Uint64(), word(), word(), word(), r.IntN(1000), 1+r.IntN(12), 1+r.IntN(28), r.IntN(24), r.IntN(60), r.IntN(60))
		text = fmt.Appendf(text, `"price":%d.%02d,"available":%t,"tags":["%s","%s"],"description":"%s of %s for the %s %s"},`,
			r.IntN(500), r.IntN(100), r.IntN(3) > 0, word(), word(), word(), word(), word(), word())
	}
	return text[:documentBody]
}

func response(name, mediaType string, body []byte) []byte {
	head := "HTTP/1.1 200 OK\r\n" +
		"Content-Type: " + mediaType + "\r\n" +
		"Content-Length: " + strconv.Itoa(len(body)) + "\r\n" +
		backendField + ": " + name + "\r\n" +
		poweredByField + ": bench\r\n" +
		responseSetField + ": " + setByBackend + "\r\n\r\n"
	return append([]byte(head), body...)
}

// runBackend serves on the addresses, one backend on each, until the process ends.
func runBackend(addresses []netip.AddrPort) error {
	p, err := newPoller()
	if err != nil {
		return err
	}
	b := &backend{poller: p}
	for i, address := range addresses {
		fd, err := listenTCP(address)
		if err != nil {
			return err
		}
		if err := b.serve(fd, servedSocket{responses: newResponses(strconv.Itoa(i + 1))}); err != nil {
			return err
		}
	}
	for {
		events, err := p.wait(longestWait)
		if err != nil {
			return err
		}
		for i := range events {
			if err := b.ready(int(events[i].Fd), hungUp(events[i].Events)); err != nil {
				return err
			}
		}
	}
}

func (b *backend) serve(fd int, s servedSocket) error {
	for len(b.served) <= fd {
		b.served = append(b.served, servedSocket{})
	}
	b.served[fd] = s
	return b.poller.add(fd)
}

// ready goes on after a socket became ready. An error is one that no connection explains.
func (b *backend) ready(fd int, hungUp bool) error {
	s := b.served[fd]
	if s.connection == nil {
		return b.acceptAll(fd, s.responses)
	}
	s.connection.drained, s.connection.hungUp = false, hungUp
	err := s.connection.run(s.responses)
	if errors.Is(err, errAgain) {
		return nil
	}
	b.served[fd] = servedSocket{}
	return closeSocket(fd)
}

func (b *backend) acceptAll(listener int, r *responses) error {
	for {
		fd, err := accept(listener)
		if errors.Is(err, errAgain) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := b.serve(fd, servedSocket{responses: r, connection: &backendConn{fd: fd, content: -1}}); err != nil {
			return err
		}
	}
}

// run answers requests until the socket is not ready. It never returns nil.
func (c *backendConn) run(r *responses) error {
	for {
		for len(c.out) > 0 {
			n, err := writeSocket(c.fd, c.out)
			if err != nil {
				return err
			}
			c.out = c.out[n:]
		}
		switch {
		case c.talking:
			if err := c.readWord(); err != nil {
				return err
			}
		case c.content < 0:
			if err := c.readHead(r); err != nil {
				return err
			}
		case c.content > 0:
			n, err := discardSocket(c.fd, int(c.content))
			if err != nil {
				return err
			}
			c.content -= int64(n)
		default:
			c.out, c.content, c.talking = c.reply, -1, c.upgrading
		}
	}
}

// readHead takes a request's head out of in, reading until it is complete.
func (c *backendConn) readHead(r *responses) error {
	end := bytes.Index(c.in[:c.n], []byte("\r\n\r\n"))
	for end < 0 {
		if c.n == len(c.in) {
			return errEnd
		}
		if c.drained {
			return errAgain
		}
		n, err := readSocket(c.fd, c.in[c.n:])
		if err != nil {
			return err
		}
		c.drained = n < len(c.in)-c.n && !c.hungUp
		from := max(0, c.n-3)
		c.n += n
		if end = bytes.Index(c.in[from:c.n], []byte("\r\n\r\n")); end >= 0 {
			end += from
		}
	}
	head := c.in[:end+4]
	content, ok := contentLength(head)
	if !ok {
		return errEnd
	}
	c.reply = r.to(head)
	c.upgrading = len(c.reply) > 0 && &c.reply[0] == &r.webSocket[0]
	// What follows the head in the buffer is content, or the next request.
	buffered := min(content, int64(c.n-len(head)))
	c.n = copy(c.in[:], c.in[len(head)+int(buffered):c.n])
	c.content = content - buffered
	return nil
}

// readWord awaits the one word that clients say.
func (c *backendConn) readWord() error {
	for c.n < len(maskedWord) {
		if c.drained {
			return errAgain
		}
		n, err := readSocket(c.fd, c.in[c.n:])
		if err != nil {
			return err
		}
		c.drained = n < len(c.in)-c.n && !c.hungUp
		c.n += n
	}
	if !bytes.HasPrefix(c.in[:c.n], maskedWord) {
		return errEnd
	}
	c.n = copy(c.in[:], c.in[len(maskedWord):c.n])
	c.out = plainWord
	return nil
}

// contentLength returns how much content follows a request's head. ok is false if the backend does not know the
// framing.
func contentLength(head []byte) (length int64, ok bool) {
	if head[0] == 'G' {
		// Nobody gives a GET content here. Not looking for it halves the cost of a request.
		return 0, true
	}
	for line := range bytes.Lines(head) {
		name, value, found := bytes.Cut(line, []byte(":"))
		switch {
		case !found:
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			return 0, false
		case bytes.EqualFold(name, []byte("Content-Length")):
			n, err := strconv.ParseInt(string(bytes.TrimSpace(value)), 10, 64)
			return n, err == nil && n >= 0
		}
	}
	return 0, true
}

// to returns the response to a request.
func (r *responses) to(head []byte) []byte {
	_, rest, _ := bytes.Cut(head, []byte(" "))
	path, _, _ := bytes.Cut(rest, []byte(" "))
	switch string(path) {
	case mediumPath:
		return r.medium
	case largePath:
		return r.large
	case echoPath:
		// The content is the request's head, so that one can see what a proxy made of it.
		return response(r.name, "text/plain", bytes.Clone(head))
	case documentPath:
		return r.document
	case webSocketPath:
		return r.webSocket
	case verdictPath:
		if !bytes.Contains(head, []byte("\r\nCookie: ")) && !bytes.Contains(head, []byte("\r\nAuthorization: ")) {
			return r.refusal
		}
		return r.verdict
	}
	return r.small
}
