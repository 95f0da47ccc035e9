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

// Who knows no password does not get in, however it asks.
func TestAttacksOnPasswords(t *testing.T) {
	t.Parallel()
	p := serve(t, h2c)
	p.apply(guardedBy(startEcho(t, "b"), basicAuth))
	good := knows("alice:secret")
	attacks := map[string][]string{
		"nothing":                nil,
		"wrong password":         {knows("alice:Secret")},
		"no password":            {knows("alice:")},
		"another's name":         {knows("root:secret")},
		"no name":                {knows(":secret")},
		"nothing in it":          {knows("")},
		"no colon":               {knows("alicesecret")},
		"more than the password": {knows("alice:secret:")},
		"null byte behind it":    {knows("alice:secret\x00")},
		"null byte in name":      {knows("alice\x00:secret")},
		"the hash":               {knows(strings.SplitN(htpasswd, "\n", 2)[0])},
		"the whole list":         {knows(htpasswd)},
		"very long":              {knows("alice:" + strings.Repeat("x", 9_000))},
		"a name as of a line":    {knows("x\nalice:secret")},
		"comment":                {knows("#:secret")},
		"not base64":             {"Authorization: Basic alice:secret"},
		"base64 for URLs":        {"Authorization: Basic YWxpY2U_c2VjcmV0"},
		"without padding":        {strings.TrimRight(knows("alice:secret1"), "=")},
		"another scheme":         {strings.Replace(good, "Basic", "Bearer", 1)},
		"no scheme":              {strings.Replace(good, "Basic ", "", 1)},
		"scheme with a tab":      {strings.Replace(good, "Basic ", "Basic\t", 1)},
		"twice":                  {good, good},
		"wrong, then right":      {knows("alice:x"), good},
		"right, then wrong":      {good, knows("alice:x")},
		"both in one field":      {good + ", " + strings.TrimPrefix(good, "Authorization: ")},
		"as Proxy-Authorization": {"Proxy-" + good},
		"with an underscore":     {strings.Replace(good, "Authorization", "Authorization_", 1)},
		"as a cookie":            {strings.Replace(good, "Authorization: ", "Cookie: Authorization=", 1)},
		"as who is signed in":    {"Remote-User: alice", "X-Auth-Request-User: alice", "X-Forwarded-User: alice"},
		"for another URL":        {"X-Original-URL: /", "X-Rewrite-URL: /open"},
		"from this machine":      {"X-Forwarded-For: 127.0.0.1", "X-Real-IP: 127.0.0.1", "Forwarded: for=127.0.0.1"},
		"by another method":      {"X-HTTP-Method-Override: OPTIONS"},
		"preflight without CORS": {"Origin: https://a", "Access-Control-Request-Method: GET"},
	}
	overEach(t, p, func(t *testing.T, c prover) {
		for name, fields := range attacks {
			for _, method := range []string{"GET", "OPTIONS", "POST", "PROPFIND", "X"} {
				got := c.ask(method, "/", fields...)
				got.expectRefused(t, name+" "+method, 401, "AuthRequired")
				if got.challenge != `Basic realm="admin", charset="UTF-8"` {
					t.Errorf("%s: the challenge is %q", name, got.challenge)
				}
			}
		}
		for _, user := range []string{"alice", "bob", "carol"} {
			c.ask("GET", "/", knows(user+":secret")).expectPassed(t, user, nil, "authorization")
		}
		c.ask("GET", "/", strings.Replace(good, "Basic", "bASIC", 1)).expectPassed(t, "scheme in other letters", nil, "authorization")
		if got := c.ask("TRACE", "/", good); got.status != 405 {
			t.Errorf("TRACE got %d", got.status)
		}
	})
}

// A client cannot have the endpoint get, or the proxy overlook, its Authorization by naming it in Connection.
func TestAuthorizationOfAConnectionIsNone(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.apply(guardedBy(startEcho(t, "b"), basicAuth))
	prover{p, false}.ask("GET", "/", "Connection: authorization", knows("alice:secret")).expectRefused(t, "hop by hop", 401, "AuthRequired")
}

// What a rule asks for holds for its path in each spelling, and not for another rule's.
func TestPathsOfAnotherSpellingAreGuardedToo(t *testing.T) {
	t.Parallel()
	p := serve(t, h2c)
	guarded := prefix("/admin", "b")
	guarded.Policies = []policy.Policy{basicAuth}
	p.apply(snapshotOf([]snapshot.Host{hostOf("", prefix("/", "b"), guarded)}, poolOf("b", startEcho(t, "b"))))
	overEach(t, p, func(t *testing.T, c prover) {
		for _, path := range []string{
			"/admin", "/admin/", "/admin?x", "/admin/x", "//admin", "///admin//x", "/./admin", "/x/../admin", "/x/%2e%2e/admin", "/%61dmin", "/%61%64%6d%69%6e",
			"/admin%2Fx", "/x/..%2fadmin", "/%2Fadmin", "/admin%5cx", "/x%5c..%5cadmin", "/admin;x=1", "/admin;/x", "/admin/../admin", "/admin/./.",
			"/x;/../admin", "/%2e/admin", "/.%2e/admin", "/admin/%2e", "/admin/..;/admin",
		} {
			got := c.ask("GET", path)
			if got.status == 200 {
				t.Errorf("%s reaches the endpoint, which got %q", path, got.body)
			}
			if got.status == 401 {
				c.ask("GET", path, knows("alice:secret")).expectPassed(t, path, nil)
			}
		}
		for _, path := range []string{"/", "/administrator", "/Admin", "/x/admin", "/?/admin", "/admin/../x"} {
			c.ask("GET", path).expectPassed(t, path, nil)
		}
	})
}

// A Secret that is gone, emptied or of another kind lets nobody in, and neither does one that has changed let in who
// knew a password before: from the next request on, also on connections that are there.
func TestUsersChangeForOpenConnections(t *testing.T) {
	t.Parallel()
	p := serve(t)
	b := startEcho(t, "b")
	const other = "alice:$2y$05$FIxhFwnO5aG3n649F7yke.xSgQRw0HSvnc9/ly4TVB8ImGqJKG9RS\n" // a
	client := (*wire)(nil)
	for i, step := range []struct {
		policy   *auth.Basic
		password string
		want     int
	}{
		{basicAuth, "secret", 200},
		{basicAuth, "a", 401},
		{&auth.Basic{Users: other, Namespace: "shop"}, "secret", 401},
		{&auth.Basic{Users: other, Namespace: "shop"}, "a", 200},
		{&auth.Basic{Namespace: "shop"}, "a", 503},
		{&auth.Basic{Users: "# nobody\n", Namespace: "shop"}, "secret", 503},
		{&auth.Basic{Users: "alice:secret\n", Namespace: "shop"}, "secret", 503},
		{&auth.Basic{Users: "\x00\x01\x02", Namespace: "shop"}, "secret", 503},
		{&auth.Basic{Missing: "there is no Secret shop/users", Users: htpasswd, Namespace: "shop"}, "secret", 503},
		{&auth.Basic{Users: strings.Replace(htpasswd, "alice", "dave", 1), Namespace: "shop"}, "secret", 401},
		{basicAuth, "secret", 200},
	} {
		p.apply(guardedBy(b, step.policy))
		if client == nil {
			client = p.dial()
		}
		client.send("GET / HTTP/1.1\r\nHost: a\r\n" + knows("alice:"+step.password) + "\r\n\r\n")
		got := client.reply("GET")
		if got.Status != step.want {
			t.Errorf("step %d: got %d %q, want %d", i, got.Status, got.Body, step.want)
		}
		if want := "AuthUnavailable: nobody can say now who may come in\n"; step.want == 503 && got.Body != want {
			t.Errorf("step %d: the client is told %q", i, got.Body)
		}
	}
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

// A flood of wrong passwords takes a part of the processors, and has none of another namespace wait for all of it.
func TestAFloodOfPasswordsIsBounded(t *testing.T) {
	t.Parallel()
	p := serve(t, h2c)
	b := startEcho(t, "b")
	const guesses = 100
	// Of cost 6, a check takes 4 ms.
	const dear = "alice:$2y$06$3oKk4d55UJdXZzBjW9ZHseS2ebVtoZ0Ee4jad1gdn2gm.KMdgHbIy\n"
	route := func(path string, policies ...policy.Policy) snapshot.Route {
		r := prefix(path, "b")
		r.Policies = policies
		return r
	}
	p.apply(snapshotOf([]snapshot.Host{hostOf("",
		route("/flooded", &auth.Basic{Users: dear, Namespace: "flooded"}), route("/other", &auth.Basic{Users: htpasswd, Namespace: "other"}), route("/open"),
	)}, poolOf("b", b)))
	checker := p.state.Passwords
	stop := make(chan struct{})
	most := make(chan int)
	go func() {
		highest := 0
		for {
			select {
			case <-stop:
				most <- highest
				return
			default:
				running, _ := checker.Load()
				highest = max(highest, running)
				time.Sleep(100 * time.Microsecond)
			}
		}
	}()
	answers := make(map[string]int)
	var mu sync.Mutex
	var flood sync.WaitGroup
	for i := range guesses {
		flood.Go(func() {
			got := prover{p, i%2 == 0}.ask("GET", "/flooded", knows(fmt.Sprint("alice:guess", i)))
			mu.Lock()
			defer mu.Unlock()
			answers[fmt.Sprint(got.status, " ", got.reason)]++
		})
	}
	await(t, "a queue", func() bool { _, waiting := checker.Load(); return waiting >= 8 })
	c := prover{p, false}
	c.ask("GET", "/open").expectPassed(t, "a rule that asks nobody", nil)
	c.ask("GET", "/other", knows("alice:secret")).expectPassed(t, "another namespace", nil)
	flood.Wait()
	close(stop)
	if n := <-most; n > checker.Most() || n == 0 {
		t.Errorf("%d checks ran at once, want at most %d", n, checker.Most())
	}
	if refused, busy := answers["401 AuthRequired"], answers["503 AuthUnavailable"]; refused+busy != guesses || refused == 0 {
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

func TestPreflightsNeedNoPassword(t *testing.T) {
	t.Parallel()
	p := serve(t, h2c)
	cors := &policy.CORS{AllowOrigins: []string{"https://a.io"}, AllowMethods: []string{"PUT"}}
	p.apply(guardedBy(startEcho(t, "b"), cors, basicAuth))
	overEach(t, p, func(t *testing.T, c prover) {
		got := c.ask("OPTIONS", "/", "Origin: https://a.io", "Access-Control-Request-Method: PUT")
		if got.status != 200 || got.reason != "PreflightAnswered" {
			t.Errorf("a preflight got %d %s", got.status, got.reason)
		}
		c.ask("OPTIONS", "/", "Origin: https://a.io").expectRefused(t, "OPTIONS that is no preflight", 401, "AuthRequired")
		c.ask("PUT", "/", "Origin: https://a.io").expectRefused(t, "what the preflight is for", 401, "AuthRequired")
	})
	if got := p.ask("PUT / HTTP/1.1\r\nHost: a\r\nOrigin: https://a.io\r\nContent-Length: 0\r\n\r\n"); got.Header.Get("Access-Control-Allow-Origin") != "https://a.io" {
		t.Errorf("a page cannot read why it was refused: %v", got.Header)
	}
}

// A WebSocket is opened with a password, or not at all, and what asks for a tunnel gets none.
func TestWebSocketsNeedAPassword(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t, h2c)
	p.apply(guardedBy(endpoint.address, basicAuth))
	const opening = "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	if got := p.ask(opening + "\r\n"); got.Status != 401 {
		t.Errorf("over HTTP/1.1, without a password: got %d", got.Status)
	}
	f := p.dialFrames()
	f.request(1, false, connect("/chat")...)
	if got := f.answer(1); got.status != "401" || got.reason() != "AuthRequired" {
		t.Errorf("over HTTP/2, without a password: got %s %s", got.status, got.reason())
	}
	if got := p.ask("CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n" + knows("alice:secret") + "\r\n\r\n"); got.Status != 501 {
		t.Errorf("CONNECT got %d", got.Status)
	}
	if n := endpoint.accepted.Load(); n != 0 {
		t.Errorf("the endpoint was asked %d times", n)
	}
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
	f = p.dialFrames()
	f.request(1, false, connect("/chat", pairs([]string{knows("alice:secret")})...)...)
	up2 := endpoint.accept()
	up2.send(switchedFor(up2.request().Header.Get("Sec-WebSocket-Key")))
	if got := f.responseHead(1); got != "200" {
		t.Errorf("over HTTP/2, with a password: got %s", got)
	}
	_, _ = up.Close(), up2.Close()
	client.expectEnd()
}

// A call's client finds its code by the status of an answer that is no call's: 16 by 401, and 14 by 503
// (https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md).
func TestCallsAreRefusedByAStatus(t *testing.T) {
	t.Parallel()
	p := serve(t, h2c)
	b := startEcho(t, "b")
	for policy, want := range map[*auth.Basic]string{basicAuth: "401", {Missing: "x"}: "503"} {
		p.apply(guardedBy(b, policy))
		f := p.dialFrames()
		f.request(1, false, head("POST", "/shop.Cart/Add", "content-type", "application/grpc", "te", "trailers")...)
		got := f.answer(1)
		if got.status != want || strings.HasPrefix(got.fields["content-type"], "application/grpc") || got.fields["grpc-status"] != "" {
			t.Errorf("got %s with %v, want %s", got.status, got.fields, want)
		}
	}
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
