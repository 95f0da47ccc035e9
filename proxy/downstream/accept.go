// SPDX-License-Identifier: Apache-2.0

package downstream

import (
	"crypto/tls"
	"errors"
	"net"
	"sync/atomic"
	"time"
)

// acceptRetryLongest is the longest wait before another try to accept a connection.
const acceptRetryLongest = time.Second

// listener is where connections come from.
type listener struct {
	net.Listener
	// number is the number of the snapshot's listener. It is 0 for a listener that is not in the snapshot.
	number int
	// tls is nil if the connections are plain.
	tls *tls.Config
	// draining is set once its clients are asked to send further requests elsewhere. closing is set later, just before its
	// idle connections are closed.
	draining, closing atomic.Bool
}

// ServePlain accepts plain connections until a drain closes the listener. Then it returns nil.
func (s *Server) ServePlain(l net.Listener) error { return s.serve(&listener{Listener: l}) }

// ServeTLS accepts TLS connections until a drain closes the listener. Then it returns nil.
func (s *Server) ServeTLS(l net.Listener) error {
	return s.serve(&listener{Listener: l, tls: s.config.TLS})
}

func (s *Server) serve(l *listener) error {
	if !s.track(l) {
		return l.Close()
	}
	s.acceptAll(l)
	return nil
}

// acceptAll accepts connections until somebody closes the listener.
func (s *Server) acceptAll(l *listener) {
	defer s.serving.Done()
	delay := time.Duration(0)
	for {
		nc, err := l.Accept()
		switch {
		case err == nil:
			delay = 0
		case errors.Is(err, net.ErrClosed):
			s.forget(l)
			return
		default:
			// Descriptors may have run out. It waits for some to come back rather than spin or die.
			delay = min(max(2*delay, 5*time.Millisecond), acceptRetryLongest)
			s.config.Logger.Error(err, "accepting a connection", "listener", l.Addr().String(), "retryAfter", delay)
			time.Sleep(delay)
			continue
		}
		s.serving.Add(1)
		go s.accept(nc.(*net.TCPConn), l)
	}
}

// track remembers a listener for a drain. The drain then waits for s.serving.Done. track returns false if a drain has
// closed the other listeners already.
func (s *Server) track(l *listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return false
	}
	s.serving.Add(1)
	l.draining.Store(s.draining.Load())
	if s.listeners == nil {
		s.listeners = make(map[*listener]struct{})
	}
	s.listeners[l] = struct{}{}
	return true
}

// forget forgets a listener that is closed.
func (s *Server) forget(l *listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listeners, l)
}
