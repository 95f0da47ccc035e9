// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"crypto/tls"
	"testing"
)

// sessions is a client that keeps its session tickets.
type sessions struct {
	t      *testing.T
	config *tls.Config
}

func newSessions(t *testing.T, version uint16) *sessions {
	return &sessions{t, &tls.Config{ServerName: "a", MaxVersion: version, ClientSessionCache: tls.NewLRUClientSessionCache(4)}}
}

// connect makes a request over a new connection, which stays open. It returns whether the session was resumed.
func (s *sessions) connect(address string) (c *secured, resumed bool) {
	s.t.Helper()
	c, err := dialTLS(s.t, address, s.config)
	if err != nil {
		s.t.Fatal(err)
	}
	// Tickets of TLS 1.3 come after the handshake, at the latest with the response.
	if got := c.ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n").outcome(s.t); got != "b /" {
		s.t.Fatalf("got %q, want b /", got)
	}
	return c, c.stream.ConnectionState().DidResume
}

func TestSessionsAreResumedWhereTheKeyOfTheirTicketIsKnown(t *testing.T) {
	t.Parallel()
	b, certificate := startEcho(t, "b"), issue(t, "a", ecdsaKey(t), "a")
	one, two, three := [32]byte{1}, [32]byte{2}, [32]byte{3}
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, test := range []struct {
			name       string
			here, then [][32]byte
			want       bool
		}{
			{"by a proxy with the same keys", [][32]byte{one, two}, [][32]byte{one, two}, true},
			{"by a proxy that has rotated its keys", [][32]byte{one, two}, [][32]byte{two, three, one}, true},
			{"by a proxy that has yet to rotate its keys", [][32]byte{two, three, one}, [][32]byte{one, two}, true},
			{"by a proxy that has given up the key", [][32]byte{one}, [][32]byte{two, three}, false},
			{"by a proxy with keys of its own", [][32]byte{one}, nil, false},
		} {
			t.Run(test.name+" over "+tls.VersionName(version), func(t *testing.T) {
				t.Parallel()
				first, second := serve(t), serve(t)
				first.apply(with(everything(b), certificate))
				second.apply(with(everything(b), certificate))
				first.SetTicketKeys(test.here)
				second.SetTicketKeys(test.then)
				client := newSessions(t, version)
				client.connect(first.listen("127.0.0.1:0", first.ServeTLS))
				if _, resumed := client.connect(second.listen("127.0.0.1:0", second.ServeTLS)); resumed != test.want {
					t.Errorf("resumed is %v, want %v", resumed, test.want)
				}
			})
		}
	}
}

func TestNewTicketKeysTakeEffectWithoutDroppingConnections(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.apply(with(everything(startEcho(t, "b")), issue(t, "a", ecdsaKey(t), "a")))
	address, client := p.listen("127.0.0.1:0", p.ServeTLS), newSessions(t, tls.VersionTLS13)
	var connections []*secured
	for i, step := range []struct {
		keys [][32]byte
		want bool
	}{
		{nil, false},
		{nil, true},
		{[][32]byte{{1}, {2}}, false},
		{[][32]byte{{1}, {2}}, true},
		{[][32]byte{{2}, {3}, {1}}, true},
		{[][32]byte{{3}, {4}, {2}}, true},
		{nil, true},
		{[][32]byte{{9}}, false},
	} {
		p.SetTicketKeys(step.keys)
		c, resumed := client.connect(address)
		if resumed != step.want {
			t.Errorf("step %d: resumed is %v, want %v", i, resumed, step.want)
		}
		connections = append(connections, c)
	}
	for i, c := range connections {
		if got := c.ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n").outcome(t); got != "b /" {
			t.Errorf("on the connection of step %d: got %q, want b /", i, got)
		}
	}
}
