// SPDX-License-Identifier: Apache-2.0

package condition

import (
	"strings"
	"testing"

	"github.com/warren-dev/ingress/proxy/condition/conditiontest"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/plain"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

func TestWhichRequestsMeetAMethodCondition(t *testing.T) {
	t.Parallel()
	check(t, conditiontest.OnMethods("GET", "PUT"), map[*message.Request]bool{
		conditiontest.RequestOf("GET", ""): true, conditiontest.RequestOf("PUT", ""): true, conditiontest.RequestOf("HEAD", ""): false, conditiontest.RequestOf("get", ""): false,
		conditiontest.RequestOf("GETS", ""): false, conditiontest.RequestOf("GE", ""): false,
	})
}

func TestWhichRequestsMeetAHeaderCondition(t *testing.T) {
	t.Parallel()
	check(t, conditiontest.OnHeaders("x-a=one"), map[*message.Request]bool{
		conditiontest.RequestOf("GET", "", "X-A: one"):                         true,
		conditiontest.RequestOf("GET", "", "Other: x", "x-a: one", "X-Ab: no"): true,
		conditiontest.RequestOf("GET", ""):                                     false,
		conditiontest.RequestOf("GET", "", "X-A: One"):                         false,
		conditiontest.RequestOf("GET", "", "X-A: one more"):                    false,
		conditiontest.RequestOf("GET", "", "X-A: "):                            false,
		conditiontest.RequestOf("GET", "", "X-Ab: one"):                        false,
		conditiontest.RequestOf("GET", "", "!X-A: one"):                        false,
		conditiontest.RequestOf("GET", "", "!X-A: two", "X-A: one"):            true,
		conditiontest.RequestOf("GET", "", "X-A: one", "!X-A: two"):            true,
		conditiontest.RequestOf("GET", "", "X-A: one", "X-A: two"):             false,
		conditiontest.RequestOf("GET", "", "X-A: two", "X-A: one"):             false,
		conditiontest.RequestOf("GET", "?x-a=one"):                             false,
	})
	check(t, conditiontest.OnHeaders("x-a=one, two"), map[*message.Request]bool{
		conditiontest.RequestOf("GET", "", "X-A: one, two"):                                true,
		conditiontest.RequestOf("GET", "", "X-A: one", "!x-a: no", "Other: x", "x-a: two"): true,
		conditiontest.RequestOf("GET", "", "X-A: two", "x-a: one"):                         false,
	})
	check(t, conditiontest.OnHeaders("x-a~[a-z]+, two"), map[*message.Request]bool{
		conditiontest.RequestOf("GET", "", "X-A: one, two"):          true,
		conditiontest.RequestOf("GET", "", "X-A: one", "x-a: two"):   true,
		conditiontest.RequestOf("GET", "", "X-A: one", "x-a: twos"):  false,
		conditiontest.RequestOf("GET", "", "X-A: .one", "x-a: two"):  false,
		conditiontest.RequestOf("GET", "", "X-A: one", "x-a: two\n"): false,
	})
	check(t, conditiontest.OnHeaders("cookie~.*b=2.*"), map[*message.Request]bool{
		conditiontest.RequestOf("GET", "", "Cookie: a=1", "Cookie: b=2"): true, conditiontest.RequestOf("GET", "", "Cookie: a=1; b=3"): false,
	})
	check(t, conditiontest.OnHeaders("cookie=a=1; b=2"), map[*message.Request]bool{conditiontest.RequestOf("GET", "", "Cookie: a=1", "Cookie: b=2"): true})
	check(t, conditiontest.OnHeaders("a=", "b=2"), map[*message.Request]bool{
		conditiontest.RequestOf("GET", "", "A: ", "B: 2"): true, conditiontest.RequestOf("GET", "", "B: 2"): false, conditiontest.RequestOf("GET", "", "A: "): false,
	})
}

func TestWhichRequestsMeetACookieCondition(t *testing.T) {
	t.Parallel()
	on := func(texts ...string) *snapshot.Conditions {
		c := &snapshot.Conditions{}
		for _, text := range texts {
			c.Cookies = append(c.Cookies, conditiontest.Of(text))
		}
		return c
	}
	check(t, on("can-ary=always"), map[*message.Request]bool{
		conditiontest.RequestOf("GET", "", "Cookie: can-ary=always"):                           true,
		conditiontest.RequestOf("GET", "", "Cookie: a=1; Can-Ary=always; b=2"):                 true,
		conditiontest.RequestOf("GET", "", "Cookie: a=1;can-ary = always "):                    true,
		conditiontest.RequestOf("GET", "", "Cookie: a=1", "cookie: can-ary=always"):            true,
		conditiontest.RequestOf("GET", "", "!Cookie: can-ary=never", "Cookie: can-ary=always"): true,
		conditiontest.RequestOf("GET", "", "Cookie: can-ary=always; can-ary=never"):            true,
		conditiontest.RequestOf("GET", "", "Cookie: can-ary=never; can-ary=always"):            false,
		conditiontest.RequestOf("GET", "", "Cookie: can-ary=never", "Cookie: can-ary=always"):  false,
		conditiontest.RequestOf("GET", "", "Cookie: can-ary=Always"):                           false,
		conditiontest.RequestOf("GET", "", "Cookie: can-ary=always=1"):                         false,
		conditiontest.RequestOf("GET", "", "Cookie: xcan-ary=always; can-aryx=always; always"): false,
		conditiontest.RequestOf("GET", "", "Cookie: x=can-ary=always"):                         false,
		conditiontest.RequestOf("GET", "", "Cookie: can-ary"):                                  false,
		conditiontest.RequestOf("GET", "", "Cookie: "):                                         false,
		conditiontest.RequestOf("GET", "", "can-ary: always"):                                  false,
		conditiontest.RequestOf("GET", "?can-ary=always"):                                      false,
	})
	check(t, on("a=", "b~[0-9]+"), map[*message.Request]bool{
		conditiontest.RequestOf("GET", "", "Cookie: a=; b=17"): true, conditiontest.RequestOf("GET", "", "Cookie: b=17"): false, conditiontest.RequestOf("GET", "", "Cookie: a=; b=x"): false,
	})
}

func TestWhichRequestsMeetAQueryCondition(t *testing.T) {
	t.Parallel()
	check(t, conditiontest.OnQuery("v=2"), map[*message.Request]bool{
		conditiontest.RequestOf("GET", "?v=2"):           true,
		conditiontest.RequestOf("GET", "?a&&b=1&v=2&c"):  true,
		conditiontest.RequestOf("GET", "?%76=%32"):       true,
		conditiontest.RequestOf("GET", "?v=2&v=3"):       true,
		conditiontest.RequestOf("GET", "?v=3&v=2"):       false,
		conditiontest.RequestOf("GET", "?%76=3&v=2"):     false,
		conditiontest.RequestOf("GET", ""):               false,
		conditiontest.RequestOf("GET", "?"):              false,
		conditiontest.RequestOf("GET", "?v"):             false,
		conditiontest.RequestOf("GET", "?v="):            false,
		conditiontest.RequestOf("GET", "?v=22"):          false,
		conditiontest.RequestOf("GET", "?v=2%"):          false,
		conditiontest.RequestOf("GET", "?v=2;w"):         false,
		conditiontest.RequestOf("GET", "?V=2"):           false,
		conditiontest.RequestOf("GET", "?vv=2"):          false,
		conditiontest.RequestOf("GET", "?=v=2"):          false,
		conditiontest.RequestOf("GET", "?w=v=2"):         false,
		conditiontest.RequestOf("GET", "??v=2"):          false,
		conditiontest.RequestOf("GET", "", "v: 2"):       false,
		conditiontest.RequestOf("POST", "?w=%26v=2&v=2"): true,
	})
	check(t, conditiontest.OnQuery("a b=c d%zz=&"), map[*message.Request]bool{
		conditiontest.RequestOf("GET", "?a+b=c%20d%zz=%26"):   true,
		conditiontest.RequestOf("GET", "?a%20b=c+d%25zz%3d&"): false,
		conditiontest.RequestOf("GET", "?a%2Bb=c+d%zz=%26"):   false,
		conditiontest.RequestOf("GET", "?a+b=c+d%zz"):         false,
	})
	check(t, conditiontest.OnQuery("v="), map[*message.Request]bool{
		conditiontest.RequestOf("GET", "?v"): true, conditiontest.RequestOf("GET", "?v="): true, conditiontest.RequestOf("GET", "?v=1"): false, conditiontest.RequestOf("GET", "?"): false,
	})
	check(t, conditiontest.OnQuery("v~[0-9 ]+"), map[*message.Request]bool{
		conditiontest.RequestOf("GET", "?v=12"): true, conditiontest.RequestOf("GET", "?v=1+2%33"): true, conditiontest.RequestOf("GET", "?v=1%2B2"): false,
		conditiontest.RequestOf("GET", "?v=12x"): false, conditiontest.RequestOf("GET", "?v=x&v=12"): false, conditiontest.RequestOf("GET", "?w=12"): false,
	})
}

// check checks which requests meet conditions, and that Unmet agrees.
func check(t *testing.T, c *snapshot.Conditions, requests map[*message.Request]bool) {
	t.Helper()
	compiled, err := Compile(c, Whole)
	if err != nil {
		t.Fatal(err)
	}
	for req, want := range requests {
		if got := compiled.Hold(req, new(plain.Effort)); got != want {
			t.Errorf("%s: %s meets it: %t, want %t", c, conditiontest.Shown(req), got, want)
		}
		if unmet := Unmet(c, req); (len(unmet) == 0) != want {
			t.Errorf("%s: %s does not meet %q, want %t", c, conditiontest.Shown(req), unmet, want)
		}
	}
}

func TestWhichConditionIsNotMetIsSaidInWords(t *testing.T) {
	t.Parallel()
	all := &snapshot.Conditions{
		Methods: []string{"GET", "PUT"}, Headers: []snapshot.Condition{conditiontest.Of("a=1"), conditiontest.Of("b~x+")},
		Cookies: []snapshot.Condition{conditiontest.Of("c=3")}, Query: []snapshot.Condition{conditiontest.Of("v=2")},
	}
	for want, req := range map[string]*message.Request{
		"":                         conditiontest.RequestOf("GET", "?v=2", "A: 1", "B: xx", "Cookie: c=3"),
		"method GET or PUT":        conditiontest.RequestOf("HEAD", "?v=2", "A: 1", "B: x", "Cookie: c=3"),
		`header a is "1"`:          conditiontest.RequestOf("GET", "?v=2", "A: 2", "B: x", "Cookie: c=3"),
		`header b matches "x+"`:    conditiontest.RequestOf("GET", "?v=2", "A: 1", "Cookie: c=3"),
		`cookie c is "3"`:          conditiontest.RequestOf("GET", "?v=2", "A: 1", "B: x", "Cookie: b=3"),
		`query parameter v is "2"`: conditiontest.RequestOf("GET", "?v=3", "A: 1", "B: x", "Cookie: c=3"),
		`method GET or PUT, header a is "1", header b matches "x+", cookie c is "3", query parameter v is "2"`: conditiontest.RequestOf("HEAD", ""),
	} {
		if got := strings.Join(Unmet(all, req), ", "); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := Unmet(conditiontest.OnHeaders("a~("), conditiontest.RequestOf("GET", "")); len(got) != 1 || !strings.Contains(got[0], `header a matches "("`) {
		t.Errorf("an expression that does not compile: %q", got)
	}
}
