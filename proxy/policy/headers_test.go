// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/message"
)

// fieldsOf are fields as a parser makes them of name and value, name and value.
func fieldsOf(pairs ...string) []message.Field {
	var fields []message.Field
	for _, h := range headers(pairs...) {
		fields = append(fields, newField(h))
	}
	return fields
}

// headers are headers of name and value, name and value.
func headers(pairs ...string) []Header {
	var headers []Header
	for i := 0; i < len(pairs); i += 2 {
		headers = append(headers, Header{Name: pairs[i], Value: pairs[i+1]})
	}
	return headers
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
		{"set where there is none", HeaderChanges{Set: headers("B", "2")}, []string{"A", "1"}, []string{"A", "1", "B", "2"}},
		{"set replaces", HeaderChanges{Set: headers("B", "new")}, []string{"B", "old", "A", "1"}, []string{"A", "1", "B", "new"}},
		{"set replaces all of one name in any case", HeaderChanges{Set: headers("X-App-Version", "new")}, []string{"x-app-version", "1", "X-APP-VERSION", "2"}, []string{"X-App-Version", "new"}},
		{"set an empty value", HeaderChanges{Set: headers("B", "")}, []string{"B", "old"}, []string{"B", ""}},
		{"add where there is none", HeaderChanges{Add: headers("B", "2")}, []string{"A", "1"}, []string{"A", "1", "B", "2"}},
		{"add not where there is one", HeaderChanges{Add: headers("B", "2")}, []string{"b", "own"}, []string{"b", "own"}},
		{"add not where there is an empty one", HeaderChanges{Add: headers("B", "2")}, []string{"B", ""}, []string{"B", ""}},
		{"add after remove", HeaderChanges{Remove: []string{"B"}, Add: headers("B", "new")}, []string{"B", "old"}, []string{"B", "new"}},
		{"set after remove", HeaderChanges{Remove: []string{"B"}, Set: headers("B", "new")}, []string{"B", "old"}, []string{"B", "new"}},
		{"add not what was set", HeaderChanges{Set: headers("B", "set"), Add: headers("b", "added")}, nil, []string{"B", "set"}},
		{"add one of two spellings", HeaderChanges{Add: headers("B", "1", "b", "2")}, nil, []string{"B", "1"}},
		{"append where there is one", HeaderChanges{Append: headers("B", "2")}, []string{"b", "1"}, []string{"b", "1", "B", "2"}},
		{"append to what was set and added", HeaderChanges{Set: headers("A", "1"), Add: headers("B", "1"), Append: headers("A", "2", "B", "2")},
			nil, []string{"A", "1", "B", "1", "A", "2", "B", "2"}},
		{"several of each", HeaderChanges{Remove: []string{"R1", "R2"}, Set: headers("S1", "1", "S2", "2"), Add: headers("A1", "1", "A2", "2")},
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

// Nobody can remove or add fields of the connection, or fields that frame the message.
func TestFieldsOfTheConnectionAreNobodysToChange(t *testing.T) {
	t.Parallel()
	names := []string{"Host", "Connection", "Content-Length", "Transfer-Encoding", "Keep-Alive", "Proxy-Connection", "TE", "Upgrade", "Expect"}
	for _, name := range names {
		sent := newField(Header{Name: name, Value: "sent"})
		for change, changes := range map[string]HeaderChanges{
			"remove": {Remove: []string{name}},
			"set":    {Set: headers(name, "ours")},
			"add":    {Add: headers(name, "ours")},
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
	c := compileHeaders(&HeaderChanges{Remove: []string{"R"}, Set: headers("S", "1"), Add: headers("A", "1")})
	sent := fieldsOf("R", "1", "S", "2", "K", "3")
	room := make([]message.Field, 0, 16)
	if n := testing.AllocsPerRun(100, func() { room = c.apply(append(room[:0], sent...)) }); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

// BenchmarkHeaderChanges changes the fields of a browser's request: one of each kind of change.
func BenchmarkHeaderChanges(b *testing.B) {
	changes := compileHeaders(&HeaderChanges{
		Remove: []string{"X-Debug"}, Set: headers("X-Request-Set", "proxy"), Add: headers("X-Request-Added", "added"),
	})
	sent := fieldsOf(
		"Host", "shop.example.com", "User-Agent", "Mozilla/5.0", "Accept", "*/*", "Accept-Language", "en", "Accept-Encoding", "gzip",
		"Referer", "https://shop.example.com/", "Cookie", "session=1", "Cache-Control", "max-age=0", "Sec-Fetch-Dest", "empty",
		"X-Request-Set", "client", "X-Debug", "1",
	)
	fields := make([]message.Field, 0, 2*len(sent))
	b.ReportAllocs()
	for b.Loop() {
		fields = changes.apply(append(fields[:0], sent...))
	}
}
