// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"encoding/base64"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/keyset"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/password"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/step"
)

// users are by htpasswd -B -C 5, -m and -s. The password of each is secret.
const users = "alice:$2y$05$3oKk4d55UJdXZzBjW9ZHseS2ebVtoZ0Ee4jad1gdn2gm.KMdgHbIy\n" +
	"bob:$apr1$fFn1aj9e$d2Sre3RpS/OCWwZANEE2X/\ncarol:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n"

func newScope() *step.Scope {
	return &step.Scope{Passwords: password.NewChecker(), Keys: keyset.New()}
}

// compiled is a policy's steps, with what they are asked.
func compiled(t *testing.T, s *step.Scope, p step.Policy) func(*step.View) step.Answer {
	t.Helper()
	steps, err := p.Compile(s)
	if err != nil {
		t.Fatal(err)
	}
	return steps.Request
}

// viewOf is a request with fields, now.
func viewOf(lines ...string) *step.View {
	return &step.View{Request: &message.Request{Fields: fieldsOf(lines...)}, Now: time.Now()}
}

// waiting is a request that waits, and is ended if it says so.
type waiting struct{ ended bool }

func (w *waiting) Arm(c io.Closer) bool { return !w.ended }

func (w *waiting) Disarm() reason.Reason { return reason.None }

func (w *waiting) Gather(int64, *atomic.Int64) ([]byte, step.Answer) {
	panic("no content is asked for")
}

// ask asks a step, and whoever it waits for. waited says whether there was somebody.
func ask(request func(*step.View) step.Answer, v *step.View) (answer step.Answer, waited bool) {
	answer = request(v)
	if answer.Next != step.Wait {
		return answer, false
	}
	return v.Await.Ask(v, new(waiting)), true
}

func basicOf(login string) string {
	return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(login))
}

func TestBasicLetsInWhoKnowsAPassword(t *testing.T) {
	request := compiled(t, newScope(), &Basic{Realm: `the "till"`, Users: users, Namespace: "shop"})
	const challenge = `Basic realm="the \"till\"", charset="UTF-8"`
	tests := map[string]struct {
		fields []string
		user   string // empty if it is refused
	}{
		"bcrypt":             {[]string{basicOf("alice:secret")}, "alice"},
		"apr1":               {[]string{basicOf("bob:secret")}, "bob"},
		"SHA":                {[]string{basicOf("carol:secret")}, "carol"},
		"scheme in capitals": {[]string{strings.Replace(basicOf("alice:secret"), "Basic", "BASIC", 1)}, "alice"},
		"more spaces":        {[]string{strings.Replace(basicOf("alice:secret"), "Basic ", "basic   ", 1)}, "alice"},
		"proxy's own too":    {[]string{"Proxy-Authorization: Basic x", basicOf("alice:secret")}, "alice"},

		"nothing":            {nil, ""},
		"wrong":              {[]string{basicOf("alice:Secret")}, ""},
		"no password":        {[]string{basicOf("alice:")}, ""},
		"colon in password":  {[]string{basicOf("alice:secret:")}, ""},
		"no colon":           {[]string{basicOf("alice")}, ""},
		"no user":            {[]string{basicOf(":secret")}, ""},
		"unknown user":       {[]string{basicOf("root:secret")}, ""},
		"user in capitals":   {[]string{basicOf("Alice:secret")}, ""},
		"a hash":             {[]string{basicOf("carol:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=")}, ""},
		"null byte":          {[]string{basicOf("alice:secret\x00")}, ""},
		"new line":           {[]string{basicOf("alice:secret\n")}, ""},
		"long":               {[]string{basicOf("alice:" + strings.Repeat("x", 100_000))}, ""},
		"not base64":         {[]string{"Authorization: Basic alice:secret"}, ""},
		"without padding":    {[]string{strings.TrimRight(basicOf("alice:secret1"), "=")}, ""},
		"another scheme":     {[]string{strings.Replace(basicOf("alice:secret"), "Basic", "Bearer", 1)}, ""},
		"no scheme":          {[]string{strings.Replace(basicOf("alice:secret"), "Basic ", "", 1)}, ""},
		"scheme alone":       {[]string{"Authorization: Basic"}, ""},
		"scheme and nothing": {[]string{"Authorization: Basic "}, ""},
		"twice":              {[]string{basicOf("alice:secret"), basicOf("alice:secret")}, ""},
		"by another name":    {[]string{strings.Replace(basicOf("alice:secret"), "A", "Proxy-A", 1)}, ""},
	}
	for _, round := range []string{"first", "again"} {
		for name, test := range tests {
			v := viewOf(append([]string{"Accept: */*"}, test.fields...)...)
			answer, waited := ask(request, v)
			if waited && round == "again" {
				t.Errorf("%s: a verdict is waited for again", name)
			}
			if test.user != "" {
				if answer != (step.Answer{}) || v.User != test.user {
					t.Errorf("%s, %s: answered by %v as %q", name, round, answer, v.User)
				}
				for _, line := range passedOn(v.Request.Fields) {
					if strings.HasPrefix(line, "Authorization") {
						t.Errorf("%s, %s: the endpoint gets %s", name, round, line)
					}
				}
				continue
			}
			for _, line := range passedOn(v.Request.Fields) {
				if strings.HasPrefix(line, "Authorization: ") {
					t.Errorf("%s, %s: the service with a page gets %s", name, round, line)
				}
			}
			if answer != (step.Answer{Reason: reason.AuthRequired}) || v.User != "" {
				t.Errorf("%s, %s: answered by %v as %q", name, round, answer, v.User)
			}
			if diff := cmp.Diff([]string{"WWW-Authenticate: " + challenge}, passedOn(v.Fields)); diff != "" {
				t.Errorf("%s, %s (-want +got):\n%s", name, round, diff)
			}
		}
	}
}

func TestBasicWithoutUsersLetsInNobody(t *testing.T) {
	for name, test := range map[string]struct {
		policy Basic
		cause  string
	}{
		"missing":   {Basic{Missing: "there is no Secret shop/users", Users: users}, "basic-auth: there is no Secret shop/users"},
		"empty":     {Basic{}, "basic-auth: no user is listed: write lines of user:hash, as htpasswd -nB does"},
		"malformed": {Basic{Users: "alice:secret"}, `basic-auth: line 1 is for user "alice", whose hash is none by bcrypt ($2y$), apr1 ($apr1$) or {SHA}: make it by htpasswd -B`},
	} {
		v := viewOf(basicOf("alice:secret"))
		v.Notes = new([]step.Note)
		answer, waited := ask(compiled(t, newScope(), &test.policy), v)
		if answer != (step.Answer{Reason: reason.AuthUnavailable, Cause: test.cause}) || waited || v.User != "" {
			t.Errorf("%s: answered by %v", name, answer)
		}
		if notes := *v.Notes; len(notes) != 1 || notes[0].Passed || "basic-auth: "+notes[0].Text != test.cause {
			t.Errorf("%s: noted %v", name, notes)
		}
	}
}

func TestWhoIsAdmittedHasToProveNothing(t *testing.T) {
	for name, p := range map[string]step.Policy{"basic": &Basic{Users: users}, "basic without users": &Basic{Missing: "x"}, "jwt": &JWT{Missing: "x"}} {
		v := viewOf(basicOf("alice:wrong"))
		v.Admitted = true
		if answer, waited := ask(compiled(t, newScope(), p), v); answer != (step.Answer{}) || waited {
			t.Errorf("%s: answered by %v", name, answer)
		}
		if lines := passedOn(v.Request.Fields); (len(lines) == 0) != (p.Name() == basicName) {
			t.Errorf("%s: the endpoint gets %q", name, lines)
		}
	}
}

func TestBasicForetellsWhatItWouldCheck(t *testing.T) {
	request := compiled(t, newScope(), &Basic{Users: users})
	tests := []struct {
		login, text string
		passed      bool
	}{
		{"", "the request has no Authorization: Basic, which has to bring the password of one of 3 users", false},
		{"alice:secret", "would find out whether the request brings the password of one of 3 users; goes on as if it did", true},
		{"carol:secret", "the request brings the password of the user carol", true},
		{"carol:Secret", "what the request brings is not the password of one of 3 users", false},
	}
	for _, test := range tests {
		v := viewOf()
		if test.login != "" {
			v = viewOf(basicOf(test.login))
		}
		v.Notes = new([]step.Note)
		if answer := request(v); answer.Next == step.Wait {
			v.Await.Foretell(v)
		} else if (answer.Reason == reason.None) != test.passed {
			t.Errorf("%q: answered by %v", test.login, answer)
		}
		if diff := cmp.Diff([]step.Note{{Policy: "basic-auth", Passed: test.passed, Text: test.text}}, *v.Notes); diff != "" {
			t.Errorf("%q (-want +got):\n%s", test.login, diff)
		}
	}
}

func TestARequestThatWasEndedIsNotLetIn(t *testing.T) {
	v := viewOf(basicOf("alice:secret"))
	if answer := compiled(t, newScope(), &Basic{Users: users})(v); answer.Next != step.Wait {
		t.Fatalf("answered by %v", answer)
	}
	if answer := v.Await.Ask(v, &waiting{ended: true}); answer.Reason != reason.AuthUnavailable {
		t.Errorf("answered by %v", answer)
	}
}
