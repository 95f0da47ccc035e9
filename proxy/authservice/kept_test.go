// SPDX-License-Identifier: Apache-2.0

package authservice

import (
	"crypto/x509"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"

	"github.com/warren-dev/ingress/proxy/auth"
	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/clientcert"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/transport"
)

// newClient returns a client that finds no pool.
func newClient() *Client {
	c := new(Client)
	clock := transport.NewClock()
	c.Init(clock, new(buffer.Pool), balance.NewEjector(clock), func(string) *balance.Pool { return nil }, logr.Discard())
	return c
}

func TestVerdictsAreKeptUntilTheirTimeIsOver(t *testing.T) {
	t.Parallel()
	c := newClient()
	d := c.NewVerdicts()
	one, other := &verdict{}, &verdict{removed: []string{"x"}}
	if d.find([]byte("a"), 0) != nil {
		t.Error("there is a verdict that nobody has kept")
	}
	d.keep(c, []byte("a"), one, 0, time.Second)
	d.keep(c, []byte("b"), other, 0, 3*time.Second)
	d.keep(c, []byte("c"), one, 0, 0)
	for _, test := range []struct {
		key  string
		now  time.Duration
		want *verdict
	}{
		{"a", 0, one}, {"a", time.Second - 1, one}, {"a", time.Second, nil}, {"b", 2 * time.Second, other}, {"b", 3 * time.Second, nil}, {"c", 0, nil},
		{"", 0, nil}, {"ab", 0, nil},
	} {
		if got := d.find([]byte(test.key), test.now); got != test.want {
			t.Errorf("%q at %v: got %p, want %p", test.key, test.now, got, test.want)
		}
	}
	d.keep(c, []byte("a"), other, 0, time.Minute)
	if got := d.find([]byte("a"), time.Second); got != other {
		t.Error("a later verdict does not take the place of an earlier one")
	}
}

// However many there are, a route keeps about a thousand, and all together what is allowed.
func TestVerdictsTakeABoundedAmountOfMemory(t *testing.T) {
	t.Parallel()
	c := newClient()
	d := c.NewVerdicts()
	v := &verdict{changes: []change{{field: message.Field{Name: []byte("x-user"), Value: make([]byte, 1000)}}}}
	for i := range 20 * rows * ways {
		d.keep(c, fmt.Appendf(nil, "user-%d", i), v, time.Duration(i), time.Hour)
	}
	found := 0
	for i := range 20 * rows * ways {
		if d.find(fmt.Appendf(nil, "user-%d", i), time.Minute) != nil {
			found++
		}
	}
	if most := int64(rows * ways * (1000 + 500)); found != rows*ways || c.kept.Load() > most || c.kept.Load() < most/2 {
		t.Errorf("%d verdicts are kept and take %d bytes, want %d and at most %d", found, c.kept.Load(), rows*ways, most)
	}

	c.Kept = c.kept.Load() + 5000
	other := c.NewVerdicts()
	for i := range 100 {
		other.keep(c, fmt.Appendf(nil, "user-%d", i), v, 0, time.Hour)
	}
	if taken := c.kept.Load(); taken > c.Kept {
		t.Errorf("%d bytes are taken of %d", taken, c.Kept)
	}
	runtime.KeepAlive(d)
	runtime.KeepAlive(other)

	// What is kept for routes that go is taken no more.
	d, other = nil, nil
	for end := time.Now().Add(time.Minute); c.kept.Load() != 0; runtime.GC() {
		if time.Now().After(end) {
			t.Fatalf("%d bytes are taken for nobody", c.kept.Load())
		}
	}
}

// Where the memory is full, verdicts whose time is over make room: those of the route, and those of others.
func TestVerdictsWhoseTimeIsOverMakeRoom(t *testing.T) {
	t.Parallel()
	c := newClient()
	c.Kept = 1 << 20
	v := &verdict{changes: []change{{field: message.Field{Name: []byte("x-user"), Value: make([]byte, 1000)}}}}
	fill := func(d *Verdicts, what string, now, fresh time.Duration) (kept int) {
		for i := range 2 * rows * ways {
			d.keep(c, fmt.Appendf(nil, "%s-%d", what, i), v, now, fresh)
		}
		for i := range 2 * rows * ways {
			if d.find(fmt.Appendf(nil, "%s-%d", what, i), now) != nil {
				kept++
			}
		}
		if own := d.own.Load(); own > c.Kept/shares || own < c.Kept/shares/2 {
			t.Errorf("%s: they take %d bytes of %d", what, own, c.Kept/shares)
		}
		return kept
	}
	one := c.NewVerdicts()
	first := fill(one, "first", 0, time.Second)
	if first < 50 {
		t.Fatalf("%d are kept", first)
	}
	if again := fill(one, "again", time.Second, time.Second); again < first*9/10 {
		t.Errorf("%d are kept where %d were whose time is over", again, first)
	}

	others := make([]*Verdicts, shares)
	for i := range others {
		others[i] = c.NewVerdicts()
		if i+1 < len(others) {
			fill(others[i], "other", time.Second, time.Second)
		}
	}
	if last := fill(others[shares-1], "last", time.Minute, time.Second); last < first*9/10 {
		t.Errorf("%d are kept for a route that comes last, want about %d", last, first)
	}
	if c.kept.Load() > c.Kept {
		t.Errorf("%d bytes are taken of %d", c.kept.Load(), c.Kept)
	}
	runtime.KeepAlive(one)
	runtime.KeepAlive(others)
}

// A verdict takes the place of the one by its key, also if another place is free, and where the memory is full.
func TestAVerdictTakesThePlaceOfItsOwn(t *testing.T) {
	t.Parallel()
	c := newClient()
	d := c.NewVerdicts()
	small, removing := &verdict{}, &verdict{removed: []string{"x-long-name-of-a-field"}}
	d.keep(c, []byte("a"), removing, 0, time.Second)
	before := c.kept.Load()
	if lower := before - tableBytes - keptBytes; lower < int64(len("x-long-name-of-a-field")) {
		t.Errorf("what is removed counts as %d bytes", lower)
	}
	c.Kept = before * shares
	for i := range 10 {
		d.keep(c, []byte("a"), removing, 0, time.Duration(i+2)*time.Second)
	}
	if d.find([]byte("a"), 10*time.Second) != removing || c.kept.Load() != before {
		t.Errorf("the latest is not kept, or %d bytes are taken, not %d", c.kept.Load(), before)
	}
	d.keep(c, []byte("a"), small, 0, time.Second)
	if d.find([]byte("a"), 0) != small || c.kept.Load() >= before {
		t.Errorf("%d bytes are taken, and before %d", c.kept.Load(), before)
	}
}

// No two requests whose users could differ have one key.
func TestKeysTellUsersApart(t *testing.T) {
	t.Parallel()
	c := newClient()
	type way struct {
		protocol auth.Protocol
		nginx    bool
		target   string
		shown    *clientcert.Shown
		user     string
	}
	keyIn := func(w way, pattern string, forward []string, fields ...string) (string, bool) {
		e := &auth.External{Pool: "p", CacheKey: pattern, CacheFor: time.Hour, ForwardHeaders: forward, Protocol: w.protocol, Nginx: w.nginx}
		s, err := c.NewService(e, &balance.Pool{Service: "default/auth"}, Route{Verdicts: c.NewVerdicts()})
		if err != nil {
			t.Fatal(err)
		}
		path, query, _ := strings.Cut(w.target, "?")
		v := viewOf("GET", "a", "/"+path, query, fields...)
		v.Shown, v.User = w.shown, w.user
		key, keeps := s.appendKey(nil, v)
		return string(key), keeps
	}
	keyOf := func(pattern string, forward []string, fields ...string) (string, bool) {
		return keyIn(way{}, pattern, forward, fields...)
	}
	session, keyed := []string{"Cookie: s=1", "X-Key: 1"}, []string{"Cookie: s=1", "X-Key: 2"}
	shown := func(raw string) *clientcert.Shown {
		return clientcert.NewShown([]*x509.Certificate{{Raw: []byte(raw)}})
	}
	for name, test := range map[string]struct {
		pattern    string
		forward    []string
		one, two   way
		oneF, twoF []string
		same       bool
	}{
		"all fields":                      {"$cookie_s", []string{"*"}, way{}, way{}, session, keyed, false},
		"all fields, of a cookie":         {"$cookie_s", []string{"*"}, way{}, way{}, []string{"Cookie: s=1; t=1"}, []string{"Cookie: s=1; t=2"}, false},
		"all fields but those of one":     {"$cookie_s", []string{"*"}, way{}, way{}, []string{"Cookie: s=1", "X-Request-ID: 1"}, []string{"Cookie: s=1", "X-Request-ID: 2"}, true},
		"all fields of gRPC":              {"$cookie_s", nil, way{protocol: auth.GRPC}, way{protocol: auth.GRPC}, session, keyed, false},
		"some fields of gRPC":             {"$cookie_s", []string{"Cookie"}, way{protocol: auth.GRPC}, way{protocol: auth.GRPC}, session, keyed, true},
		"as ingress-nginx":                {"$cookie_s", nil, way{nginx: true, target: "a"}, way{nginx: true, target: "b"}, session, keyed, true},
		"as ingress-nginx, another token": {"$cookie_s", nil, way{nginx: true}, way{nginx: true}, session, append([]string{"Authorization: a"}, session...), false},
		"another path":                    {"$cookie_s", nil, way{target: "a"}, way{target: "b"}, session, session, false},
		"another query":                   {"$cookie_s", nil, way{target: "a?1"}, way{target: "a?2"}, session, session, false},
		"another query alone":             {"$cookie_s$args", nil, way{target: "a?1"}, way{target: "b?1"}, session, session, false},
		"another query of a path":         {"$cookie_s$uri", nil, way{target: "a?1"}, way{target: "a?2"}, session, session, true},
		"another certificate":             {"$cookie_s", nil, way{shown: shown("a")}, way{shown: shown("b")}, session, session, false},
		"none":                            {"$cookie_s", nil, way{shown: shown("a")}, way{shown: clientcert.NewShown(nil)}, session, session, false},
		"a certificate, for nginx":        {"$cookie_s", nil, way{nginx: true, shown: shown("a")}, way{nginx: true, shown: shown("b")}, session, session, false},
		"the same certificate":            {"$host", nil, way{shown: shown("a")}, way{shown: shown("a")}, nil, nil, true},
		"another user of a password":      {"$cookie_s", nil, way{user: "a"}, way{user: "b"}, session, session, false},
	} {
		one, keepsOne := keyIn(test.one, test.pattern, test.forward, test.oneF...)
		two, keepsTwo := keyIn(test.two, test.pattern, test.forward, test.twoF...)
		if !keepsOne || !keepsTwo || (one == two) != test.same {
			t.Errorf("%s: %q is kept %v, %q %v, want the same: %v", name, one, keepsOne, two, keepsTwo, test.same)
		}
	}
	for name, test := range map[string]struct {
		pattern  string
		forward  []string
		one, two []string
		same     bool
	}{
		"the same":                      {"$cookie_s", nil, []string{"Cookie: s=1"}, []string{"Cookie: a=2; s=1"}, true},
		"other names of fields":         {"$cookie_s", nil, []string{"Cookie: s=1", "X-A: 1"}, []string{"Cookie: s=1", "X-A: 2"}, true},
		"another cookie":                {"$cookie_s", nil, []string{"Cookie: s=1"}, []string{"Cookie: s=2"}, false},
		"no name in the key":            {"$http_x_a", nil, []string{"Cookie: s=1", "X-A: 1"}, []string{"Cookie: s=2", "X-A: 1"}, false},
		"a token beside a cookie":       {"$cookie_s", nil, []string{"Cookie: s=1", "Authorization: a"}, []string{"Cookie: s=1", "Authorization: b"}, false},
		"a token moved to a cookie":     {"$cookie_s$http_authorization", nil, []string{"Cookie: s=ab"}, []string{"Cookie: s=a", "Authorization: b"}, false},
		"two cookies of a name":         {"$cookie_s", nil, []string{"Cookie: s=1"}, []string{"Cookie: s=1; s=2"}, false},
		"two cookies in another order":  {"$cookie_s", nil, []string{"Cookie: s=2; s=1"}, []string{"Cookie: s=1; s=2"}, false},
		"two cookies in two fields":     {"$cookie_s", nil, []string{"Cookie: s=1", "Cookie: s=2"}, []string{"Cookie: s=1", "Cookie: s=3"}, false},
		"a cookie of other case":        {"$cookie_s", nil, []string{"Cookie: S=1"}, []string{"Cookie: S=2"}, false},
		"a forwarded field":             {"$cookie_s", []string{"Cookie", "X-Key"}, []string{"Cookie: s=1", "X-Key: 1"}, []string{"Cookie: s=1", "X-Key: 2"}, false},
		"values that run together":      {"$http_x_a$http_x_b$cookie_s", nil, []string{"X-A: ab", "X-B: c", "Cookie: s=1"}, []string{"X-A: a", "X-B: bc", "Cookie: s=1"}, false},
		"several fields and one":        {"$http_x_a$cookie_s", nil, []string{"X-A: a", "X-A: b", "Cookie: s=1"}, []string{"X-A: a, b", "Cookie: s=1"}, false},
		"a field that was taken out":    {"$cookie_s", nil, []string{"Cookie: s=1", "Connection: x"}, []string{"Cookie: s=1"}, true},
		"the user of Basic credentials": {"$remote_user", nil, []string{"Authorization: Basic YTpi"}, []string{"Authorization: Basic YTpj"}, false},
	} {
		one, keepsOne := keyOf(test.pattern, test.forward, test.one...)
		two, keepsTwo := keyOf(test.pattern, test.forward, test.two...)
		if !keepsOne || !keepsTwo || (one == two) != test.same {
			t.Errorf("%s: %q is kept %v, %q %v, want the same: %v", name, one, keepsOne, two, keepsTwo, test.same)
		}
	}
	for name, test := range map[string]struct {
		pattern string
		fields  []string
	}{
		"nobody says anything":       {"$cookie_s", nil},
		"the address alone":          {"$remote_addr$host$request_uri", nil},
		"other cookies alone":        {"$cookie_s", []string{"Cookie: a=1"}},
		"an empty cookie":            {"$cookie_s", []string{"Cookie: s="}},
		"an empty field":             {"$http_authorization", []string{"Authorization: "}},
		"a key that is far too long": {"$cookie_s", []string{"Cookie: s=" + string(make([]byte, longestKey))}},
	} {
		if key, keeps := keyOf(test.pattern, nil, test.fields...); keeps {
			t.Errorf("%s: what is said of the key %q is kept", name, key)
		}
	}
}

// BenchmarkAKeptVerdict measures what a verdict costs that is kept.
func BenchmarkAKeptVerdict(b *testing.B) {
	c := newClient()
	e := &auth.External{Pool: "p", CacheKey: "$cookie_session$http_authorization", CacheFor: time.Hour, ResponseHeaders: []string{"X-User"}}
	s, err := c.NewService(e, &balance.Pool{Service: "default/auth"}, Route{Verdicts: c.NewVerdicts()})
	if err != nil {
		b.Fatal(err)
	}
	v := viewOf("GET", "shop.example.com", "/a/b", "", "User-Agent: bench", "Accept: */*", "Cookie: a=b; session=0123456789abcdef0123456789abcdef; c=d")
	key, keeps := s.appendKey(nil, v)
	if !keeps {
		b.Fatal("it has no key")
	}
	v.Now = c.clock.Start
	s.verdicts.keep(c, key, &verdict{changes: []change{{field: message.Field{Name: []byte("X-User"), Value: []byte("alice")}, lower: "x-user"}}}, 0, time.Hour)
	fields := v.Request.Fields
	v.Request.Fields = make([]message.Field, 0, 64)
	b.ReportAllocs()
	for b.Loop() {
		v.Request.Fields = append(v.Request.Fields[:0], fields...)
		if !s.Known(v) {
			b.Fatal("it is not known")
		}
	}
}
