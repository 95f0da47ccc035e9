// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"crypto/tls"
	"errors"
	"time"
)

// loadConn is one connection of a load that is kept.
type loadConn struct {
	fd     int
	stream stream
	reply  *reply
	// out is what is left of the request. busy means that its response is awaited.
	out  []byte
	busy bool
	// since is when the request was sent, or due.
	since time.Time
}

// send begins a request. run sends what the socket has no room for.
func (c *loadConn) send(request []byte, since time.Time) error {
	c.out, c.since, c.busy = request, since, true
	if err := c.flush(); err != nil && !errors.Is(err, errAgain) {
		return err
	}
	return nil
}

// run goes on with a request. It returns nil when its response is complete, and errAgain until then.
func (c *loadConn) run() error {
	if len(c.out) > 0 {
		if err := c.flush(); err != nil && !errors.Is(err, errAgain) {
			return err
		}
	}
	// A response before the whole request is sent is an error. It is read to see which.
	if err := c.reply.read(c.stream); err != nil {
		return err
	}
	if len(c.out) > 0 {
		return errors.New("the response came before the whole request was sent")
	}
	c.busy = false
	return nil
}

func (c *loadConn) flush() error {
	for len(c.out) > 0 {
		n, err := c.stream.write(c.out)
		c.out = c.out[n:]
		if err != nil {
			return err
		}
	}
	return nil
}

// loadConns are the connections of a load, by file descriptor, and what they send.
type loadConns struct {
	*measurement
	poller   *poller
	open     []*loadConn
	made     int
	tls      *tls.Config
	scratch  []byte
	requests [][]byte
}

func newLoadConns(m *measurement) (*loadConns, error) {
	p, err := newPoller()
	if err != nil {
		return nil, err
	}
	c := &loadConns{measurement: m, poller: p, scratch: make([]byte, 64<<10)}
	if m.spec.ServerName != "" {
		c.tls = clientTLS(m.spec.ServerName)
	}
	for i := range m.spec.Requests {
		c.requests = append(c.requests, m.spec.Requests[i].bytes())
	}
	return c, nil
}

// next returns the request whose turn it is.
func (c *loadConns) next() []byte {
	request := c.requests[(c.spec.First+c.sent)%len(c.requests)]
	c.sent++
	return request
}

// connect makes a connection, and goes through the TLS handshake if the load has TLS.
func (c *loadConns) connect() (*loadConn, error) {
	fd, err := dial(c.spec.Address, source(c.made, c.spec.Sources))
	if err != nil {
		return nil, err
	}
	c.made++
	made := &loadConn{fd: fd, stream: plainStream{fd}, reply: newReply(c.spec.Body)}
	if c.tls != nil {
		made.stream, err = connectTLS(fd, c.tls, c.scratch)
	} else {
		err = unblock(fd)
	}
	if err == nil {
		err = c.poller.add(fd)
	}
	if err != nil {
		return nil, errors.Join(err, closeSocket(fd))
	}
	for len(c.open) <= fd {
		c.open = append(c.open, nil)
	}
	c.open[fd] = made
	return made, nil
}

// replace counts a failed connection, closes it and makes another.
func (c *loadConns) replace(old *loadConn, failure error) (*loadConn, error) {
	if err := c.failure(failure); err != nil {
		return nil, err
	}
	c.open[old.fd] = nil
	if err := closeSocket(old.fd); err != nil {
		return nil, err
	}
	return c.connect()
}
