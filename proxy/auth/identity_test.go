// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/step"
)

// fieldsOf reads lines of "Name: value".
func fieldsOf(lines ...string) (fields []message.Field) {
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		fields = append(fields, message.Field{Name: []byte(name), Value: []byte(value), Kind: message.KindOf([]byte(name))})
	}
	return fields
}

// passedOn returns the lines of the fields that go to endpoints.
func passedOn(fields []message.Field) (lines []string) {
	for _, f := range fields {
		if f.Kind.EndToEnd() {
			lines = append(lines, string(f.Name)+": "+string(f.Value))
		}
	}
	return lines
}

func TestNobodySaysByItselfWhoItIs(t *testing.T) {
	forged := []string{
		"Client-Cert: x", "client-cert: x", "CLIENT_CERT: x", "Client-Cert-Chain: x", "Client_Cert-Chain: x",
		"Ssl-Client-Verify: SUCCESS", "ssl-client-cert: x", "SSL_CLIENT_S_DN: x", "ssl.client.subject-dn: x",
		"X-Auth-Request-User: root", "x-auth-request-email: x", "X_Auth_Request_Groups: x", "x-auth-request-x: x",
		"Remote-User: root", "REMOTE_USER: root", "remote.user: root", "Remote-User: again",
		"X-Forwarded-Client-Cert: x", "x_forwarded_client_cert: x",
		"X-Role: root", "X-User: root", "x-user: root", "X_USER: root", "x.uSer: root", "X!User: root",
		"X-Very-Long-Name-Of-A-Field-That-Says-Which-Groups-Somebody-Is-In-By-Name: x",
		"X-Very_Long-Name-Of-A-Field-That-Says-Which-Groups-Somebody-Is-In-By-Name: x",
	}
	honest := []string{
		"Authorization: Bearer x", "Cookie: a=b", "Client-Certs: x", "Client-Cer: x", "Ssl-Client-: x", "Ssl-Clients: x", "X-Auth-Request-: x",
		"X-Auth-Requests: x", "Remote-Users: x", "X-Users: x", "XUser: x", "X-Usex: x", "X-User2: x", "X-Forwarded-For: 192.0.2.1",
		"X-Very-Long-Name-Of-A-Field-That-Says-Which-Groups-Somebody-Is-In-By-Role: x",
	}
	steps := Guard([]step.Policy{&ClientCertificate{}, &JWT{ForwardClaims: []ForwardedClaim{{"role", "X-Role"}}}, &Basic{}, &External{ResponseHeaders: []string{
		AllFields, "X-User", "Authorization", "Cookie", "X-Very-Long-Name-Of-A-Field-That-Says-Which-Groups-Somebody-Is-In-By-Name",
	}}})
	v := &step.View{Request: new(message.Request)}
	for what, drop := range map[string]func([]message.Field){
		"request": func(fields []message.Field) {
			v.Request.Fields = fields
			if answer := steps.Request(v); answer != (step.Answer{}) {
				t.Errorf("the request is answered by %v", answer)
			}
		},
		"trailers": steps.Trailers,
	} {
		fields := fieldsOf(slices.Concat(forged, honest)...)
		if allocated := testing.AllocsPerRun(1, func() { drop(fields) }); allocated != 0 {
			t.Errorf("%s: it allocates %v times", what, allocated)
		}
		if diff := cmp.Diff(honest, passedOn(fields)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
}

// A service without a list of what it gives may give any of the usual names, which no client can say itself, whether it
// has given them before or not.
func TestNobodySaysWhatAServiceMaySayWithoutAList(t *testing.T) {
	forged := []string{
		"X-User: x", "x_user: x", "X-USER-ID: x", "X-Forwarded-User: x", "x.forwarded.email: x", "X-Forwarded-Groups: x", "X-Forwarded-Preferred-Username: x",
		"X-Auth-User: x", "X_Auth_Email: x", "X-Remote-User: x", "Remote-Groups: x", "REMOTE_EMAIL: x", "X-WebAuth-User: x", "X-WEBAUTH-ROLE: x",
		"X-Authentik-Username: x", "X-Pomerium-Claim-Email: x", "X-Amzn-Oidc-Identity: x", "Tailscale-User-Login: x", "Cf-Access-Authenticated-User-Email: x",
	}
	honest := []string{
		"X-User-Agent: grpc-web", "X-Auth-Token: a credential", "X-Auth-Key: a credential", "X-Api-Key: a credential", "Authorization: Bearer x", "Cookie: a=b",
		"X-Forwarded-For: 192.0.2.1", "X-Forwarded-Host: a", "X-Users: x", "X-Request-Id: x", "X-Webauth-: x",
	}
	shown := []string{"X-Team: of the rule", "X-Email: seen by the service"}
	all := slices.Concat(forged, honest, shown)
	usually := slices.Concat(honest, shown[:1])
	for name, test := range map[string]struct {
		by                *External
		admitted          bool
		request, trailers []string
	}{
		"by gRPC":                 {&External{Protocol: GRPC}, false, usually, usually},
		"by all that it says":     {&External{ResponseHeaders: []string{AllFields}}, false, usually, usually},
		"shown to it":             {&External{Protocol: GRPC, ForwardHeaders: []string{"x-email", "X-Team"}}, false, slices.Concat(honest, shown), usually},
		"shown to it, if it were": {&External{Protocol: GRPC, ForwardHeaders: []string{"x-email"}}, true, usually, usually},
		"by a list":               {&External{ResponseHeaders: []string{"X-Id"}}, false, all, all},
	} {
		test.by.Missing = "nobody is there"
		steps, err := test.by.Compile(newScope())
		if err != nil {
			t.Fatal(err)
		}
		v := viewOf(all...)
		v.Admitted = test.admitted
		guard := Guard([]step.Policy{test.by})
		guard.Request(v)
		steps.Request(v)
		without := slices.DeleteFunc(slices.Clone(test.request), func(line string) bool { return !test.admitted && strings.HasPrefix(line, "Authorization") })
		if diff := cmp.Diff(without, passedOn(v.Request.Fields)); diff != "" { // who is refused has no Authorization left
			t.Errorf("%s: the request (-want +got):\n%s", name, diff)
		}
		trailers := fieldsOf(all...)
		guard.Trailers(trailers)
		if diff := cmp.Diff(test.trailers, passedOn(trailers)); diff != "" {
			t.Errorf("%s: the trailers (-want +got):\n%s", name, diff)
		}
	}
	if diff := cmp.Diff([]string{"x-email"}, Shown([]string{"X-Email", "X-Team", "Cookie"})); diff != "" {
		t.Errorf("shown (-want +got):\n%s", diff)
	}
}

func TestARouteThatAsksNobodyIsNotGuarded(t *testing.T) {
	if Guard(nil) != nil {
		t.Error("a route without policies is guarded")
	}
}

func TestTheUsualNamesAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/authentication-external.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(page), "\n## The usual names\n")
	if !ok {
		t.Fatal("there is no such section")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var documented []string
	for _, match := range regexp.MustCompile("(?:- |, )`([A-Za-z*-]+)`").FindAllStringSubmatch(section, -1) {
		documented = append(documented, strings.ToLower(match[1]))
	}
	want := slices.Clone(usualNames)
	for _, prefix := range usualPrefixes {
		want = append(want, prefix+"*")
	}
	slices.Sort(want)
	slices.Sort(documented)
	if diff := cmp.Diff(want, documented); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
