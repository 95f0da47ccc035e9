// SPDX-License-Identifier: Apache-2.0

//go:build fleet

package fleet

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// expectPatience is how long a client waits for 100 before it sends the content all the same.
const expectPatience = time.Second

// http1 is a connection that speaks HTTP/1. It reads whatever can be read in one way.
type http1 struct {
	net.Conn
	from  *bufio.Reader
	again bool
}

func dialHTTP1(address string, secure *tls.Config) (client, error) {
	conn, err := net.DialTimeout("tcp", address, exchangeTimeout)
	if err != nil {
		return nil, err
	}
	if secure != nil {
		conn = tls.Client(conn, secure)
	}
	return &http1{Conn: conn, from: bufio.NewReader(conn)}, nil
}

func (c *http1) close() { _ = c.Close() }

// open looks whether the server has ended the connection, or has sent what nobody asked for.
func (c *http1) open() bool {
	if !c.again {
		return false
	}
	_ = c.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, err := c.from.Peek(1)
	return errors.Is(err, os.ErrDeadlineExceeded)
}

func (c *http1) exchange(r request, host string) answer {
	c.again = false
	_ = c.SetDeadline(time.Now().Add(exchangeTimeout))
	proceed, sent := make(chan struct{}), make(chan bool, 1)
	go func() { sent <- c.send(r, host, proceed) }()

	a, persistent := c.receive(r, proceed)
	select {
	case whole := <-sent:
		c.again = whole && persistent && a.end == complete
	case <-time.After(10 * time.Millisecond):
		// What is still to be sent would never be read by who has answered: the connection ends.
		c.close()
		<-sent
	}
	return a
}

// send reports whether all of the request was sent.
func (c *http1) send(r request, host string, proceed <-chan struct{}) bool {
	var head bytes.Buffer
	version := "1.1"
	if r.old {
		version = "1.0"
	}
	fmt.Fprintf(&head, "%s %s HTTP/%s\r\nHost: %s\r\n", r.method, r.target, version, host)
	for _, f := range r.fields {
		fmt.Fprintf(&head, "%s: %s\r\n", f.name, f.value)
	}
	switch r.framing {
	case noContent:
	case withLength:
		fmt.Fprintf(&head, "Content-Length: %d\r\n", len(r.content))
	case withoutLength:
		head.WriteString("Transfer-Encoding: chunked\r\n")
	}
	if r.expect {
		head.WriteString("Expect: 100-continue\r\n")
	}
	head.WriteString("\r\n")
	if _, err := c.Write(head.Bytes()); err != nil {
		return false
	}
	if r.expect {
		select {
		case <-proceed:
		case <-time.After(expectPatience):
		}
	}
	for n, piece := range halves(r.content) {
		if n > 0 {
			time.Sleep(r.slow)
		}
		if r.framing == withoutLength {
			piece = fmt.Appendf(nil, "%x\r\n%s\r\n", len(piece), piece)
		}
		if _, err := c.Write(piece); err != nil {
			return false
		}
	}
	if r.framing == withoutLength {
		if _, err := c.Write([]byte("0\r\n\r\n")); err != nil {
			return false
		}
	}
	return true
}

// halves splits what is long enough for that.
func halves(content []byte) [][]byte {
	switch len(content) {
	case 0:
		return nil
	case 1:
		return [][]byte{content}
	}
	return [][]byte{content[:len(content)/2], content[len(content)/2:]}
}

// receive reads an answer. It reports whether the server keeps the connection.
func (c *http1) receive(r request, proceed chan<- struct{}) (a answer, persistent bool) {
	a.end = none
	var version string
	for {
		line, err := c.line()
		if err != nil {
			return a, false
		}
		words := strings.Fields(line)
		if len(words) < 2 {
			a.end = torn
			return a, false
		}
		version = words[0]
		if a.status, err = strconv.Atoi(words[1]); err != nil {
			a.end = torn
			return a, false
		}
		if a.fields, err = c.section(); err != nil {
			a.end = torn
			return a, false
		}
		if a.status >= 200 || a.status == 101 {
			break
		}
		if proceed != nil {
			close(proceed)
			proceed = nil
		}
	}
	a.end = torn
	connection := strings.ToLower(a.get("Connection"))
	persistent = version == "HTTP/1.1" && !strings.Contains(connection, "close") || strings.Contains(connection, "keep-alive")
	if r.method == "HEAD" || a.status == 204 || a.status == 304 || a.status == 101 {
		a.end = complete
		return a, persistent && a.status != 101
	}
	var err error
	switch length := a.get("Content-Length"); {
	case strings.Contains(strings.ToLower(a.get("Transfer-Encoding")), "chunked"):
		err = c.chunks(&a)
	case length != "":
		var n int64
		if n, err = strconv.ParseInt(length, 10, 64); err != nil || n < 0 {
			return a, false
		}
		if a.content, err = io.ReadAll(io.LimitReader(c.from, n)); err == nil && int64(len(a.content)) < n {
			err = io.ErrUnexpectedEOF
		}
	default:
		persistent = false
		a.content, err = io.ReadAll(c.from)
	}
	if err == nil {
		a.end = complete
	}
	return a, persistent
}

// line reads a line without its end.
func (c *http1) line() (string, error) {
	line, err := c.from.ReadString('\n')
	if err != nil {
		return "", err
	}
	return strings.TrimRight(line, "\r\n"), nil
}

// section reads fields to the empty line behind them.
func (c *http1) section() ([]field, error) {
	var fields []field
	for {
		line, err := c.line()
		if err != nil || line == "" {
			return fields, err
		}
		name, value, _ := strings.Cut(line, ":")
		fields = append(fields, field{strings.ToLower(strings.TrimSpace(name)), strings.Trim(value, " \t")})
	}
}

func (c *http1) chunks(a *answer) error {
	for {
		line, err := c.line()
		if err != nil {
			return err
		}
		digits, _, _ := strings.Cut(line, ";")
		size, err := strconv.ParseUint(strings.TrimSpace(digits), 16, 31)
		if err != nil {
			return err
		}
		if size == 0 {
			a.trailers, err = c.section()
			return err
		}
		before := len(a.content)
		a.content = slices.Grow(a.content, int(size))[:before+int(size)]
		n, err := io.ReadFull(c.from, a.content[before:])
		if err != nil {
			a.content = a.content[:before+n]
			return err
		}
		if line, err = c.line(); err != nil {
			return err
		} else if line != "" {
			return errors.New("a chunk is longer than it says")
		}
	}
}
