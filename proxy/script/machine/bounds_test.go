// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/script"
)

// doubling are fields of a response of which each is twice the one before.
func doubling(n int) (list []script.Field) {
	list = append(list, script.Field{Name: "X", Value: "a"})
	for range n {
		list = append(list, script.Field{Name: "X", Value: "$sent_http_x$sent_http_x"})
	}
	return list
}

func TestAFieldOfAResponseThatIsPutTogetherOfItselfIsBounded(t *testing.T) {
	t.Parallel()
	p, err := Compile(&script.Script{Fields: script.Level{More: append(doubling(24), script.Field{Name: "X-Last", Value: "$status"})}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	v, resp := scriptView("/"), &message.Response{Status: 200}
	p.Request(v)
	p.Response(v, resp)
	for _, f := range resp.Fields {
		if len(f.Value) > mostValue {
			t.Errorf("%s has %d bytes", f.Name, len(f.Value))
		}
	}
	if n := len(v.State.memory); n > mostMemory {
		t.Errorf("%d bytes were made of a response", n)
	}
	if last, _ := first(resp.Fields, "x-last"); string(last) != "200" {
		t.Errorf("the field behind those that are too long is %q", last)
	}
}

func TestWhatAScriptMakesOfARequestIsBounded(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 20<<10)
	fields := func(n int, value string) (list []script.Field) {
		for i := range n {
			list = append(list, script.Field{Name: "X-" + strconv.Itoa(i), Value: value})
		}
		return list
	}
	refused := fmt.Sprintf("500 text/html %q", tooLongValue.Content.Text)
	for name, test := range map[string]struct {
		script script.Script
		query  string
		want   string
	}{
		"fields that are only looked up":  {script.Script{Fields: script.Level{Proxy: fields(4, "$http_x_long")}}, "", refused},
		"three of them":                   {script.Script{Fields: script.Level{Proxy: fields(3, "$http_x_long")}}, "", "goes on /"},
		"fields in place of the client's": {script.Script{Fields: script.Level{Input: fields(4, "$http_x_long")}}, "", refused},
		"fields of both kinds":            {script.Script{Fields: script.Level{Input: fields(2, "$http_x_long"), Proxy: fields(2, "$http_x_long")}}, "", refused},
		"fields that are put together":    {script.Script{Fields: script.Level{Proxy: fields(1, strings.Repeat("$http_x_long", 100))}}, "", refused},
		"a variable of itself": {
			script.Script{Location: slices.Repeat([]script.Step{set("a", "$a$a$http_x_long")}, 100)}, "", refused,
		},
		"a query":    {script.Script{Location: []script.Step{set("args", "$args$args$args$args")}}, "?" + long, refused},
		"a path":     {script.Script{Location: []script.Step{rewriteStep(script.RewriteBreak, "^", "/$http_x_long$http_x_long$http_x_long$http_x_long")}}, "", refused},
		"a redirect": {script.Script{Location: []script.Step{{Op: script.Redirect, Expression: "^", Value: "/$http_x_long", Status: 301}}}, "?" + strings.Repeat(long, 3), refused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := scriptView("/"+test.query, "X-Long: "+long)
			if got := became(t, &test.script, v); !strings.HasPrefix(got, test.want) {
				t.Errorf("got %.100s, want %s", got, test.want)
			}
			if n := len(v.State.memory); n > mostMemory {
				t.Errorf("%d bytes were made of a request", n)
			}
		})
	}
}

func TestNothingIsMadeOnceThereIsTooMuch(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 50<<10)
	var add []script.Field
	for i := range 100 {
		add = append(add, script.Field{Name: "X-" + strconv.Itoa(i), Value: "$http_x_long"})
	}
	v := scriptView("/", "X-Long: "+long)
	if got := became(t, &script.Script{Fields: script.Level{Add: add}}, v); !strings.HasPrefix(got, "500") {
		t.Errorf("got %.100s", got)
	}
	if n := len(v.State.memory); n > mostMemory {
		t.Errorf("%d bytes were made of a request", n)
	}
}

func TestHowLongAScriptLooksAtARequest(t *testing.T) {
	t.Parallel()
	refused := fmt.Sprintf("500 text/html %q", tooLongValue.Content.Text)
	tries := func(n int, expression string) []script.Step {
		return slices.Repeat([]script.Step{{Op: script.IfMatch, Variable: "http_x", Expression: expression, Steps: 1}, set("a", "1")}, n)
	}
	parameters := func(n int) (list []script.Step) {
		for i := range n {
			list = append(list, set("a", "$arg_p"+strconv.Itoa(i)), set("b", "$cookie_c"+strconv.Itoa(i)))
		}
		return list
	}
	const costly = "a.?b.?c.?d.?e"
	size := sizeOf(costly)
	for name, test := range map[string]struct {
		steps []script.Step
		value int
		want  string
	}{
		"expressions":                           {tries(100, costly), mostEffort/100/size + 1, refused},
		"expressions of shorter values":         {tries(100, costly), mostEffort/100/size - 1000, "goes on /"},
		"expressions that need only a look":     {tries(100, "^a.*"), mostEffort/100/size + 1, "goes on /"},
		"what does not match":                   {append(tries(1, costly), script.Step{Op: script.Redirect, Expression: "^/b", Value: "/c", Status: 301}), mostEffort/size + 1, refused},
		"a condition that is turned round":      {[]script.Step{{Op: script.IfMatch, Negate: true, Variable: "http_x", Expression: costly, Steps: 1}, {Op: script.Return, Status: 200}}, mostEffort/size + 1, refused},
		"rewrites":                              {slices.Repeat([]script.Step{rewriteStep(script.Rewrite, costly, "/a")}, 100), 1, "goes on /"},
		"parameters and cookies":                {parameters(40), 60 << 10, refused},
		"parameters and cookies of usual sizes": {parameters(40), 2 << 10, "goes on /"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			long := strings.Repeat("a", test.value)
			v := scriptView("/?"+long, "X: "+long, "Cookie: "+long)
			if got := became(t, &script.Script{Location: test.steps}, v); !strings.HasPrefix(got, test.want) {
				t.Errorf("got %.100s, want %s", got, test.want)
			}
		})
	}
}

// Each location that a rewrite leads to may try its expressions anew.
func TestTheEffortOfAllLocationsCounts(t *testing.T) {
	t.Parallel()
	const costly = "a.?b.?c.?d.?e"
	p, err := Compile(&script.Script{Location: []script.Step{
		{Op: script.IfMatch, Variable: "http_x", Expression: costly, Steps: 1}, set("a", "1"), rewriteStep(script.RewriteLast, "^", "/"),
	}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	v := scriptView("/", "X: "+strings.Repeat("a", mostEffort/3/sizeOf(costly)))
	for want := range 2 {
		if a := p.Request(v); !a.Again {
			t.Fatalf("location %d is %+v", want, a)
		}
	}
	if a := p.Request(v); a.Content != tooLongValue.Content {
		t.Errorf("the third location is %+v", a)
	}
}

func TestTheExpressionsOfAScriptAreBounded(t *testing.T) {
	t.Parallel()
	many := func(n int) *script.Script {
		s := &script.Script{}
		for i := range n {
			s.Location = append(s.Location, script.Step{Line: i + 1, Op: script.IfMatch, Variable: "uri", Expression: fmt.Sprintf("a{900}%d", i)})
		}
		return s
	}
	if _, err := Compile(many(5), nil); err != nil {
		t.Error(err)
	}
	if _, err := Compile(many(6), nil); err == nil || !strings.HasPrefix(err.Error(), "line 6: all regular expressions together") {
		t.Errorf("got %v", err)
	}
}
