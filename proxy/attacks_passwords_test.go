// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"fmt"
	"strings"
	"testing"

	"github.com/warren-dev/ingress/proxy/auth"
	"github.com/warren-dev/ingress/proxy/policy"
)

// Who knows no password does not get in, however it asks.
func TestAttacksByPasswords(t *testing.T) {
	t.Parallel()
	besiege(t, func(s *siege) []attack {
		right, guard := knows("alice:secret"), s.guarding(basicAuth)
		wanted := refused(401, "AuthRequired", `WWW-Authenticate: Basic realm="admin", charset="UTF-8"`)
		all := []attack{
			{name: "by the method TRACE", before: guard, asked: asked{method: "TRACE", fields: []string{right}}, want: refused(405, "MethodNotAllowed")},
			{name: "none: the right password", before: guard, asked: asked{fields: []string{right}}, want: harmless("Authorization:")},
			{name: "none: the right password by apr1", before: guard, asked: asked{fields: []string{knows("bob:secret")}}},
			{name: "none: the right password by SHA", before: guard, asked: asked{fields: []string{knows("carol:secret")}}},
			{name: "none: the scheme in other letters", before: guard, asked: asked{fields: []string{strings.Replace(right, "Basic", "bASIC", 1)}}},
		}
		for _, a := range []struct {
			name   string
			fields []string
		}{
			{"nothing", nil},
			{"a wrong password", []string{knows("alice:Secret")}},
			{"no password", []string{knows("alice:")}},
			{"another's name", []string{knows("root:secret")}},
			{"no name", []string{knows(":secret")}},
			{"nothing in the field", []string{knows("")}},
			{"no colon", []string{knows("alicesecret")}},
			{"more than the password", []string{knows("alice:secret:")}},
			{"a null byte behind the password", []string{knows("alice:secret\x00")}},
			{"a null byte in the name", []string{knows("alice\x00:secret")}},
			{"the hash in place of the password", []string{knows(strings.SplitN(htpasswd, "\n", 2)[0])}},
			{"the whole list of users", []string{knows(htpasswd)}},
			{"a very long password", []string{knows("alice:" + strings.Repeat("x", 9_000))}},
			{"a name as of another line", []string{knows("x\nalice:secret")}},
			{"the name of a comment", []string{knows("#:secret")}},
			{"what is not base64", []string{"Authorization: Basic alice:secret"}},
			{"base64 for URLs", []string{"Authorization: Basic YWxpY2U_c2VjcmV0"}},
			{"base64 without padding", []string{strings.TrimRight(knows("alice:secret1"), "=")}},
			{"another scheme", []string{strings.Replace(right, "Basic", "Bearer", 1)}},
			{"no scheme", []string{strings.Replace(right, "Basic ", "", 1)}},
			{"a scheme with a tab", []string{strings.Replace(right, "Basic ", "Basic\t", 1)}},
			{"the right password twice", []string{right, right}},
			{"a wrong password, then the right one", []string{knows("alice:x"), right}},
			{"the right password, then a wrong one", []string{right, knows("alice:x")}},
			{"two in one field", []string{right + ", " + strings.TrimPrefix(right, "Authorization: ")}},
			{"a field for proxies", []string{"Proxy-" + right}},
			{"a field with an underscore", []string{strings.Replace(right, "Authorization", "Authorization_", 1)}},
			{"a cookie", []string{strings.Replace(right, "Authorization: ", "Cookie: Authorization=", 1)}},
			{"who is signed in already", []string{"Remote-User: alice", "X-Auth-Request-User: alice", "X-Forwarded-User: alice"}},
			{"another URL", []string{"X-Original-URL: /", "X-Rewrite-URL: /open"}},
			{"the address of this machine", []string{"X-Forwarded-For: 127.0.0.1", "X-Real-IP: 127.0.0.1", "Forwarded: for=127.0.0.1"}},
			{"another method in a field", []string{"X-HTTP-Method-Override: OPTIONS"}},
			{"a preflight where there is no CORS", []string{"Origin: https://a", "Access-Control-Request-Method: GET"}},
		} {
			for _, method := range []string{"GET", "OPTIONS", "PROPFIND"} {
				all = append(all, attack{name: a.name + ", by " + method, before: guard, asked: asked{method: method, fields: a.fields}, want: wanted})
			}
		}
		return all
	})
}

// What a rule asks for holds for its path in each spelling, and for no other rule's.
func TestAttacksByPaths(t *testing.T) {
	t.Parallel()
	besiege(t, func(s *siege) (all []attack) {
		admin := prefix("/admin", "pool")
		admin.Policies = []policy.Policy{basicAuth}
		before := func() { s.serves(hostsOf(prefix("/", "pool"), admin)) }
		for want, paths := range map[string][]string{
			"401 AuthRequired": {
				"/admin", "/admin/", "/admin?x", "/admin/x", "//admin", "///admin//x", "/./admin", "/x/../admin", "/x/%2e%2e/admin", "/%61dmin",
				"/%61%64%6d%69%6e", "/admin/../admin", "/admin/./.", "/x;/../admin", "/%2e/admin", "/admin/%2e", "/%2561dmin/../admin",
			},
			"400 AmbiguousPath": {
				"/admin%2Fx", "/x/..%2fadmin", "/%2Fadmin", "/admin;x=1", "/admin;/x", "/admin/..;/admin", "/admin%5cx", "/x%5c..%5cadmin",
			},
			"400 MalformedPath":    {"/.%2e/admin", "/admin%00"},
			"400 MalformedRequest": {"/admin#x", "/x /../admin"},
			"":                     {"/", "/administrator", "/Admin", "/x/admin", "/?/admin", "/admin/../x", "/admin%3fx"}, // other rules' paths
		} {
			for _, path := range paths {
				a := attack{name: "the spelling " + path, before: before, asked: asked{path: path}}
				_, _ = fmt.Sscan(want, &a.want.status, &a.want.reason)
				all = append(all, a)
			}
		}
		return all
	})
}

// A Secret that is gone, emptied or of another kind lets nobody in, and one that has changed lets in nobody who knew a
// password before: from the next request on, also on a connection that is there.
func TestAttacksWhileUsersChange(t *testing.T) {
	t.Parallel()
	const other = "alice:$2y$05$FIxhFwnO5aG3n649F7yke.xSgQRw0HSvnc9/ly4TVB8ImGqJKG9RS\n" // a
	besiege(t, func(s *siege) (all []attack) {
		unavailable := refused(503, "AuthUnavailable")
		for _, a := range []struct {
			name, users, missing string
			want                 outcome
		}{
			{"emptied", "", "", unavailable},
			{"of comments alone", "# nobody\n", "", unavailable},
			{"of passwords that nobody hashed", "alice:secret\n", "", unavailable},
			{"of another kind", "\x00\x01\x02", "", unavailable},
			{"deleted", htpasswd, "there is no Secret shop/users", unavailable},
			{"with another password", other, "", refused(401, "AuthRequired")},
			{"without the user", strings.Replace(htpasswd, "alice", "dave", 1), "", refused(401, "AuthRequired")},
		} {
			known := &asked{fields: []string{knows("alice:secret")}}
			all = append(all, attack{name: "a list of users " + a.name, before: s.guarding(basicAuth), first: known,
				meanwhile: s.guarding(&auth.Basic{Realm: "admin", Users: a.users, Missing: a.missing, Namespace: "shop"}), asked: *known, want: a.want})
		}
		return all
	})
}
