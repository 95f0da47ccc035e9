// SPDX-License-Identifier: Apache-2.0

package downstream

import (
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"

	"github.com/warren-dev/ingress/proxy/pipeline"
	"github.com/warren-dev/ingress/proxy/transport"
)

// stopped is a clock that a test moves, and lines what was logged.
type stopped struct {
	parking
	at    time.Duration
	lines int
}

func newStopped(t *testing.T) *stopped {
	s := &stopped{at: time.Hour}
	s.logger = funcr.New(func(_, line string) { s.lines++; t.Log(line) }, funcr.Options{})
	s.now = func() time.Duration { return s.at }
	t.Cleanup(s.close)
	return s
}

// withoutDescriptors calls f while no descriptor can be had. Its callers run alone.
func withoutDescriptors(t *testing.T, f func()) {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	none := limit
	none.Cur = 0
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &none); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
			t.Fatal(err)
		}
	}()
	f()
}

// Where there is no descriptor for a poller, a line says so, and it is tried again after a minute.
func TestPollerIsMadeOnceThereAreDescriptors(t *testing.T) {
	s := newStopped(t)
	withoutDescriptors(t, func() {
		if s.lot() != nil {
			t.Fatal("there is a poller without a descriptor")
		}
	})
	if s.lot() != nil || s.lines != 1 {
		t.Errorf("it was tried again at once, or logged %d times", s.lines)
	}
	s.at += parkingRetry
	if s.lot() == nil {
		t.Error("it was not tried again after a minute")
	}
}

// A poller that fails is replaced after a minute.
func TestLostPollerIsReplaced(t *testing.T) {
	t.Parallel()
	s := newStopped(t)
	before := s.lot()
	s.lost(io.ErrUnexpectedEOF)
	if s.lot() != nil || s.lines != 1 {
		t.Errorf("there is a poller at once, or %d lines", s.lines)
	}
	_ = before.Close()
	s.at += parkingRetry
	if after := s.lot(); after == nil || after == before {
		t.Error("there is no other one after a minute")
	}
}

// accepted returns a plain connection as a server has it, and its client.
func accepted(t *testing.T) (l *link, client net.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	if client, err = net.Dial("tcp", listener.Addr().String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	s := newStopped(t)
	server := &Server{engine: new(pipeline.Engine)}
	server.parking.logger, server.parking.now = s.logger, s.now
	t.Cleanup(server.parking.close)
	l = &link{server: server}
	if l.transport, err = transport.NewTCP(conn.(*net.TCPConn), server.engine.Clock, 0); err != nil {
		t.Fatal(err)
	}
	l.carrier = l.transport
	return l, client
}

type nobody struct{}

func (nobody) Wake() {}

// park parks the connection, if it can.
func (l *link) parkNow() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.park(nobody{})
}

// A connection that cannot rest goes on as before.
func TestConnectionThatCannotRestGoesOn(t *testing.T) {
	for _, test := range []struct {
		name string
		// hinder calls park with something in its way.
		hinder func(t *testing.T, l *link, park func())
	}{
		{"without a descriptor", func(t *testing.T, l *link, park func()) {
			l.server.parking.lot()
			withoutDescriptors(t, park)
		}},
		{"when the poller takes no more", func(_ *testing.T, l *link, park func()) {
			_ = l.server.parking.lot().Close()
			park()
		}},
		{"without a poller", func(t *testing.T, _ *link, park func()) { withoutDescriptors(t, park) }},
		{"when somebody has closed it", func(_ *testing.T, l *link, park func()) { l.cut = true; park() }},
	} {
		t.Run(test.name, func(t *testing.T) {
			l, client := accepted(t)
			test.hinder(t, l, func() {
				if l.parkNow() {
					t.Error("it rests")
				}
			})
			if _, err := client.Write([]byte("x")); err != nil {
				t.Fatal(err)
			}
			if n, err := l.carrier.Read(make([]byte, 2)); n != 1 || err != nil {
				t.Errorf("read %d bytes, %v", n, err)
			}
			_ = l.transport.Close()
		})
	}
}

// Whoever comes first ends a rest, and only he.
func TestRestEndsOnce(t *testing.T) {
	t.Parallel()
	l, client := accepted(t)
	if !l.parkNow() || l.parking().resting() != 1 {
		t.Fatal("it does not rest")
	}
	if !l.close(true) || l.close(true) {
		t.Error("the rest was not ended once")
	}
	if ours, err := l.unpark(); ours || err != nil {
		t.Errorf("then it was taken up: %t, %v", ours, err)
	}
	if _, err := client.Read(make([]byte, 1)); err == nil {
		t.Error("the client was not told")
	}
}

func (l *link) parking() *parking { return &l.server.parking }
