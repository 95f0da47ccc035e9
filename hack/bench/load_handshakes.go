// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// runHandshakes makes a connection, agrees on TLS, sends one request, reads its response and closes, again and again on
// each of the connections. It uses goroutines and Go's poller: a handshake costs the client more than the few
// microseconds that a loop of its own would save.
func runHandshakes(m *measurement) error {
	h := &handshakes{measurement: m, tls: clientTLS(m.spec.ServerName)}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	var workers sync.WaitGroup
	for i := range m.spec.Connections {
		workers.Go(func() { h.work(ctx, stop, i) })
	}
	err := h.measure(ctx)
	stop()
	workers.Wait()
	return err
}

type handshakes struct {
	*measurement
	tls *tls.Config
	// mu guards the measurement.
	mu sync.Mutex
}

func (h *handshakes) measure(ctx context.Context) error {
	if !pause(ctx, h.spec.WarmUp) {
		return errFailing
	}
	h.mu.Lock()
	err := h.begin()
	h.mu.Unlock()
	if err != nil {
		return err
	}
	lasted := pause(ctx, h.spec.Window)
	h.mu.Lock()
	defer h.mu.Unlock()
	if !lasted && !h.enough() {
		return errFailing
	}
	return h.end()
}

// pause waits for d. It returns false if ctx ended before.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

func (h *handshakes) work(ctx context.Context, stop func(), number int) {
	scratch := make([]byte, 64<<10)
	for turn := number; ctx.Err() == nil; turn++ {
		began := time.Now()
		err := h.once(ctx, turn, scratch)
		if ctx.Err() != nil {
			return
		}
		h.mu.Lock()
		if err == nil {
			h.success(time.Since(began))
		} else {
			err = h.failure(err)
		}
		if err != nil || h.enough() {
			stop()
		}
		h.mu.Unlock()
	}
}

func (h *handshakes) once(ctx context.Context, turn int, scratch []byte) error {
	dialer := net.Dialer{
		LocalAddr: &net.TCPAddr{IP: source(turn, h.spec.Sources).AsSlice()},
		Control: func(_, _ string, c syscall.RawConn) (err error) {
			controlErr := c.Control(func(fd uintptr) {
				err = unix.SetsockoptInt(int(fd), unix.SOL_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
			})
			return errors.Join(err, controlErr)
		},
	}
	connection, err := dialer.DialContext(ctx, "tcp4", h.spec.Address.String())
	if err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	defer connection.Close()
	secure := tls.Client(connection, h.tls)
	if err := secure.HandshakeContext(ctx); err != nil {
		return fmt.Errorf("agreeing on TLS: %w", err)
	}
	requests := h.spec.Requests
	if _, err := secure.Write(requests[turn%len(requests)].bytes()); err != nil {
		return fmt.Errorf("sending a request: %w", err)
	}
	if err := newReply(h.spec.Body).read(&tlsStream{connection: secure, scratch: scratch}); err != nil {
		return err
	}
	// It closes with TLS's farewell, so that the proxy sees an orderly end.
	return secure.Close()
}
