// SPDX-License-Identifier: Apache-2.0

package auth

import (
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

func TestARouteThatAsksNobodyIsNotGuarded(t *testing.T) {
	if Guard(nil) != nil {
		t.Error("a route without policies is guarded")
	}
}
