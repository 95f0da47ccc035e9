// SPDX-License-Identifier: Apache-2.0

package routing

import (
	"fmt"
	"strings"
	"testing"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// requestOf returns a request with a method, a query with its question mark, and fields such as "Name: value". A field
// was taken out of the message if its name has an exclamation mark before it.
func requestOf(method, query string, fields ...string) *message.Request {
	req := &message.Request{Method: []byte(method), Query: []byte(query)}
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ": ")
		field := message.Field{Name: []byte(strings.TrimPrefix(name, "!")), Value: []byte(value)}
		if field.Kind = message.KindOf(field.Name); name[0] == '!' {
			field.Kind = message.Dropped
		}
		req.Fields = append(req.Fields, field)
	}
	return req
}

func shown(req *message.Request) string {
	text := string(req.Method) + " " + string(req.Query)
	for _, f := range req.Fields {
		text += fmt.Sprintf(" %q: %q", f.Name, f.Value)
	}
	return text
}

// conditionOf returns the condition that "name=value" or "name~expression" describes.
func conditionOf(text string) snapshot.Condition {
	i := strings.IndexAny(text, "=~")
	c := snapshot.Condition{Name: text[:i], Value: text[i+1:]}
	if text[i] == '~' {
		c.Match = snapshot.ValueRegularExpression
	}
	return c
}

func onMethods(methods ...string) *snapshot.Conditions { return &snapshot.Conditions{Methods: methods} }

func onHeaders(texts ...string) *snapshot.Conditions {
	c := &snapshot.Conditions{}
	for _, text := range texts {
		c.Headers = append(c.Headers, conditionOf(text))
	}
	return c
}

func onQuery(texts ...string) *snapshot.Conditions {
	c := &snapshot.Conditions{}
	for _, text := range texts {
		c.Query = append(c.Query, conditionOf(text))
	}
	return c
}

func TestWhichRequestsMeetAMethodCondition(t *testing.T) {
	t.Parallel()
	check(t, onMethods("GET", "PUT"), map[*message.Request]bool{
		requestOf("GET", ""): true, requestOf("PUT", ""): true, requestOf("HEAD", ""): false, requestOf("get", ""): false,
		requestOf("GETS", ""): false, requestOf("GE", ""): false,
	})
}

func TestWhichRequestsMeetAHeaderCondition(t *testing.T) {
	t.Parallel()
	check(t, onHeaders("x-a=one"), map[*message.Request]bool{
		requestOf("GET", "", "X-A: one"):                         true,
		requestOf("GET", "", "Other: x", "x-a: one", "X-Ab: no"): true,
		requestOf("GET", ""):                                     false,
		requestOf("GET", "", "X-A: One"):                         false,
		requestOf("GET", "", "X-A: one more"):                    false,
		requestOf("GET", "", "X-A: "):                            false,
		requestOf("GET", "", "X-Ab: one"):                        false,
		requestOf("GET", "", "!X-A: one"):                        false,
		requestOf("GET", "", "!X-A: two", "X-A: one"):            true,
		requestOf("GET", "", "X-A: one", "!X-A: two"):            true,
		requestOf("GET", "", "X-A: one", "X-A: two"):             false,
		requestOf("GET", "", "X-A: two", "X-A: one"):             false,
		requestOf("GET", "?x-a=one"):                             false,
	})
	check(t, onHeaders("x-a=one, two"), map[*message.Request]bool{
		requestOf("GET", "", "X-A: one, two"):                                true,
		requestOf("GET", "", "X-A: one", "!x-a: no", "Other: x", "x-a: two"): true,
		requestOf("GET", "", "X-A: two", "x-a: one"):                         false,
	})
	check(t, onHeaders("x-a~[a-z]+, two"), map[*message.Request]bool{
		requestOf("GET", "", "X-A: one, two"):          true,
		requestOf("GET", "", "X-A: one", "x-a: two"):   true,
		requestOf("GET", "", "X-A: one", "x-a: twos"):  false,
		requestOf("GET", "", "X-A: .one", "x-a: two"):  false,
		requestOf("GET", "", "X-A: one", "x-a: two\n"): false,
	})
	check(t, onHeaders("cookie~.*b=2.*"), map[*message.Request]bool{
		requestOf("GET", "", "Cookie: a=1", "Cookie: b=2"): true, requestOf("GET", "", "Cookie: a=1; b=3"): false,
	})
	check(t, onHeaders("cookie=a=1; b=2"), map[*message.Request]bool{requestOf("GET", "", "Cookie: a=1", "Cookie: b=2"): true})
	check(t, onHeaders("a=", "b=2"), map[*message.Request]bool{
		requestOf("GET", "", "A: ", "B: 2"): true, requestOf("GET", "", "B: 2"): false, requestOf("GET", "", "A: "): false,
	})
}

func TestWhichRequestsMeetACookieCondition(t *testing.T) {
	t.Parallel()
	on := func(texts ...string) *snapshot.Conditions {
		c := &snapshot.Conditions{}
		for _, text := range texts {
			c.Cookies = append(c.Cookies, conditionOf(text))
		}
		return c
	}
	check(t, on("can-ary=always"), map[*message.Request]bool{
		requestOf("GET", "", "Cookie: can-ary=always"):                           true,
		requestOf("GET", "", "Cookie: a=1; Can-Ary=always; b=2"):                 true,
		requestOf("GET", "", "Cookie: a=1;can-ary = always "):                    true,
		requestOf("GET", "", "Cookie: a=1", "cookie: can-ary=always"):            true,
		requestOf("GET", "", "!Cookie: can-ary=never", "Cookie: can-ary=always"): true,
		requestOf("GET", "", "Cookie: can-ary=always; can-ary=never"):            true,
		requestOf("GET", "", "Cookie: can-ary=never; can-ary=always"):            false,
		requestOf("GET", "", "Cookie: can-ary=never", "Cookie: can-ary=always"):  false,
		requestOf("GET", "", "Cookie: can-ary=Always"):                           false,
		requestOf("GET", "", "Cookie: can-ary=always=1"):                         false,
		requestOf("GET", "", "Cookie: xcan-ary=always; can-aryx=always; always"): false,
		requestOf("GET", "", "Cookie: x=can-ary=always"):                         false,
		requestOf("GET", "", "Cookie: can-ary"):                                  false,
		requestOf("GET", "", "Cookie: "):                                         false,
		requestOf("GET", "", "can-ary: always"):                                  false,
		requestOf("GET", "?can-ary=always"):                                      false,
	})
	check(t, on("a=", "b~[0-9]+"), map[*message.Request]bool{
		requestOf("GET", "", "Cookie: a=; b=17"): true, requestOf("GET", "", "Cookie: b=17"): false, requestOf("GET", "", "Cookie: a=; b=x"): false,
	})
}

func TestWhichRequestsMeetAQueryCondition(t *testing.T) {
	t.Parallel()
	check(t, onQuery("v=2"), map[*message.Request]bool{
		requestOf("GET", "?v=2"):           true,
		requestOf("GET", "?a&&b=1&v=2&c"):  true,
		requestOf("GET", "?%76=%32"):       true,
		requestOf("GET", "?v=2&v=3"):       true,
		requestOf("GET", "?v=3&v=2"):       false,
		requestOf("GET", "?%76=3&v=2"):     false,
		requestOf("GET", ""):               false,
		requestOf("GET", "?"):              false,
		requestOf("GET", "?v"):             false,
		requestOf("GET", "?v="):            false,
		requestOf("GET", "?v=22"):          false,
		requestOf("GET", "?v=2%"):          false,
		requestOf("GET", "?v=2;w"):         false,
		requestOf("GET", "?V=2"):           false,
		requestOf("GET", "?vv=2"):          false,
		requestOf("GET", "?=v=2"):          false,
		requestOf("GET", "?w=v=2"):         false,
		requestOf("GET", "??v=2"):          false,
		requestOf("GET", "", "v: 2"):       false,
		requestOf("POST", "?w=%26v=2&v=2"): true,
	})
	check(t, onQuery("a b=c d%zz=&"), map[*message.Request]bool{
		requestOf("GET", "?a+b=c%20d%zz=%26"):   true,
		requestOf("GET", "?a%20b=c+d%25zz%3d&"): false,
		requestOf("GET", "?a%2Bb=c+d%zz=%26"):   false,
		requestOf("GET", "?a+b=c+d%zz"):         false,
	})
	check(t, onQuery("v="), map[*message.Request]bool{
		requestOf("GET", "?v"): true, requestOf("GET", "?v="): true, requestOf("GET", "?v=1"): false, requestOf("GET", "?"): false,
	})
	check(t, onQuery("v~[0-9 ]+"), map[*message.Request]bool{
		requestOf("GET", "?v=12"): true, requestOf("GET", "?v=1+2%33"): true, requestOf("GET", "?v=1%2B2"): false,
		requestOf("GET", "?v=12x"): false, requestOf("GET", "?v=x&v=12"): false, requestOf("GET", "?w=12"): false,
	})
}

// check checks which requests meet conditions, and that Unmet agrees.
func check(t *testing.T, c *snapshot.Conditions, requests map[*message.Request]bool) {
	t.Helper()
	compiled, err := compileConditions(c, compileText)
	if err != nil {
		t.Fatal(err)
	}
	for req, want := range requests {
		if got := compiled.hold(req); got != want {
			t.Errorf("%s: %s meets it: %t, want %t", c, shown(req), got, want)
		}
		if unmet := Unmet(c, req); (len(unmet) == 0) != want {
			t.Errorf("%s: %s does not meet %q, want %t", c, shown(req), unmet, want)
		}
	}
}

func TestWhichConditionIsNotMetIsSaidInWords(t *testing.T) {
	t.Parallel()
	all := &snapshot.Conditions{
		Methods: []string{"GET", "PUT"}, Headers: []snapshot.Condition{conditionOf("a=1"), conditionOf("b~x+")},
		Cookies: []snapshot.Condition{conditionOf("c=3")}, Query: []snapshot.Condition{conditionOf("v=2")},
	}
	for want, req := range map[string]*message.Request{
		"":                         requestOf("GET", "?v=2", "A: 1", "B: xx", "Cookie: c=3"),
		"method GET or PUT":        requestOf("HEAD", "?v=2", "A: 1", "B: x", "Cookie: c=3"),
		`header a is "1"`:          requestOf("GET", "?v=2", "A: 2", "B: x", "Cookie: c=3"),
		`header b matches "x+"`:    requestOf("GET", "?v=2", "A: 1", "Cookie: c=3"),
		`cookie c is "3"`:          requestOf("GET", "?v=2", "A: 1", "B: x", "Cookie: b=3"),
		`query parameter v is "2"`: requestOf("GET", "?v=3", "A: 1", "B: x", "Cookie: c=3"),
		`method GET or PUT, header a is "1", header b matches "x+", cookie c is "3", query parameter v is "2"`: requestOf("HEAD", ""),
	} {
		if got := strings.Join(Unmet(all, req), ", "); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := Unmet(onHeaders("a~("), requestOf("GET", "")); len(got) != 1 || !strings.Contains(got[0], `header a matches "("`) {
		t.Errorf("an expression that does not compile: %q", got)
	}
}
