// SPDX-License-Identifier: Apache-2.0

package downstream

import (
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"os"
)

// Listener is a listener of the snapshot.
type Listener struct {
	Address netip.AddrPort
	// Number is what its routes are found by. An address that has another number than before is opened anew.
	Number int
	// TLS is nil if its connections are plain.
	TLS *tls.Config
}

// opened is a listener of the snapshot that is open, or that could not be opened.
type opened struct {
	listener
	// fault says why it is not open. It is empty if it is.
	fault string
}

// Listen takes connections at the addresses of these listeners. It closes those of an earlier call that are not among
// them: their idle connections are closed, and running requests end. It goes on without an address that cannot be
// opened, and tries again when it is called again. changed are the addresses that were opened, closed, or could not be
// opened for another reason than before.
//
// Only one goroutine may call it at a time.
func (s *Server) Listen(wanted []Listener) (changed []netip.AddrPort) {
	before := s.opened
	after := make(map[netip.AddrPort]*opened, len(wanted))
	for i := range wanted {
		w := &wanted[i]
		if o := before[w.Address]; o != nil && o.tls == w.TLS && o.number == w.Number {
			after[w.Address] = o
		}
	}
	for at, o := range before { // An address may be another one's now: "all addresses" has been narrowed, say.
		if after[at] == nil {
			s.retire(o)
			changed = append(changed, at)
		}
	}
	for i := range wanted {
		w := &wanted[i]
		o := after[w.Address]
		if o == nil {
			o = &opened{listener: listener{number: w.Number, tls: w.TLS}}
			after[w.Address] = o
		}
		if o.Listener == nil {
			was := o.fault
			if s.open(o, w.Address); o.Listener != nil || o.fault != was {
				changed = append(changed, w.Address)
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opened = after
	return changed
}

// Listens says whether Listen was called with any listener last.
func (s *Server) Listens() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.opened) > 0
}

// open opens a listener, or notes why it cannot be opened.
func (s *Server) open(o *opened, at netip.AddrPort) {
	address := at.String()
	if at.Addr().IsUnspecified() {
		address = net.JoinHostPort("", portOf(at)) // of both families
	}
	l, err := net.Listen("tcp", address)
	s.mu.Lock()
	o.Listener, o.fault = l, openFault(err)
	s.mu.Unlock()
	switch {
	case err != nil:
	case s.track(&o.listener):
		go s.acceptAll(&o.listener)
	default:
		_ = l.Close() // a drain has closed the other listeners already
	}
}

func portOf(at netip.AddrPort) string {
	_, port, _ := net.SplitHostPort(at.String())
	return port
}

// openFault returns why an address could not be opened, without the address. It returns nothing for nil.
func openFault(err error) string {
	if err == nil {
		return ""
	}
	if call, ok := errors.AsType[*os.SyscallError](err); ok {
		return call.Err.Error()
	}
	return err.Error()
}

// retire closes a listener. Its connections are told to go, and closed once no request runs on them.
func (s *Server) retire(o *opened) {
	if o.Listener == nil {
		return
	}
	_ = o.Close()
	o.draining.Store(true)
	o.closing.Store(true)
	s.conns.each(func(c Conn) {
		if c.cameTo(&o.listener) {
			c.Announce()
			c.CloseIdle()
		}
	})
}

// ListenFaults says why listeners are not open, by their addresses.
func (s *Server) ListenFaults() map[netip.AddrPort]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	faults := make(map[netip.AddrPort]string)
	for at, o := range s.opened {
		if o.fault != "" {
			faults[at] = o.fault
		}
	}
	return faults
}
