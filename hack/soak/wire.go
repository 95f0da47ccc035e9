// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// roundLimit bounds a round. What takes longer hangs: all times in this program are well below, even on a busy machine.
const roundLimit = time.Minute

// visitor is what a client knows: where the proxy is, which address the client comes from, and its own source of
// choices.
type visitor struct {
	*site
	rnd  *rand.Rand
	from netip.Addr
}

// wire is a client's connection. All that goes over it is written by hand, to the last byte.
type wire struct {
	net.Conn
	in  *bufio.Reader
	tcp *net.TCPConn
	// from is the address that the proxy has to take as the client's.
	from netip.Addr
}

// dial connects to the plain port.
func (v *visitor) dial() (*wire, error) {
	return v.dialTo(v.plain)
}

func (v *visitor) dialTo(address netip.AddrPort) (*wire, error) {
	d := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(v.from, 0)), Timeout: roundLimit}
	conn, err := d.Dial("tcp", address.String())
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	w := &wire{Conn: conn, in: bufio.NewReader(conn), tcp: conn.(*net.TCPConn), from: v.from}
	w.extend()
	return w, nil
}

// dialTLS connects to the port for HTTPS and shakes hands.
func (v *visitor) dialTLS(config *tls.Config) (*wire, error) {
	w, err := v.dialTo(v.secure)
	if err != nil {
		return nil, err
	}
	c := tls.Client(w.tcp, config)
	if err := c.Handshake(); err != nil {
		_ = w.Close()
		return nil, fmt.Errorf("shaking hands as %s: %w", config.ServerName, err)
	}
	w.Conn, w.in = c, bufio.NewReader(c)
	return w, nil
}

// extend gives the connection the time of another round.
func (w *wire) extend() { _ = w.SetDeadline(time.Now().Add(roundLimit)) }

// send writes a string.
func (w *wire) send(s string) error {
	_, err := io.WriteString(w, s)
	return err
}

// abort closes the connection with a reset.
func (w *wire) abort() {
	_ = w.tcp.SetLinger(0)
	_ = w.tcp.Close()
}

// ended checks that the proxy closed the connection without sending more.
func (w *wire) ended() error {
	b, err := w.in.ReadByte()
	switch {
	case err == nil:
		rest, _ := w.in.Peek(w.in.Buffered())
		return fmt.Errorf("the connection goes on with %q", excerpt(append([]byte{b}, rest...)))
	case isTimeout(err):
		return errors.New("the connection was not closed")
	}
	return nil
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

func excerpt(b []byte) []byte { return b[:min(len(b), 200)] }

// call is a request, with what tells its response from any other.
type call struct {
	method, host, target, version, id string
	// fields are further lines of the head, without their ends.
	fields []string
}

func (v *visitor) call(method, host, target string, fields ...string) *call {
	return &call{
		method: method, host: host, target: target, version: "HTTP/1.1", fields: fields,
		id: strconv.FormatUint(v.ids.Add(1), 10),
	}
}

func (c *call) head() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s\r\nHost: %s\r\n%s: %s\r\n", c.method, c.target, c.version, c.host, idField, c.id)
	for _, f := range c.fields {
		b.WriteString(f)
		b.WriteString("\r\n")
	}
	b.WriteString("\r\n")
	return b.String()
}

func (c *call) String() string {
	return fmt.Sprintf("%s %s%s (request %s)", c.method, c.host, c.target, c.id)
}

// reply is a response as it was received. Its content can still be read.
type reply struct {
	*http.Response
	// informational are the statuses that came before the final one.
	informational []int
	// reason is why the proxy answered itself. It is "" if an endpoint answered.
	reason string
}

// outcome returns the status, and the reason if the proxy answered itself.
func (r *reply) outcome() string {
	if r.reason == "" {
		return strconv.Itoa(r.StatusCode)
	}
	return strconv.Itoa(r.StatusCode) + " " + r.reason
}

// receive reads the head of the final response to a request with method.
func (w *wire) receive(method string) (*reply, error) {
	r := &reply{}
	for {
		// The rest of the body ends with the connection, which its owner closes.
		resp, err := http.ReadResponse(w.in, &http.Request{Method: method}) //nolint:bodyclose
		if err != nil {
			return nil, fmt.Errorf("reading the response's head: %w", err)
		}
		if resp.StatusCode >= 200 || resp.StatusCode == http.StatusSwitchingProtocols {
			r.Response = resp
			break
		}
		r.informational = append(r.informational, resp.StatusCode)
	}
	var err error
	if r.reason, err = proxyReason(r.Header); err != nil {
		return nil, fmt.Errorf("status %d: %w", r.StatusCode, err)
	}
	return r, nil
}

// proxyReason reads Proxy-Status.
func proxyReason(h http.Header) (string, error) {
	values := h.Values("Proxy-Status")
	if len(values) == 0 {
		return "", nil
	}
	_, rest, ok := strings.Cut(values[0], `; details="`)
	reason, end, closed := strings.Cut(rest, `"`)
	if len(values) != 1 || !strings.HasPrefix(values[0], "warren; error=") || !ok || !closed || end != "" || reason == "" {
		return "", fmt.Errorf("the Proxy-Status %q is malformed", values)
	}
	return reason, nil
}

// genuine checks that a reply is an endpoint's answer to the call, with that status.
func (w *wire) genuine(r *reply, c *call, status int) error {
	if r.reason != "" || r.StatusCode != status {
		return timely(r.outcome(), fmt.Errorf("got %s instead of %d", r.outcome(), status))
	}
	if got := r.Header.Get(idField); got != c.id {
		return fmt.Errorf("got the response to request %q", got)
	}
	if got := r.Header.Get(fromField); got != w.from.String() {
		return fmt.Errorf("the client is %s, the endpoint was told %q", w.from, got)
	}
	return nil
}

// goesOn says whether the connection can carry another request after the reply's content was read.
func (r *reply) goesOn() bool { return !r.Close && r.StatusCode != http.StatusSwitchingProtocols }
