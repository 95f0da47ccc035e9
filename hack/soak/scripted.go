// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"fmt"
	"net"
	"net/netip"
	"sync"
)

// scriptedServer is an endpoint whose every byte is written by hand, for answers that no HTTP server gives.
type scriptedServer struct {
	listener net.Listener
	address  netip.AddrPort
	serve    func(*scriptedConn)
	running  sync.WaitGroup

	mu      sync.Mutex
	conns   map[*scriptedConn]struct{}
	stopped bool
}

// scriptedConn is a connection of the proxy to it.
type scriptedConn struct {
	*net.TCPConn
	in *bufio.Reader
}

func startScripted(serve func(*scriptedConn)) (*scriptedServer, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("starting a scripted endpoint: %w", err)
	}
	s := &scriptedServer{
		listener: l,
		address:  l.Addr().(*net.TCPAddr).AddrPort(),
		serve:    serve,
		conns:    make(map[*scriptedConn]struct{}),
	}
	s.running.Go(s.accept)
	return s, nil
}

func (s *scriptedServer) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return // it was stopped
		}
		c := &scriptedConn{TCPConn: conn.(*net.TCPConn), in: bufio.NewReader(conn)}
		if !s.add(c) {
			_ = c.Close()
			return
		}
		s.running.Go(func() {
			defer s.remove(c)
			s.serve(c)
		})
	}
}

func (s *scriptedServer) add(c *scriptedConn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.stopped {
		s.conns[c] = struct{}{}
	}
	return !s.stopped
}

func (s *scriptedServer) remove(c *scriptedConn) {
	_ = c.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
}

// stop closes the listener and every connection. It waits for what serves them.
func (s *scriptedServer) stop() {
	_ = s.listener.Close()
	s.mu.Lock()
	s.stopped = true
	for c := range s.conns {
		_ = c.Close()
	}
	s.mu.Unlock()
	s.running.Wait()
}

// abort closes the connection with a reset.
func (c *scriptedConn) abort() {
	_ = c.SetLinger(0)
	_ = c.Close()
}
