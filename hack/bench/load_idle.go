// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/sys/unix"
)

// idle are connections that each made one request, and rest.
type idle struct {
	*measurement
	tls     *tls.Config
	scratch []byte
	// made counts the connections. open are those that had their response.
	made int
	open []stream
}

// runIdle opens the connections one after another, sends a request on each and awaits its response. Then it lets all of
// them rest. What counts is the memory that the proxy has then.
func runIdle(m *measurement) error {
	i := &idle{measurement: m, scratch: make([]byte, 64<<10)}
	if m.spec.ServerName != "" {
		i.tls = clientTLS(m.spec.ServerName)
		if m.spec.Talk == talkStreams {
			i.tls.NextProtos = []string{"h2"}
		}
	}
	if err := m.begin(); err != nil {
		return err
	}
	for range m.spec.Connections {
		if err := i.openOne(); err != nil {
			return err
		}
	}
	if err := m.end(); err != nil {
		return err
	}
	time.Sleep(m.spec.Settle)
	if err := m.readMemory(); err != nil {
		return err
	}
	return i.checkOpen()
}

// openOne makes a connection and talks on it.
func (i *idle) openOne() error {
	fd, err := dial(i.spec.Address, source(i.made, i.spec.Sources))
	if errors.Is(err, unix.EMFILE) {
		return fmt.Errorf("%w: raise the limit of open files (ulimit -n) to %d", err, i.spec.Connections+100)
	}
	if err != nil {
		return err
	}
	i.made++
	began := time.Now()
	s, err := i.secure(fd)
	if err == nil {
		err = i.talk(waitingStream{s, fd})
	}
	if err != nil {
		return errors.Join(i.failure(fmt.Errorf("on connection %d: %w", i.made, err)), closeSocket(fd))
	}
	i.success(time.Since(began))
	i.open = append(i.open, s)
	return nil
}

// secure agrees on TLS if there is any.
func (i *idle) secure(fd int) (stream, error) {
	if i.tls == nil {
		return plainStream{fd}, unblock(fd)
	}
	return connectTLS(fd, i.tls, i.scratch)
}

// talk makes the one request in the way that the row wants.
func (i *idle) talk(s waitingStream) error {
	request := i.spec.Requests[0]
	switch i.spec.Talk {
	case talkStreams:
		return askByStream(s, request, i.spec.Body)
	case talkWebSocket:
		return askByWebSocket(s, request)
	}
	if _, err := s.Write(request.bytes()); err != nil {
		return err
	}
	r := newReply(i.spec.Body)
	for {
		err := r.read(s.stream)
		if !errors.Is(err, errAgain) {
			return err
		}
		if err := awaitSocket(s.fd); err != nil {
			return err
		}
	}
}

// checkOpen counts the connections that the proxy has closed, or is about to, because they are not resting ones.
func (i *idle) checkOpen() error {
	for _, s := range i.open {
		err := i.stillOpen(s)
		if err == nil {
			continue
		}
		if err := i.failure(fmt.Errorf("an idle connection did not stay open: %w", err)); err != nil {
			return err
		}
	}
	return nil
}

// stillOpen reads what came while the connection rested. Only over HTTP/2 there may be something, but no farewell.
func (i *idle) stillOpen(s stream) error {
	for {
		n, err := s.read(i.scratch)
		switch {
		case errors.Is(err, errAgain):
			return nil
		case err != nil:
			return err
		case i.spec.Talk != talkStreams:
			return fmt.Errorf("%d bytes came that nobody asked for", n)
		case saysFarewell(i.scratch[:n]):
			return io.EOF
		}
	}
}
