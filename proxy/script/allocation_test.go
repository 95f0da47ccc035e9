// SPDX-License-Identifier: Apache-2.0

//go:build !race

package script

import (
	"testing"

	"github.com/warren-dev/ingress/proxy/message"
)

// A request that passes costs no memory once its exchange has served one.
func TestAScriptTakesNoMemoryOfItsOwn(t *testing.T) {
	script := &Script{
		Location: []Step{
			set("a", "$http_x_a-$arg_q"), {Op: IfEqual, Variable: "a", Value: "one-1", Steps: 1}, set("b", "$a"),
			{Op: IfMatch, Variable: "http_x_a", Expression: "o(n|x)e", Steps: 1, Level: 1}, set("b", "$b$remote_addr"),
			rewriteStep(RewriteBreak, "^/a/(.*)$", "/b/$1"),
		},
		Fields: Level{
			Proxy: []Field{{Name: "X-B", Value: "$b$request_uri"}}, Add: []Field{{Name: "X-C", Value: "$a", Op: FieldAppend}},
		},
	}
	script.Ifs = []Level{script.Fields}
	// What groups of an expression have that is not plain, regexp tells, which allocates.
	script.Location[3].Expression = "^one$"
	p, err := script.Compile(nil)
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
		p.Response(v, resp)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if got, want := string(v.Request.Path)+fieldText(v.Request.Fields)+fieldText(resp.Fields), "/b/x X-A: one X-B: one-1192.0.2.1/a/x?q=1 X-C: one-1"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
