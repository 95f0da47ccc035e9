// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/auth"
	"github.com/warren-dev/ingress/proxy/limit"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot/snapshottest"
	"github.com/warren-dev/ingress/proxy/step"
)

// A policy that compiles to nothing would be served as if the route had none.
func TestEveryPolicyIsCompiled(t *testing.T) {
	t.Parallel()
	scope := &step.Scope{Limiter: limit.New(), Kept: func(_ any, first func() any) any { return first() }}
	for _, like := range policy.Order {
		p := snapshottest.FilledPolicy(t, like).Interface().(policy.Policy)
		c, err := policy.Compile([]policy.Policy{p}, scope)
		if err != nil {
			t.Fatal(err)
		}
		if len(c.Request)+len(c.Response)+len(c.Own) == 0 {
			t.Errorf("a route with nothing but %s has no steps", p.Name())
		}
	}
}

// Whatever asks who a client is, its route takes out what the client says itself, once, before anything is asked.
func TestARouteThatAsksWhoIsGuarded(t *testing.T) {
	t.Parallel()
	headers := &policy.Headers{Request: policy.HeaderChanges{Set: []policy.Header{{Name: "Remote-User", Value: "us"}}}}
	for _, test := range []struct {
		name     string
		policies []policy.Policy
		want     []string
	}{
		{"nobody is asked", []policy.Policy{headers}, []string{"X-User: forged", "Remote_User: forged", "Remote-User: us"}},
		{"certificate", []policy.Policy{&auth.ClientCertificate{Missing: "x"}, headers}, []string{"X-User: forged", "Remote-User: us"}},
		{"token", []policy.Policy{&auth.JWT{Missing: "x", ForwardClaims: []auth.ForwardedClaim{{Claim: "sub", Header: "X-User"}}}, &auth.Basic{Missing: "x"}, headers},
			[]string{"Remote-User: us"}},
		{"certificate and service", []policy.Policy{&auth.ClientCertificate{Missing: "x"}, &auth.External{Missing: "x", ResponseHeaders: []string{"X-User"}}, headers},
			[]string{"Remote-User: us"}},
	} {
		c, err := policy.Compile(test.policies, nil)
		if err != nil {
			t.Fatal(err)
		}
		v := &step.View{Request: &message.Request{Fields: []message.Field{
			{Name: []byte("X-User"), Value: []byte("forged")}, {Name: []byte("Remote_User"), Value: []byte("forged")},
			{Name: []byte("Remote-User"), Value: []byte("forged")},
		}}}
		trailers := slices.Clone(v.Request.Fields)
		for _, request := range c.Request {
			request(v)
		}
		for _, change := range c.Trailers {
			change(trailers)
		}
		var got []string
		for _, f := range v.Request.Fields {
			if f.Kind.EndToEnd() {
				got = append(got, string(f.Name)+": "+string(f.Value))
			}
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
		if guarded := trailers[1].Kind == message.Dropped; guarded != (len(test.policies) > 1) || len(c.Trailers) > 1 {
			t.Errorf("%s: trailers are changed %d times", test.name, len(c.Trailers))
		}
	}
}
