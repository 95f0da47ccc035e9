// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/step"
)

// asked is what becomes of a request with these fields: the fields of the answer to a preflight, and those that a
// response gets that has some already.
func asked(t *testing.T, c *CORS, method string, fields []string, response ...string) (answer step.Answer, preflight, got []string) {
	t.Helper()
	steps, err := c.Compile(nil)
	if err != nil {
		t.Fatal(err)
	}
	v := &step.View{Request: &message.Request{Method: []byte(method), Fields: fieldsOf(fields...)}}
	answer = steps.Request(v)
	v.Request.Fields = nil // the head may be gone by then
	resp := &message.Response{Fields: fieldsOf(response...)}
	steps.Response(v, resp)
	own := &message.Response{Fields: fieldsOf(response...)}
	steps.Own(v, own)
	if diff := cmp.Diff(passedOn(resp.Fields), passedOn(own.Fields)); diff != "" {
		t.Errorf("an answer of our own differs (-endpoint's +own):\n%s", diff)
	}
	return answer, passedOn(v.Fields), passedOn(resp.Fields)
}

func TestWhichOriginsMayRead(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ allowed, from, want string }{
		{"https://a.example.com", "https://a.example.com", "https://a.example.com"},
		{"https://a.example.com", "http://a.example.com", ""},
		{"https://a.example.com", "https://a.example.com:8443", ""},
		{"https://a.example.com", "https://b.example.com", ""},
		{"https://a.example.com", "https://a.example.com.evil.io", ""},
		{"https://a.example.com:443", "https://a.example.com", "https://a.example.com"},
		{"http://a.example.com:80", "http://a.example.com", "http://a.example.com"},
		{"https://a.example.com:8443", "https://a.example.com:8443", "https://a.example.com:8443"},
		{"https://*.example.com", "https://a.example.com", "https://a.example.com"},
		{"https://*.example.com", "https://a.b.example.com", "https://a.b.example.com"},
		{"https://*.example.com", "https://example.com", ""},
		{"https://*.example.com", "https://.example.com", ""},
		{"https://*.example.com", "https://evilexample.com", ""},
		{"https://*.example.com", "https://evil.io/.example.com", ""},
		{"https://*.example.com", "https://evil.io:80#.example.com", ""},
		{"https://*.example.com:8443", "https://a.example.com:8443", "https://a.example.com:8443"},
		{"https://*.example.com:8443", "https://a.example.com", ""},
		{"https://*", "https://a.io", "https://a.io"},
		{"https://*", "https://a.io:81", ""},
		{"https://*", "http://a.io", ""},
		{"*", "https://a.io", "*"},
		{"*", "null", "*"},
		{"https://a.io", "null", ""},
		{"https://a.io", "https://A.io", ""}, // no browser writes that
	} {
		_, _, got := asked(t, &CORS{AllowOrigins: []string{test.allowed}}, "GET", []string{"Origin", test.from})
		want := []string{"Vary", "Origin", "Access-Control-Allow-Origin", test.want}
		switch test.want {
		case "":
			want = want[:2]
		case "*":
			want = want[2:]
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s for %s (-want +got):\n%s", test.from, test.allowed, diff)
		}
	}
}

func TestWhatPagesMayDo(t *testing.T) {
	t.Parallel()
	full := CORS{AllowOrigins: []string{"https://a.io"}, AllowMethods: []string{"PUT", "DELETE"}, AllowHeaders: []string{"X-A", "X-B"},
		ExposeHeaders: []string{"X-C"}, AllowCredentials: true, MaxAge: 600}
	every := CORS{AllowOrigins: []string{"*"}, AllowMethods: []string{"*"}, AllowHeaders: []string{"*"}, ExposeHeaders: []string{"*"}, MaxAge: 5}
	trusting := every
	trusting.AllowCredentials = true
	preflight := func(origin string) []string {
		return []string{"Origin", origin, "Access-Control-Request-Method", "PATCH", "Access-Control-Request-Headers", "x-d"}
	}
	for _, test := range []struct {
		name                string
		cors                *CORS
		method              string
		fields              []string
		answered            bool
		preflight, response []string
	}{
		{"nothing without an origin", &full, "GET", nil, false, nil, []string{"Vary", "Origin"}},
		{"read", &full, "GET", []string{"Origin", "https://a.io"}, false, nil,
			[]string{"Vary", "Origin", "Access-Control-Allow-Origin", "https://a.io", "Access-Control-Allow-Credentials", "true", "Access-Control-Expose-Headers", "X-C"}},
		{"ask before", &full, "OPTIONS", preflight("https://a.io"), true,
			[]string{"Access-Control-Allow-Methods", "PUT, DELETE", "Access-Control-Allow-Headers", "X-A, X-B", "Access-Control-Max-Age", "600"},
			[]string{"Vary", "Origin", "Access-Control-Allow-Origin", "https://a.io", "Access-Control-Allow-Credentials", "true", "Access-Control-Expose-Headers", "X-C"}},
		{"ask in vain", &full, "OPTIONS", preflight("https://b.io"), true, nil, []string{"Vary", "Origin"}},
		{"use OPTIONS for itself", &full, "OPTIONS", []string{"Origin", "https://b.io"}, false, nil, []string{"Vary", "Origin"}},
		{"ask for everything", &every, "OPTIONS", preflight("https://b.io"), true,
			[]string{"Access-Control-Allow-Methods", "*", "Access-Control-Allow-Headers", "*", "Access-Control-Max-Age", "5"},
			[]string{"Access-Control-Allow-Origin", "*", "Access-Control-Expose-Headers", "*"}},
		// A browser that sends credentials takes an asterisk for a name.
		{"ask for everything with credentials", &trusting, "OPTIONS", preflight("https://b.io"), true,
			[]string{"Access-Control-Allow-Methods", "PATCH", "Access-Control-Allow-Headers", "x-d", "Access-Control-Max-Age", "5"},
			[]string{"Vary", "Origin", "Access-Control-Allow-Origin", "https://b.io", "Access-Control-Allow-Credentials", "true"}},
		{"hide in a sandbox and send credentials", &trusting, "GET", []string{"Origin", "null"}, false, nil, []string{"Vary", "Origin"}},
	} {
		answer, preflight, response := asked(t, test.cors, test.method, test.fields)
		if answered := answer.Reason == reason.PreflightAnswered; answered != test.answered {
			t.Errorf("%s: answered: %t", test.name, answered)
		}
		if diff := cmp.Diff(test.preflight, preflight); diff != "" {
			t.Errorf("%s: the preflight (-want +got):\n%s", test.name, diff)
		}
		if diff := cmp.Diff(test.response, response); diff != "" {
			t.Errorf("%s: the response (-want +got):\n%s", test.name, diff)
		}
	}
}

// Two answers to one question are none to a browser.
func TestWhatAnEndpointSaysOfOriginsIsReplaced(t *testing.T) {
	t.Parallel()
	_, _, got := asked(t, &CORS{AllowOrigins: []string{"https://a.io"}}, "GET", []string{"Origin", "https://b.io"},
		"Vary", "Accept", "access-control-allow-origin", "*", "Access-Control-Allow-Credentials", "true", "Access-Control-Expose-Headers", "X")
	if diff := cmp.Diff([]string{"Vary", "Accept", "Vary", "Origin"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCORSDiffers(t *testing.T) {
	t.Parallel()
	c := CORS{AllowOrigins: []string{"*"}}
	other := CORS{AllowOrigins: []string{"*"}}
	if !c.Equal(&other) || c.Equal(nil) || c.Equal((*CORS)(nil)) || c.Equal(&Headers{}) {
		t.Error("two that allow the same differ, or one equals something else")
	}
}

func TestCORSTakesNoMemory(t *testing.T) {
	steps, err := (&CORS{AllowOrigins: []string{"https://*.example.com"}, AllowCredentials: true}).Compile(nil)
	if err != nil {
		t.Fatal(err)
	}
	v := &step.View{Request: &message.Request{Method: []byte("GET"), Fields: fieldsOf("Origin", "https://a.example.com")}, Origin: make([]byte, 0, 64)}
	resp := &message.Response{Fields: make([]message.Field, 0, 8)}
	if n := testing.AllocsPerRun(100, func() {
		v.Origin, resp.Fields = v.Origin[:0], resp.Fields[:0]
		steps.Request(v)
		steps.Response(v, resp)
	}); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

// The fields are on every answer, and a star is one for browsers that send no credentials.
func TestCORSThatIsAlwaysTold(t *testing.T) {
	t.Parallel()
	all := CORS{AllowOrigins: []string{"*"}, AllowMethods: []string{"GET", "PUT"}, AllowHeaders: []string{"X-A"}, AllowCredentials: true, MaxAge: 7, Always: true}
	some := all
	some.AllowOrigins = []string{"https://*.a.io", "null"}
	told := func(origin string, first ...string) []string {
		return append(first, "Access-Control-Allow-Origin", origin, "Access-Control-Allow-Credentials", "true",
			"Access-Control-Allow-Methods", "GET, PUT", "Access-Control-Allow-Headers", "X-A", "Access-Control-Max-Age", "7")
	}
	for _, test := range []struct {
		name   string
		cors   *CORS
		method string
		origin []string
		status int
		want   []string
	}{
		{"every origin", &all, "GET", []string{"Origin", "https://b.io"}, 0, told("*")},
		{"no origin", &all, "GET", nil, 0, told("*")},
		{"OPTIONS", &all, "OPTIONS", nil, 204, told("*")},
		{"one of some", &some, "GET", []string{"Origin", "https://b.a.io"}, 0, told("https://b.a.io", "Vary", "Origin")},
		{"the one of sandboxed pages", &some, "GET", []string{"Origin", "null"}, 0, told("null", "Vary", "Origin")},
		{"two labels", &some, "GET", []string{"Origin", "https://c.b.a.io"}, 0, []string{"Vary", "Origin"}},
		{"another one", &some, "OPTIONS", []string{"Origin", "https://b.io", "Access-Control-Request-Method", "PUT"}, 0, []string{"Vary", "Origin"}},
		{"OPTIONS of one of some", &some, "OPTIONS", []string{"Origin", "https://b.a.io"}, 204, told("https://b.a.io", "Vary", "Origin")},
	} {
		answer, _, got := asked(t, test.cors, test.method, test.origin, "Access-Control-Max-Age", "1", "Access-Control-Allow-Methods", "DELETE")
		if diff := cmp.Diff(test.want, got); diff != "" || answer.Status != test.status || (answer.Reason == reason.PreflightAnswered) != (test.status == 204) {
			t.Errorf("%s: %+v (-want +got):\n%s", test.name, answer, diff)
		}
	}
	other := all
	if other.Always = false; all.Equal(&other) {
		t.Error("one that is not always told is equal")
	}
}

// An endpoint may say it too, and an answer of the rule's own meets the policy twice.
func TestThatAResponseVariesByOriginIsSaidOnce(t *testing.T) {
	t.Parallel()
	steps, err := (&CORS{AllowOrigins: []string{"https://a.io"}}).Compile(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ before, want []string }{
		{nil, []string{"Vary", "Origin"}},
		{[]string{"vary", "Cookie"}, []string{"vary", "Cookie", "Vary", "Origin"}},
		{[]string{"vary", "Cookie, origin"}, []string{"vary", "Cookie, origin"}},
		{[]string{"Vary", "*"}, []string{"Vary", "*"}},
	} {
		v, resp := &step.View{}, &message.Response{Fields: fieldsOf(test.before...)}
		steps.Response(v, resp)
		steps.Own(v, resp)
		if diff := cmp.Diff(test.want, passedOn(resp.Fields)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", test.before, diff)
		}
	}
}

func TestCORSThatIsAlwaysToldTakesNoMemory(t *testing.T) {
	steps, err := (&CORS{AllowOrigins: []string{"*"}, AllowMethods: []string{"GET"}, Always: true}).Compile(nil)
	if err != nil {
		t.Fatal(err)
	}
	v := &step.View{Request: &message.Request{Method: []byte("GET")}, Origin: make([]byte, 0, 64)}
	resp := &message.Response{Fields: make([]message.Field, 0, 8)}
	if n := testing.AllocsPerRun(100, func() {
		v.Origin, resp.Fields = v.Origin[:0], resp.Fields[:0]
		steps.Request(v)
		steps.Response(v, resp)
	}); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}
