// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"testing"
)

// These ports are given out. They are below those that systems take for outgoing connections (32768 on Linux, 49152
// elsewhere), so that nobody takes a port while it is closed for a while.
const (
	firstPort = 20000
	lastPort  = 31999
)

// portRange gives out ports of loopback that nothing listens on. It gives each once.
type portRange struct {
	mu   sync.Mutex
	next int
}

// newPortRange begins anywhere, because several checkouts may be tested on one machine.
func newPortRange() *portRange { return &portRange{next: firstPort + rand.IntN(lastPort-firstPort)} }

// address returns 127.0.0.1 with a free port.
func (p *portRange) address(t *testing.T) string {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.take(t)
}

// row returns the first of so many consecutive free ports.
func (p *portRange) row(t *testing.T, length int) int {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	first, last := 0, 0
	for first == 0 || last-first < length-1 {
		_, text, _ := net.SplitHostPort(p.take(t))
		port, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		if first == 0 || port != last+1 {
			first = port
		}
		last = port
	}
	return first
}

// take needs the lock.
func (p *portRange) take(t *testing.T) string {
	t.Helper()
	for range lastPort - firstPort {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(p.next))
		if p.next++; p.next > lastPort {
			p.next = firstPort
		}
		listener, err := net.Listen("tcp", address)
		if err != nil {
			continue
		}
		if err := listener.Close(); err != nil {
			t.Fatalf("closing %s to give it out: %v", address, err)
		}
		return address
	}
	t.Fatalf("no port from %d to %d is free on 127.0.0.1", firstPort, lastPort)
	return ""
}
