// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

// backend is a net/http server that counts its connections.
type backend struct {
	address  netip.AddrPort
	accepted counter
	open     counter
	server   *httptest.Server
}

func startBackend(tb testing.TB, handler http.HandlerFunc) *backend {
	tb.Helper()
	b := newBackend(handler)
	b.server.Start()
	b.started(tb)
	return b
}

func newBackend(handler http.HandlerFunc) *backend {
	b := &backend{}
	b.server = httptest.NewUnstartedServer(handler)
	b.server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			b.accepted.Add(1)
			b.open.Add(1)
		case http.StateClosed, http.StateHijacked:
			b.open.Add(-1)
		}
	}
	return b
}

// started notes where the backend listens. It runs until the test ends.
func (b *backend) started(tb testing.TB) {
	tb.Cleanup(b.server.Close)
	b.address = b.server.Listener.Addr().(*net.TCPAddr).AddrPort()
}

// named starts a backend that answers its name.
func named(tb testing.TB, name string) *backend {
	tb.Helper()
	return startBackend(tb, func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, name) })
}

// script is an endpoint whose connections a test plays itself.
type script struct {
	tb       testing.TB
	address  netip.AddrPort
	accepted counter
	conns    chan net.Conn
}

func startScript(tb testing.TB) *script {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	return scriptOn(tb, l)
}

// scriptOn returns a script whose connections come to l.
func scriptOn(tb testing.TB, l net.Listener) *script {
	tb.Helper()
	s := &script{tb: tb, address: l.Addr().(*net.TCPAddr).AddrPort(), conns: make(chan net.Conn, 64)}
	go func() {
		defer close(s.conns)
		for {
			c, err := l.Accept()
			if err != nil {
				if !errors.Is(err, net.ErrClosed) {
					tb.Errorf("accepting: %v", err)
				}
				return
			}
			s.accepted.Add(1)
			s.conns <- c
		}
	}()
	tb.Cleanup(func() {
		_ = l.Close()
		for c := range s.conns {
			_ = c.Close()
		}
	})
	return s
}

// accept returns the next connection that the proxy made.
func (s *script) accept() *wire {
	s.tb.Helper()
	return newWire(s.tb, receive(s.tb, "a connection to the endpoint", s.conns))
}

// closedPort returns an address at which nobody listens while the test runs.
func closedPort(tb testing.TB) netip.AddrPort {
	tb.Helper()
	_, address := boundSocket(tb)
	return address
}

// deafAddress returns an address that neither takes nor refuses connections: its queue is full and nobody accepts.
func deafAddress(tb testing.TB) netip.AddrPort {
	tb.Helper()
	fd, address := boundSocket(tb)
	if err := syscall.Listen(fd, 0); err != nil {
		tb.Fatal(err)
	}
	// With a backlog of 0, Linux queues one connection and leaves the others without an answer.
	dial(tb, address.String())
	return address
}

// boundSocket takes a port of loopback without listening.
func boundSocket(tb testing.TB) (fd int, address netip.AddrPort) {
	tb.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = syscall.Close(fd) })
	loopback := [4]byte{127, 0, 0, 1}
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: loopback}); err != nil {
		tb.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		tb.Fatal(err)
	}
	return fd, netip.AddrPortFrom(netip.AddrFrom4(loopback), uint16(name.(*syscall.SockaddrInet4).Port))
}

// The rest builds snapshots.

// poolOf returns a pool with the endpoints at these addresses, each of weight 1.
func poolOf(id string, addresses ...netip.AddrPort) snapshot.Pool {
	p := snapshot.Pool{ID: id, Service: "default/" + id}
	for i, a := range addresses {
		p.Endpoints = append(p.Endpoints, snapshot.Endpoint{ID: fmt.Sprintf("task/default/%s-%03d", id, i), Address: a, Weight: 1})
	}
	return p
}

// prefix and exact are routes to a pool.
func prefix(path, pool string) snapshot.Route { return routeTo(path, snapshot.MatchPrefix, pool) }
func exact(path, pool string) snapshot.Route  { return routeTo(path, snapshot.MatchExact, pool) }

func routeTo(path string, match snapshot.PathMatch, pool string) snapshot.Route {
	return snapshot.Route{
		Rule: snapshot.RuleID{Ingress: "default/" + pool}, Path: path, Match: match, Pool: pool,
		Timeouts: snapshot.Timeouts{Connect: patience, Idle: patience},
	}
}

func hostOf(name string, routes ...snapshot.Route) snapshot.Host {
	return snapshot.Host{Name: name, Routes: routes}
}

// snapshotOf lists what it is given in the order that a Snapshot has to have. It does not change its arguments, because
// several tests may share them. Of routes that nothing else orders, the first is preferred.
func snapshotOf(hosts []snapshot.Host, pools ...snapshot.Pool) *snapshot.Snapshot {
	s := &snapshot.Snapshot{
		Hosts: slices.SortedFunc(slices.Values(hosts), func(a, b snapshot.Host) int { return strings.Compare(a.Name, b.Name) }),
		Pools: slices.SortedFunc(slices.Values(pools), func(a, b snapshot.Pool) int { return strings.Compare(a.ID, b.ID) }),
	}
	for i := range s.Hosts {
		s.Hosts[i].Routes = slices.SortedStableFunc(slices.Values(s.Hosts[i].Routes), func(a, b snapshot.Route) int {
			return cmp.Or(strings.Compare(a.Path, b.Path), int(a.Match)-int(b.Match), a.Conditions.Precedence(b.Conditions))
		})
	}
	return s
}

// everything sends all requests to these addresses.
func everything(addresses ...netip.AddrPort) *snapshot.Snapshot {
	return everythingBy(func(*snapshot.Route) {}, addresses...)
}

// everythingBy does the same, by a route that change has changed.
func everythingBy(change func(*snapshot.Route), addresses ...netip.AddrPort) *snapshot.Snapshot {
	r := prefix("/", "pool")
	change(&r)
	return snapshotOf([]snapshot.Host{hostOf("", r)}, poolOf("pool", addresses...))
}

func idleAfter(d time.Duration) func(*snapshot.Route) {
	return func(r *snapshot.Route) { r.Timeouts.Idle = d }
}
func retries(n int) func(*snapshot.Route) { return func(r *snapshot.Route) { r.Retries = n } }
