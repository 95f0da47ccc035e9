// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"crypto/tls"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

func TestRequestIDIsATrustedProxysOrMade(t *testing.T) {
	t.Parallel()
	const longest = 128
	long := strings.Repeat("x", longest+1)
	for _, test := range []struct {
		name, fields string
		trusted      bool
		// want is the id that goes on. It is empty for a new one.
		want string
	}{
		{"of nobody", "", false, ""},
		{"of a client", "X-Request-Id: mine\r\n", false, ""},
		{"of a client with underscores", "X_Request_Id: mine\r\n", false, ""},
		{"of nobody behind a trusted proxy", "", true, ""},
		{"of a trusted proxy", "x-request-id: theirs\r\n", true, "theirs"},
		{"of a trusted proxy, twice", "X-Request-Id: first\r\nX-Request-ID: second\r\n", true, "first"},
		{"of a trusted proxy, empty", "X-Request-Id:\r\n", true, ""},
		{"of a trusted proxy, as long as can be", "X-Request-Id: " + long[1:] + "\r\n", true, long[1:]},
		{"of a trusted proxy, too long", "X-Request-Id: " + long + "\r\n", true, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			written := &pages{}
			changes := []func(*Config){logTo(written, observe.LogJSON)}
			if test.trusted {
				changes = append(changes, trust("127.0.0.1/32"))
			}
			p := serve(t, changes...)
			p.apply(everything(startEcho(t, "b")))
			got := p.ask("GET / HTTP/1.1\r\nHost: a\r\n" + test.fields + "\r\n").header(t)
			if values := got["X_request_id"]; values != nil {
				t.Errorf("X_Request_Id arrived as %q", values)
			}
			ids := got["X-Request-Id"]
			if len(ids) != 1 || test.want != "" && ids[0] != test.want || test.want == "" && !madeID.MatchString(ids[0]) {
				t.Errorf("the endpoint got %q, want %q or one that was made", ids, test.want)
			}
			if line := written.lines(t, 1)[0]; !strings.Contains(line, `"requestId":"`+strings.Join(ids, "")+`"`) {
				t.Errorf("the line is %s, want the id %q", line, ids)
			}
		})
	}
}

// Whoever complains of a response can say which request it answered.
func TestResponseTellsTheRequestID(t *testing.T) {
	t.Parallel()
	seen := make(chan string, 1)
	b := startBackend(t, func(w http.ResponseWriter, r *http.Request) {
		seen <- r.Header.Get("X-Request-Id")
		if r.URL.Path == "/own" {
			w.Header().Set("x-request-id", "its own")
		}
	})
	hidden := prefix("/hidden", "b")
	headersOf(&hidden).Response.Remove = []string{"X-Request-Id"}
	p := serve(t, trust("127.0.0.1/32"))
	p.apply(snapshotOf([]snapshot.Host{hostOf("a", prefix("/", "b"), hidden)}, poolOf("b", b.address)))
	for _, test := range []struct{ name, request, want string }{
		{"of the request", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "seen"},
		{"of a trusted proxy", "GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: theirs\r\n\r\n", "theirs"},
		{"of the endpoint, whose logs know it by that", "GET /own HTTP/1.1\r\nHost: a\r\n\r\n", "its own"},
		{"taken out by a policy", "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n", ""},
		{"of an answer of ours", "GET / HTTP/1.1\r\nHost: other\r\nX-Request-Id: theirs\r\n\r\n", "theirs"},
		{"of a head that cannot be read", "GET  HTTP/1.1\r\nHost: other\r\nX-Request-Id: theirs\r\n\r\n", ""},
	} {
		got := p.ask(test.request)
		want := test.want
		select {
		case id := <-seen:
			if want == "seen" {
				want = id
			}
		default:
		}
		if id := got.Header.Get("X-Request-Id"); id != want {
			t.Errorf("%s: the response has the id %q, want %q", test.name, id, want)
		}
	}
}

func TestEachRequestHasAnIDOfItsOwn(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.apply(everything(startEcho(t, "b")))
	client := p.dial()
	seen := map[string]bool{}
	for range 50 {
		client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		seen[client.reply("GET").header(t).Get("X-Request-Id")] = true
	}
	if len(seen) != 50 {
		t.Errorf("%d ids for 50 requests", len(seen))
	}
}

func TestAccessLogSaysWhichTLSCarriedARequest(t *testing.T) {
	t.Parallel()
	written := &pages{}
	p := serve(t, logTo(written, observe.LogJSON))
	p.apply(with(everything(startEcho(t, "b")), issue(t, "default/tls", ecdsaKey(t), "a")))
	address := p.listen("127.0.0.1:0", p.ServeTLS)
	for i, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		c, err := dialTLS(t, address, &tls.Config{ServerName: "a", MaxVersion: version})
		if err != nil {
			t.Fatal(err)
		}
		c.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		c.reply("GET")
		line := parsedLine(t, written.lines(t, i+1)[i])
		if diff := cmp.Diff([]any{"https", tls.VersionName(version)[len("TLS "):]}, []any{line["scheme"], line["tlsVersion"]}); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

// A connection beyond the limit is answered. The log has its answer like any other.
func TestRefusedConnectionIsLogged(t *testing.T) {
	t.Parallel()
	written := &pages{}
	p := serve(t, logTo(written, observe.LogJSON), func(c *Config) { c.MaxConnections = 1 })
	p.occupy()
	p.get("a", "/")
	line := parsedLine(t, written.lines(t, 1)[0])
	if line["status"] != 503.0 || line["reason"] != "ConnectionLimit" || line["client"] != "127.0.0.1" {
		t.Errorf("the line is %v, want the refusal of a client", line)
	}
}
