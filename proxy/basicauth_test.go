// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/auth"
	"github.com/warren-dev/ingress/proxy/explain"
	"github.com/warren-dev/ingress/proxy/explanation"
	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/password"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

var basicAuth = &auth.Basic{Realm: "admin", Users: htpasswd, Namespace: "shop"}

// A client cannot have the endpoint get, or the proxy overlook, its Authorization by naming it in Connection.
func TestAuthorizationOfAConnectionIsNone(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.apply(guardedBy(startEcho(t, "b"), basicAuth))
	prover{p, false}.ask("GET", "/", "Connection: authorization", knows("alice:secret")).expectRefused(t, "hop by hop", 401, "AuthRequired")
}

// While the users change a hundred times, everybody gets in who knows a password of the time, and nobody else.
func TestNoAnswerIsWrongWhileUsersChange(t *testing.T) {
	t.Parallel()
	p := serve(t, h2c)
	b := startEcho(t, "b")
	hashes := map[string]string{ // by bcrypt of cost 5, and apr1
		"secret": "$2y$05$3oKk4d55UJdXZzBjW9ZHseS2ebVtoZ0Ee4jad1gdn2gm.KMdgHbIy", "a": "$apr1$kE/zB4l2$lKFZIM2cb9ZnSIG9rlhKJ1",
	}
	stays := "carol:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n"
	set := func(password string) {
		p.apply(guardedBy(b, &auth.Basic{Users: "alice:" + hashes[password] + "\n" + stays, Namespace: "shop"}))
	}
	set("secret")
	stop := make(chan struct{})
	var beside sync.WaitGroup
	for _, h2 := range []bool{false, true} {
		beside.Go(func() {
			for c := (prover{p, h2}); ; {
				select {
				case <-stop:
					return
				default:
				}
				if got := c.ask("GET", "/", knows("carol:secret")); got.status != 200 {
					t.Errorf("who stays got %d %q", got.status, got.body)
				}
				if got := c.ask("GET", "/", knows("carol:a")); got.status != 401 {
					t.Errorf("who knows nothing got %d %q", got.status, got.body)
				}
			}
		})
	}
	c := prover{p, false}
	for i := range 100 {
		right, wrong := "secret", "a"
		if i%2 == 1 {
			right, wrong = wrong, right
		}
		set(right)
		if got := c.ask("GET", "/", knows("alice:"+right)); got.status != 200 {
			t.Errorf("change %d: the new password got %d %q", i, got.status, got.body)
		}
		if got := c.ask("GET", "/", knows("alice:"+wrong)); got.status != 401 {
			t.Errorf("change %d: the old password got %d %q", i, got.status, got.body)
		}
	}
	close(stop)
	beside.Wait()
}

// A flood of wrong passwords takes a part of the processors. It keeps out nobody of another namespace, and no other
// client of its own.
func TestAFloodOfPasswordsIsBounded(t *testing.T) {
	t.Parallel()
	p := serve(t, h2c, trust("127.0.0.1/32"))
	b := startEcho(t, "b")
	const guessers = 100 // more than may wait
	// Of cost 6, a check takes 4 ms.
	const dear = "alice:$2y$06$3oKk4d55UJdXZzBjW9ZHseS2ebVtoZ0Ee4jad1gdn2gm.KMdgHbIy\n"
	route := func(path string, policies ...policy.Policy) snapshot.Route {
		r := prefix(path, "b")
		r.Policies = policies
		return r
	}
	p.apply(snapshotOf([]snapshot.Host{hostOf("",
		route("/flooded", &auth.Basic{Users: htpasswd + strings.Replace(dear, "alice", "dear", 1), Namespace: "flooded"}),
		route("/other", &auth.Basic{Users: htpasswd, Namespace: "other"}), route("/open"),
	)}, poolOf("b", b)))
	checker := p.state.Passwords
	stop := make(chan struct{})
	ended := func() bool {
		select {
		case <-stop:
			return true
		default:
			return false
		}
	}
	highest := make(chan int)
	go func() {
		most := 0
		for !ended() {
			running, _ := checker.Load()
			most = max(most, running)
			time.Sleep(100 * time.Microsecond)
		}
		highest <- most
	}()
	answers := make(map[string]int)
	var mu sync.Mutex
	var flood sync.WaitGroup
	for i := range guessers {
		flood.Go(func() {
			for j := 0; !ended(); j++ {
				got := prover{p, i%2 == 0}.ask("GET", "/flooded", knows(fmt.Sprint("dear:guess", i, ".", j)), fmt.Sprintf("X-Forwarded-For: 2001:db8::%x", i))
				mu.Lock()
				answers[fmt.Sprint(got.status, " ", got.reason)]++
				mu.Unlock()
			}
		})
	}
	full := func() {
		t.Helper()
		await(t, "a full queue", func() bool { _, waiting := checker.Load(); return waiting >= 64 })
	}
	full()
	c := prover{p, false}
	c.ask("GET", "/open").expectPassed(t, "a rule that asks nobody", nil)
	full()
	c.ask("GET", "/other", knows("alice:secret")).expectPassed(t, "another namespace", nil)
	for i, user := range []string{"alice", "bob"} {
		full()
		c.ask("GET", "/flooded", knows(user+":secret"), fmt.Sprint("X-Forwarded-For: 192.0.2.", i)).expectPassed(t, "another client", nil)
	}
	close(stop)
	flood.Wait()
	if n := <-highest; n > checker.Most() || n == 0 {
		t.Errorf("%d checks ran at once, want at most %d", n, checker.Most())
	}
	if answers["401 AuthRequired"] == 0 || answers["503 AuthUnavailable"] == 0 || len(answers) != 2 {
		t.Errorf("the flood was answered by %v", answers)
	}
	await(t, "the end of all checks", func() bool { running, waiting := checker.Load(); return running+waiting == 0 })
}

// A client that goes away is not waited for, and neither does its check go on to wait.
func TestWhoGoesAwayLeavesTheQueue(t *testing.T) {
	t.Parallel()
	p := serve(t)
	const dear = "alice:$2y$10$3oKk4d55UJdXZzBjW9ZHseS2ebVtoZ0Ee4jad1gdn2gm.KMdgHbIy\n"
	p.apply(guardedBy(startEcho(t, "b"), &auth.Basic{Users: dear, Namespace: "shop"}))
	var clients []*wire
	checker := p.state.Passwords
	for i := range checker.Most() + 5 {
		client := p.dial()
		client.send("GET / HTTP/1.1\r\nHost: a\r\n" + knows(fmt.Sprint("alice:guess", i)) + "\r\n\r\n")
		clients = append(clients, client)
	}
	await(t, "a queue", func() bool { _, waiting := checker.Load(); return waiting > 0 })
	for _, client := range clients {
		client.abort()
	}
	await(t, "an empty queue", func() bool { _, waiting := checker.Load(); return waiting == 0 })
}

// A WebSocket is opened with a password, which the endpoint does not get.
func TestAWebSocketIsOpenedWithAPassword(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t, h2c)
	p.apply(guardedBy(endpoint.address, basicAuth))
	const opening = "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	client := p.dial()
	client.send(opening + knows("alice:secret") + "\r\n\r\n")
	up := endpoint.accept()
	if head := up.head(); strings.Contains(strings.ToLower(head), "authorization:") {
		t.Errorf("the endpoint got %q", head)
	}
	up.send(switchedFor("dGhlIHNhbXBsZSBub25jZQ=="))
	if head := client.head(); !strings.HasPrefix(head, "HTTP/1.1 101 ") {
		t.Errorf("over HTTP/1.1, with a password: got %q", head)
	}
	f := p.dialFrames()
	f.request(1, false, connect("/chat", pairs([]string{knows("alice:secret")})...)...)
	up2 := endpoint.accept()
	up2.send(switchedFor(up2.request().Header.Get("Sec-WebSocket-Key")))
	if got := f.responseHead(1); got != "200" {
		t.Errorf("over HTTP/2, with a password: got %s", got)
	}
	_, _ = up.Close(), up2.Close()
	client.expectEnd()
}

// The log has whose a request was, and no password, whoever asks.
func TestTheLogHasTheUser(t *testing.T) {
	t.Parallel()
	users := "a \"b\" c:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n" + htpasswd
	for format, want := range map[observe.LogFormat][]string{
		observe.LogJSON:     {`"user":"alice"`, `"user":"a \"b\" c"`, ""},
		observe.LogCombined: {` - alice [`, ` - a\u0020\"b\"\u0020c [`, ` - - [`},
	} {
		var log pages
		p := serve(t, logTo(&log, format))
		p.apply(guardedBy(startEcho(t, "b"), &auth.Basic{Users: users, Namespace: "shop"}))
		for i, login := range []string{"alice:secret", "a \"b\" c:secret", "mallory:hunter2"} {
			prover{p, false}.ask("GET", "/", knows(login))
			log.lines(t, i+1) // each has a connection of its own, so that nothing else orders them
		}
		for i, line := range log.lines(t, 3) {
			if !strings.Contains(line, want[i]) || want[i] == "" && strings.Contains(line, `"user"`) {
				t.Errorf("line %d is %q, want %q", i, line, want[i])
			}
			for _, secret := range []string{"secret", "hunter2", "mallory", strings.Fields(knows("alice:secret"))[2], strings.Fields(knows("mallory:hunter2"))[2]} {
				if strings.Contains(line, secret) {
					t.Errorf("line %d has %q: %q", i, secret, line)
				}
			}
		}
		if text := p.log.text(); strings.Contains(text, "secret") || strings.Contains(text, "hunter2") {
			t.Errorf("logged: %s", text)
		}
	}
}

// An address that is allowed suffices, and so does a password: everybody else has to know one.
func TestAddressesOrPasswordsSuffice(t *testing.T) {
	t.Parallel()
	p := serve(t, h2c, trust("127.0.0.1/32"))
	p.apply(guardedBy(startEcho(t, "b"), &policy.Access{Allowed: prefixes("192.0.2.0/24"), Denied: prefixes("192.0.2.66/32"), Any: true}, basicAuth))
	overEach(t, p, func(t *testing.T, c prover) {
		for client, allowed := range map[string]bool{"192.0.2.1": true, "192.0.2.66": false, "198.51.100.1": false} {
			from := "X-Forwarded-For: " + client
			c.ask("GET", "/", from, knows("alice:secret"), "Remote-User: root").expectPassed(t, client+" with a password", nil, "authorization", "remote-user")
			if allowed {
				c.ask("GET", "/", from, "Remote-User: root").expectPassed(t, client, nil, "remote-user")
				c.ask("GET", "/", from, knows("alice:wrong")).expectPassed(t, client+" with a wrong one", nil, "authorization")
				continue
			}
			c.ask("GET", "/", from).expectRefused(t, client, 401, "AuthRequired")
			c.ask("GET", "/", from, knows("alice:wrong")).expectRefused(t, client+" with a wrong one", 401, "AuthRequired")
		}
	})
	p.apply(guardedBy(startEcho(t, "b"), &policy.Access{Denied: prefixes("192.0.2.66/32"), Any: true}, basicAuth))
	prover{p, false}.ask("GET", "/", "X-Forwarded-For: 192.0.2.1").expectRefused(t, "nobody is allowed by address", 401, "AuthRequired")
}

func TestExplainSaysWhatPasswordWouldBeChecked(t *testing.T) {
	t.Parallel()
	p := serve(t)
	b := startEcho(t, "b")
	const says = "the password of one of 3 users"
	for name, test := range map[string]struct {
		login  string
		ask    bool
		status int
		want   explanation.Policy
	}{
		"nothing": {"", true, 401, explanation.Policy{Name: "basic-auth", Text: "the request has no Authorization: Basic, which has to bring " + says}},
		"unknown": {"alice:secret", false, 0, explanation.Policy{Name: "basic-auth", Passed: true, Text: "would find out whether the request brings " + says + "; goes on as if it did"}},
		"asked":   {"alice:secret", true, 0, explanation.Policy{Name: "basic-auth", Passed: true, Text: "the request brings the password of the user alice"}},
		"wrong":   {"alice:hunter2", true, 401, explanation.Policy{Name: "basic-auth", Text: "what the request brings is not " + says}},
		"known":   {"carol:secret", false, 0, explanation.Policy{Name: "basic-auth", Passed: true, Text: "the request brings the password of the user carol"}},
	} {
		p.state.Passwords = password.NewChecker() // which knows nothing
		p.apply(guardedBy(b, basicAuth, &policy.Headers{Request: policy.HeaderChanges{Set: []policy.Header{{Name: "X", Value: name}}}}))
		q := &explain.Question{URL: "http://a/", Ask: test.ask}
		if test.login != "" {
			q.Headers = append(q.Headers, knows(test.login))
		}
		e, err := p.Explainer().Explain(q)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]explanation.Policy{test.want}, e.Policies); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if e.Answer.Status != test.status && (test.status != 0 || e.Answer.Reason != "") {
			t.Errorf("%s: answered by %v, want %d", name, e.Answer, test.status)
		}
		if running, waiting := p.state.Passwords.Load(); running+waiting != 0 && !test.ask {
			t.Errorf("%s: explaining checks a password", name)
		}
		text, err := json.Marshal(e)
		if err != nil || bytes.Contains(text, []byte("secret")) || bytes.Contains(text, []byte("hunter2")) || bytes.Contains(text, []byte("$2y$")) || bytes.Contains(text, []byte("Basic Y")) {
			t.Errorf("%s: explained as %s (%v)", name, text, err)
		}
	}
}
