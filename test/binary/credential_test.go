// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// What the program answers to whom it does not let in.
const (
	authRequired    = "401 AuthRequired"
	authUnavailable = "503 AuthUnavailable"
)

// credential is what a client has to show, or says that it has.
type credential struct {
	// name tells it from all others.
	name string
	// ask sends a request with it.
	ask func() (answer, error)
}

// showing is clients that show credentials, and what each of these is worth at each time.
type showing struct {
	ledger ledger
	// expected are the answers to each credential while what was changed last is in effect.
	expected map[string][]string
	// asked are the credentials that the clients show at present.
	asked atomic.Pointer[[]*credential]
}

// expect has these be the answers to a credential, once the change that is to begin is in effect.
func (s *showing) expect(c *credential, answers ...string) {
	if s.expected == nil {
		s.expected = map[string][]string{}
	}
	s.expected[c.name] = answers
}

// changing allows what is expected besides what was. changed allows that alone.
func (s *showing) changing() { s.ledger.open(time.Now(), s.expected) }
func (s *showing) changed()  { s.ledger.settle(time.Now(), s.expected) }

// show has the clients show these.
func (s *showing) show(credentials []*credential) { s.asked.Store(&credentials) }

// begin starts so many clients that send a request each pace. They end with [traffic.finish], or with the test.
func (s *showing) begin(t *testing.T, clients int, pace time.Duration) *traffic {
	t.Helper()
	tr := &traffic{t: t, verdict: s.verdict, stop: make(chan struct{}), outcomes: map[string]int{}}
	for n := range clients {
		tr.running.Go(func() { s.client(tr, n*clients, pace) })
	}
	t.Cleanup(tr.end)
	return tr
}

// client shows one credential after another, beginning with one of a number.
func (s *showing) client(tr *traffic, first int, pace time.Duration) {
	ticker := time.NewTicker(pace)
	defer ticker.Stop()
	for n := first; ; n++ {
		select {
		case <-tr.stop:
			return
		case <-ticker.C:
		}
		asked := *s.asked.Load()
		c := asked[n%len(asked)]
		r := record{host: c.name, began: time.Now()}
		r.answer, r.err = c.ask()
		r.ended = time.Now()
		tr.note(r)
	}
}

// verdict says what is wrong with what a credential got.
func (s *showing) verdict(r record) error {
	if s.ledger.allows(r) {
		return nil
	}
	return fmt.Errorf("answered with %s, which was right at no time between", r.answer)
}

// guarded is an Ingress of one host, with a field of its only path, which the service web is behind.
func guarded(name, host, field string) string {
	return fmt.Sprintf(`
apiVersion: ingress.warren.dev/v1alpha1
kind: Ingress
metadata: {name: %s}
spec: {rules: [{host: %s, paths: [{path: /, backend: {serviceName: web, port: %d}, %s}]}]}
`, name, host, servicePort, field)
}

// lines are connections that are used by one request at a time, and kept.
type lines struct {
	dial func() (net.Conn, error)
	mu   sync.Mutex // guards what follows
	idle []*connection
}

// plainLines are connections to an address.
func plainLines(address string) *lines {
	return &lines{dial: func() (net.Conn, error) { return net.DialTimeout("tcp", address, patience) }}
}

func (l *lines) take() (c *connection, used bool, err error) {
	l.mu.Lock()
	if n := len(l.idle); n > 0 {
		c, l.idle = l.idle[n-1], l.idle[:n-1]
		l.mu.Unlock()
		return c, true, nil
	}
	l.mu.Unlock()
	c, err = l.fresh()
	return c, false, err
}

func (l *lines) fresh() (*connection, error) {
	conn, err := l.dial()
	if err != nil {
		return nil, err
	}
	return newConnection(conn), nil
}

func (l *lines) give(c *connection) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.idle = append(l.idle, c)
}

// close closes the connections that nobody uses.
func (l *lines) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.idle {
		_ = c.Close()
	}
	l.idle = nil
}

// ask sends a GET with a field, over a connection that is kept. One that the program has closed meanwhile is
// replaced.
func (l *lines) ask(host, field, value string) (answer, error) {
	for {
		c, used, err := l.take()
		if err != nil {
			return answer{}, err
		}
		got, err := c.get(host, field, value)
		switch {
		case err == nil:
			l.give(c)
			return got, nil
		case errors.Is(err, errLast):
			return got, c.Close()
		}
		_ = c.Close()
		if !used {
			return got, err
		}
	}
}

// get sends a GET with a field, unless that has no name.
func (c *connection) get(host, field, value string) (answer, error) {
	request, err := http.NewRequest(http.MethodGet, "http://"+host+"/", http.NoBody)
	if err != nil {
		return answer{}, err
	}
	if field != "" {
		request.Header.Set(field, value)
	}
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return answer{}, err
	}
	if err := request.Write(c); err != nil {
		return answer{}, err
	}
	return c.response(request)
}

// withPassword is a credential of basic authentication.
func (l *lines) withPassword(host, user, password string) *credential {
	request := http.Request{Header: http.Header{}}
	request.SetBasicAuth(user, password)
	value := request.Header.Get("Authorization")
	return &credential{name: "the password " + password + " of " + user, ask: func() (answer, error) { return l.ask(host, "Authorization", value) }}
}

// withToken is a credential with a name of its own.
func (l *lines) withToken(name, host, token string) *credential {
	return &credential{name: name, ask: func() (answer, error) { return l.ask(host, "Authorization", "Bearer "+token) }}
}

// withNothing shows nothing.
func (l *lines) withNothing(name, host string) *credential {
	return &credential{name: name, ask: func() (answer, error) { return l.ask(host, "", "") }}
}
