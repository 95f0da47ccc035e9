// SPDX-License-Identifier: Apache-2.0

package balance

import (
	"testing"
	"time"
)

func TestTokensAreReadWithTheirKeyAlone(t *testing.T) {
	t.Parallel()
	key, other := NewSessionKey([32]byte{1}), NewSessionKey([32]byte{2})
	var buf TokenBuffer
	want := Session{Endpoint: 1<<63 | 42, Began: 1_800_000_000_123 * time.Millisecond}
	tokens := map[string]bool{}
	for range 20 {
		token := key.Seal([]byte("s="), want, &buf)[2:]
		tokens[string(token)] = true
		if got, ok := key.Open(token, &buf); !ok || got != want {
			t.Errorf("%q says %+v (%v), want %+v", token, got, ok, want)
		}
		if got, _ := other.Open(token, &buf); got.Endpoint == want.Endpoint {
			t.Errorf("another key reads %q", token)
		}
	}
	if len(tokens) < 2 {
		t.Error("all sessions at an endpoint have one token: their clients could tell")
	}
	for _, text := range []string{"", "short", "a token has no spaces!", "AAAAAAAAAAAAAAAAAAAAAAA"} {
		if got, ok := key.Open([]byte(text), &buf); ok {
			t.Errorf("%q says %+v", text, got)
		}
	}
}

// What stands for an endpoint is the same wherever the same service is meant, and nowhere else.
func TestWhatStandsForAnEndpointInSessions(t *testing.T) {
	t.Parallel()
	of := func(pool, id string) uint64 { return (&Pool{ID: pool}).standsFor(&member{id: id}) }
	same := of("default/web:80", "task/default/a")
	if got := of("default/web:80/H2C", "task/default/a"); got != same {
		t.Error("another protocol moves the sessions of a service")
	}
	for _, other := range [][2]string{
		{"default/web:81", "task/default/a"}, {"default/web:80", "task/default/b"}, {"default/api:80", "task/default/a"},
		{"web/default:80", "task/default/a"}, {"default/web:http", "task/default/a"},
	} {
		if of(other[0], other[1]) == same {
			t.Errorf("%q of %q is the same as another endpoint", other[1], other[0])
		}
	}
}
