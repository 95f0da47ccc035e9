// SPDX-License-Identifier: Apache-2.0

package downstream

import (
	"errors"
	"net"
	"time"
)

// acceptRetryLongest is the longest wait before another try to accept a connection.
const acceptRetryLongest = time.Second

// ServePlain accepts plain connections until a drain closes the listener. Then it returns nil.
func (s *Server) ServePlain(l net.Listener) error { return s.serve(l, false) }

// ServeTLS accepts TLS connections until a drain closes the listener. Then it returns nil.
func (s *Server) ServeTLS(l net.Listener) error { return s.serve(l, true) }

func (s *Server) serve(l net.Listener, secure bool) error {
	if !s.track(l) {
		return l.Close()
	}
	defer s.serving.Done()
	delay := time.Duration(0)
	for {
		nc, err := l.Accept()
		switch {
		case err == nil:
			delay = 0
		case errors.Is(err, net.ErrClosed):
			return nil
		default:
			// Descriptors may have run out. It waits for some to come back rather than spin or die.
			delay = min(max(2*delay, 5*time.Millisecond), acceptRetryLongest)
			s.config.Logger.Error(err, "accepting a connection", "listener", l.Addr().String(), "retryAfter", delay)
			time.Sleep(delay)
			continue
		}
		s.serving.Add(1)
		go s.accept(nc.(*net.TCPConn), secure)
	}
}

// track remembers a listener for a drain. The drain then waits for s.serving.Done. track returns false if a drain has
// closed the other listeners already.
func (s *Server) track(l net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing.Load() {
		return false
	}
	s.serving.Add(1)
	s.listeners = append(s.listeners, l)
	return true
}
