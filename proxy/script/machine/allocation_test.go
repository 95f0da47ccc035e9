// SPDX-License-Identifier: Apache-2.0

//go:build !race

package machine

import (
	"testing"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/script"
)

// A request that passes costs no memory once its exchange has served one.
func TestAScriptTakesNoMemoryOfItsOwn(t *testing.T) {
	s := &script.Script{
		Location: []script.Step{
			set("a", "$http_x_a-$arg_q"), {Op: script.IfEqual, Variable: "a", Value: "one-1", Steps: 1}, set("b", "$a"),
			{Op: script.IfMatch, Variable: "http_x_a", Expression: "o(n|x)e", Steps: 1, Level: 1}, set("b", "$b$remote_addr"),
			rewriteStep(script.RewriteBreak, "^/a/(.*)$", "/b/$1"),
		},
		Fields: script.Level{
			Proxy: []script.Field{{Name: "X-B", Value: "$b$request_uri"}}, Add: []script.Field{{Name: "X-C", Value: "$a", Op: script.FieldAppend}},
		},
	}
	s.Ifs = []script.Level{s.Fields}
	// What groups of an expression have that is not plain, regexp tells, which allocates.
	s.Location[3].Expression = "^one$"
	p, err := Compile(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	v := scriptView("/a/x?q=1", "X-A: one")
	fields, path, query := v.Request.Fields, v.Request.Path, v.Request.Query
	v.Request.Fields = append(make([]message.Field, 0, 16), fields...)
	resp := &message.Response{Status: 200, Fields: make([]message.Field, 0, 16)}
	if n := testing.AllocsPerRun(100, func() {
		if v.State != nil {
			v.State.Empty(4096)
		}
		v.Request.Fields, v.Request.Path, v.Request.Query = v.Request.Fields[:1], path, query
		resp.Fields = resp.Fields[:0]
		p.Request(v)
		p.Send(v.Request, v.State, "")
		p.Response(v, resp)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if got, want := string(v.Request.Path)+fieldText(v.Request.Fields)+fieldText(resp.Fields), "/b/x X-A: one X-B: one-1192.0.2.1/a/x?q=1 X-C: one-1"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
