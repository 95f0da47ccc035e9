package proxy

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/message"
)

// fieldsOf are fields as a parser makes them of name and value, name and value.
func fieldsOf(pairs ...string) []message.Field {
	var fields []message.Field
	for i := 0; i < len(pairs); i += 2 {
		fields = append(fields, newField(Header{pairs[i], pairs[i+1]}))
	}
	return fields
}

// passedOn are the fields that are passed on, as name and value, name and value.
func passedOn(fields []message.Field) []string {
	var pairs []string
	for _, f := range fields {
		if f.Kind.EndToEnd() {
			pairs = append(pairs, string(f.Name), string(f.Value))
		}
	}
	return pairs
}

func TestFieldsAreRemovedThenSetThenAdded(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name         string
		changes      HeaderChanges
		fields, want []string
	}{
		{"nothing to do", HeaderChanges{}, []string{"A", "1"}, []string{"A", "1"}},
		{"remove", HeaderChanges{Remove: []string{"B"}}, []string{"A", "1", "B", "2", "C", "3"}, []string{"A", "1", "C", "3"}},
		{"remove in any case", HeaderChanges{Remove: []string{"x-POWERED-by"}}, []string{"X-Powered-By", "1", "x-powered-by", "2", "X-POWERED-BY", "3"}, nil},
		{"remove all of one name", HeaderChanges{Remove: []string{"B"}}, []string{"b", "1", "A", "2", "B", "3", "b", "4"}, []string{"A", "2"}},
		{"remove what is not there", HeaderChanges{Remove: []string{"B"}}, []string{"A", "1"}, []string{"A", "1"}},
		{"remove no name that only begins alike", HeaderChanges{Remove: []string{"X-A"}}, []string{"X-AB", "1", "X", "2", "X-A", "3"}, []string{"X-AB", "1", "X", "2"}},
		{"set where there is none", HeaderChanges{Set: []Header{{"B", "2"}}}, []string{"A", "1"}, []string{"A", "1", "B", "2"}},
		{"set replaces", HeaderChanges{Set: []Header{{"B", "new"}}}, []string{"B", "old", "A", "1"}, []string{"A", "1", "B", "new"}},
		{"set replaces all of one name in any case", HeaderChanges{Set: []Header{{"X-App-Version", "new"}}}, []string{"x-app-version", "1", "X-APP-VERSION", "2"}, []string{"X-App-Version", "new"}},
		{"set an empty value", HeaderChanges{Set: []Header{{"B", ""}}}, []string{"B", "old"}, []string{"B", ""}},
		{"add where there is none", HeaderChanges{Add: []Header{{"B", "2"}}}, []string{"A", "1"}, []string{"A", "1", "B", "2"}},
		{"add not where there is one", HeaderChanges{Add: []Header{{"B", "2"}}}, []string{"b", "own"}, []string{"b", "own"}},
		{"add not where there is an empty one", HeaderChanges{Add: []Header{{"B", "2"}}}, []string{"B", ""}, []string{"B", ""}},
		{"add after remove", HeaderChanges{Remove: []string{"B"}, Add: []Header{{"B", "new"}}}, []string{"B", "old"}, []string{"B", "new"}},
		{"set after remove", HeaderChanges{Remove: []string{"B"}, Set: []Header{{"B", "new"}}}, []string{"B", "old"}, []string{"B", "new"}},
		{"add not what was set", HeaderChanges{Set: []Header{{"B", "set"}}, Add: []Header{{"b", "added"}}}, nil, []string{"B", "set"}},
		{"add one of two spellings", HeaderChanges{Add: []Header{{"B", "1"}, {"b", "2"}}}, nil, []string{"B", "1"}},
		{"several of each", HeaderChanges{Remove: []string{"R1", "R2"}, Set: []Header{{"S1", "1"}, {"S2", "2"}}, Add: []Header{{"A1", "1"}, {"A2", "2"}}},
			[]string{"R2", "x", "S1", "x", "K", "kept", "A2", "own", "R1", "x"}, []string{"K", "kept", "A2", "own", "S1", "1", "S2", "2", "A1", "1"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			changes := compileHeaders(&test.changes)
			for range 2 { // what is compiled is used again
				got := passedOn(changes.apply(fieldsOf(test.fields...)))
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("fields (-want +got):\n%s", diff)
				}
			}
		})
	}
}

// Fields of the connection, and those that frame the message, are neither taken out nor put in, whoever asks for it.
func TestFieldsOfTheConnectionAreNobodysToChange(t *testing.T) {
	t.Parallel()
	names := []string{"Host", "Connection", "Content-Length", "Transfer-Encoding", "Keep-Alive", "Proxy-Connection", "TE", "Upgrade", "Expect"}
	for _, name := range names {
		sent := newField(Header{name, "sent"})
		for change, changes := range map[string]HeaderChanges{
			"remove": {Remove: []string{name}},
			"set":    {Set: []Header{{name, "ours"}}},
			"add":    {Add: []Header{{name, "ours"}}},
		} {
			c := compileHeaders(&changes)
			got := c.apply([]message.Field{sent})
			if diff := cmp.Diff(sent, got[0]); diff != "" {
				t.Errorf("%s %s: the field that came (-want +got):\n%s", change, name, diff)
			}
			if passed := passedOn(got); passed != nil {
				t.Errorf("%s %s: %q is passed on", change, name, passed)
			}
		}
	}
}

func TestChangingFieldsTakesNoMemoryButForTheirList(t *testing.T) {
	c := compileHeaders(&HeaderChanges{Remove: []string{"R"}, Set: []Header{{"S", "1"}}, Add: []Header{{"A", "1"}}})
	sent := fieldsOf("R", "1", "S", "2", "K", "3")
	room := make([]message.Field, 0, 16)
	if n := testing.AllocsPerRun(100, func() { room = c.apply(append(room[:0], sent...)) }); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

// Both directions at the wire: order, spelling and number of the fields as both sides see them.
func TestHeadersAreChangedBothWays(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everythingBy(func(r *Route) {
		*headersOf(r) = Headers{
			Request: HeaderChanges{
				Add: []Header{{"X-Custom-Header", "value"}}, Set: []Header{{"X-App-Version", "v1.2.3"}}, Remove: []string{"Cookie", "X-Powered-By"},
			},
			Response: HeaderChanges{
				Add: []Header{{"Cache-Control", "no-store"}}, Set: []Header{{"Strict-Transport-Security", "max-age=1"}}, Remove: []string{"Server", "X-Powered-By"},
			},
		}
	}, endpoint.address))
	client := p.dial()
	client.send("POST /x HTTP/1.1\r\nHost: a\r\ncookie: a=1\r\nAccept: */*\r\nx-app-version: v0\r\nCOOKIE: b=2\r\nX-App-Version: v00\r\nContent-Length: 2\r\nServer: kept\r\n\r\nhi")
	up := endpoint.accept()
	got := up.request()
	want := map[string][]string{
		"Accept": {"*/*"}, "Content-Length": {"2"}, "Server": {"kept"}, "X-App-Version": {"v1.2.3"}, "X-Custom-Header": {"value"},
	}
	if diff := cmp.Diff(want, withoutForwarding(got.Header)); diff != "" {
		t.Errorf("fields at the endpoint (-want +got):\n%s", diff)
	}
	up.send("HTTP/1.1 200 OK\r\nserver: x\r\nSet-Cookie: a=1\r\nSERVER: y\r\nSet-Cookie: b=2\r\nx-powered-by: z\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n")
	if diff := cmp.Diff("HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nStrict-Transport-Security: max-age=1\r\nCache-Control: no-store\r\nTransfer-Encoding: chunked\r\n\r\n", client.head()); diff != "" {
		t.Errorf("head at the client (-want +got):\n%s", diff)
	}
	client.expect("2\r\nok\r\n0\r\n\r\n")
}

// The changes are made again for each request, also when one is tried on a second endpoint and on connections that live
// on.
func TestHeadersAreChangedOncePerRequest(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.apply(everythingBy(func(r *Route) {
		r.Retries = 1
		headersOf(r).Request = HeaderChanges{Add: []Header{{"X-Add", "1"}}, Set: []Header{{"X-Set", "1"}}}
		headersOf(r).Response = HeaderChanges{Add: []Header{{"X-Back", "1"}}, Set: []Header{{"X-Kept", "replaced"}}}
	}, startEcho(t, "b", "X-Kept: yes"), closedPort(t)))
	client := p.dial()
	for i := range 6 { // every other one is tried twice
		client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		got := client.reply("GET")
		if diff := cmp.Diff(map[string][]string{"X-Add": {"1"}, "X-Set": {"1"}}, withoutForwarding(got.header(t))); diff != "" {
			t.Errorf("request %d: fields at the endpoint (-want +got):\n%s", i, diff)
		}
		if diff := cmp.Diff(map[string][]string{"X-Back": {"1"}, "X-Kept": {"replaced"}}, fieldsBut(got.Header, "Content-Length")); diff != "" {
			t.Errorf("request %d: fields at the client (-want +got):\n%s", i, diff)
		}
	}
}

// A route's changes are for what its endpoints answer, not for what the proxy says itself.
func TestOwnAnswersKeepTheirFields(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.apply(everythingBy(func(r *Route) {
		headersOf(r).Response = HeaderChanges{Set: []Header{{"X-Set", "1"}}, Remove: []string{"Proxy-Status", "Content-Type"}}
	}, closedPort(t)))
	got := p.get("a", "/")
	if got.reason() != "UpstreamConnectFailed" || got.Header.Get("Content-Type") == "" || got.Header.Get("X-Set") != "" {
		t.Errorf("got %d with %v, want UpstreamConnectFailed with the usual fields", got.Status, got.Header)
	}
}
