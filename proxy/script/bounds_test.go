// SPDX-License-Identifier: Apache-2.0

package script

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/warren-dev/ingress/proxy/message"
)

// doubling are fields of a response of which each is twice the one before.
func doubling(n int) (list []Field) {
	list = append(list, Field{Name: "X", Value: "a"})
	for range n {
		list = append(list, Field{Name: "X", Value: "$sent_http_x$sent_http_x"})
	}
	return list
}

func TestAFieldOfAResponseThatIsPutTogetherOfItselfIsBounded(t *testing.T) {
	t.Parallel()
	p, err := (&Script{Fields: Level{More: append(doubling(24), Field{Name: "X-Last", Value: "$status"})}}).Compile(nil)
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
	fields := func(n int, value string) (list []Field) {
		for i := range n {
			list = append(list, Field{Name: "X-" + strconv.Itoa(i), Value: value})
		}
		return list
	}
	refused := fmt.Sprintf("500 text/html %q", tooLongValue.Content.Text)
	for name, test := range map[string]struct {
		script Script
		query  string
		want   string
	}{
		"fields that are only looked up":  {Script{Fields: Level{Proxy: fields(4, "$http_x_long")}}, "", refused},
		"three of them":                   {Script{Fields: Level{Proxy: fields(3, "$http_x_long")}}, "", "goes on /"},
		"fields in place of the client's": {Script{Fields: Level{Input: fields(4, "$http_x_long")}}, "", refused},
		"fields of both kinds":            {Script{Fields: Level{Input: fields(2, "$http_x_long"), Proxy: fields(2, "$http_x_long")}}, "", refused},
		"fields that are put together":    {Script{Fields: Level{Proxy: fields(1, strings.Repeat("$http_x_long", 100))}}, "", refused},
		"a variable of itself": {
			Script{Location: slices.Repeat([]Step{set("a", "$a$a$http_x_long")}, 100)}, "", refused,
		},
		"a query":    {Script{Location: []Step{set("args", "$args$args$args$args")}}, "?" + long, refused},
		"a path":     {Script{Location: []Step{rewriteStep(RewriteBreak, "^", "/$http_x_long$http_x_long$http_x_long$http_x_long")}}, "", refused},
		"a redirect": {Script{Location: []Step{{Op: Redirect, Expression: "^", Value: "/$http_x_long", Status: 301}}}, "?" + strings.Repeat(long, 3), refused},
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
	var add []Field
	for i := range 100 {
		add = append(add, Field{Name: "X-" + strconv.Itoa(i), Value: "$http_x_long"})
	}
	v := scriptView("/", "X-Long: "+long)
	if got := became(t, &Script{Fields: Level{Add: add}}, v); !strings.HasPrefix(got, "500") {
		t.Errorf("got %.100s", got)
	}
	if n := len(v.State.memory); n > mostMemory {
		t.Errorf("%d bytes were made of a request", n)
	}
}

func TestHowLongAScriptLooksAtARequest(t *testing.T) {
	t.Parallel()
	refused := fmt.Sprintf("500 text/html %q", tooLongValue.Content.Text)
	tries := func(n int, expression string) []Step {
		return slices.Repeat([]Step{{Op: IfMatch, Variable: "http_x", Expression: expression, Steps: 1}, set("a", "1")}, n)
	}
	parameters := func(n int) (list []Step) {
		for i := range n {
			list = append(list, set("a", "$arg_p"+strconv.Itoa(i)), set("b", "$cookie_c"+strconv.Itoa(i)))
		}
		return list
	}
	const costly = "a.?b.?c.?d.?e"
	size := sizeOf(costly)
	for name, test := range map[string]struct {
		steps []Step
		value int
		want  string
	}{
		"expressions":                           {tries(100, costly), mostEffort/100/size + 1, refused},
		"expressions of shorter values":         {tries(100, costly), mostEffort/100/size - 1000, "goes on /"},
		"expressions that need only a look":     {tries(100, "^a.*"), mostEffort/100/size + 1, "goes on /"},
		"what does not match":                   {append(tries(1, costly), Step{Op: Redirect, Expression: "^/b", Value: "/c", Status: 301}), mostEffort/size + 1, refused},
		"a condition that is turned round":      {[]Step{{Op: IfMatch, Negate: true, Variable: "http_x", Expression: costly, Steps: 1}, {Op: Return, Status: 200}}, mostEffort/size + 1, refused},
		"rewrites":                              {slices.Repeat([]Step{rewriteStep(Rewrite, costly, "/a")}, 100), 1, "goes on /"},
		"parameters and cookies":                {parameters(40), 60 << 10, refused},
		"parameters and cookies of usual sizes": {parameters(40), 2 << 10, "goes on /"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			long := strings.Repeat("a", test.value)
			v := scriptView("/?"+long, "X: "+long, "Cookie: "+long)
			if got := became(t, &Script{Location: test.steps}, v); !strings.HasPrefix(got, test.want) {
				t.Errorf("got %.100s, want %s", got, test.want)
			}
		})
	}
}

// Each location that a rewrite leads to may try its expressions anew.
func TestTheEffortOfAllLocationsCounts(t *testing.T) {
	t.Parallel()
	const costly = "a.?b.?c.?d.?e"
	p, err := (&Script{Location: []Step{
		{Op: IfMatch, Variable: "http_x", Expression: costly, Steps: 1}, set("a", "1"), rewriteStep(RewriteLast, "^", "/"),
	}}).Compile(nil)
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
	many := func(n int) *Script {
		s := &Script{}
		for i := range n {
			s.Location = append(s.Location, Step{Line: i + 1, Op: IfMatch, Variable: "uri", Expression: fmt.Sprintf("a{900}%d", i)})
		}
		return s
	}
	if _, err := many(5).Compile(nil); err != nil {
		t.Error(err)
	}
	if _, err := many(6).Compile(nil); err == nil || !strings.HasPrefix(err.Error(), "line 6: all regular expressions together") {
		t.Errorf("got %v", err)
	}
}
