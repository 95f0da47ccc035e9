// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

func TestReadConditions(t *testing.T) {
	t.Parallel()
	got, fault := readConditions(&v1alpha1.IngressPath{
		Methods: []v1alpha1.Method{"PUT", "GET"},
		Match: &v1alpha1.Match{
			Headers: []v1alpha1.HeaderMatch{{Name: "X-B", Value: "[0-9]+", Type: v1alpha1.ValueMatchRegularExpression}, {Name: "x-a", Value: ""}},
			Query:   []v1alpha1.QueryMatch{{Name: "V", Value: "2", Type: v1alpha1.ValueMatchExact}},
		},
	})
	want := &snapshot.Conditions{
		Methods: []string{"GET", "PUT"},
		Headers: []snapshot.Condition{{Name: "x-a"}, {Name: "x-b", Value: "[0-9]+", Match: snapshot.ValueRegularExpression}},
		Query:   []snapshot.Condition{{Name: "V", Value: "2"}},
	}
	if diff := cmp.Diff(want, got); diff != "" || fault != "" {
		t.Errorf("%s (-want +got):\n%s", fault, diff)
	}
	if got, fault := readConditions(&v1alpha1.IngressPath{}); got != nil || fault != "" {
		t.Errorf("nothing is read as %v, %q", got, fault)
	}
}

func TestConditionsThatMakeNoSenseAreFaults(t *testing.T) {
	t.Parallel()
	headers := func(of ...v1alpha1.HeaderMatch) v1alpha1.IngressPath {
		return v1alpha1.IngressPath{Match: &v1alpha1.Match{Headers: of}}
	}
	for want, path := range map[string]v1alpha1.IngressPath{
		`methods has "G ET"`:                                  {Methods: []v1alpha1.Method{"G ET"}},
		"match asks for nothing":                              {Match: &v1alpha1.Match{}},
		`match.headers has "a:b"`:                             headers(v1alpha1.HeaderMatch{Name: "a:b"}),
		"match.headers has x-a twice: write it once":          headers(v1alpha1.HeaderMatch{Name: "X-A"}, v1alpha1.HeaderMatch{Name: "x-a", Value: "1"}),
		`match.headers has the type "Prefix"`:                 headers(v1alpha1.HeaderMatch{Name: "a", Type: "Prefix"}),
		`match.headers[a].value "(" is no regular expression`: headers(v1alpha1.HeaderMatch{Name: "a", Value: "(", Type: v1alpha1.ValueMatchRegularExpression}),
		"match.query has a parameter without a name":          {Match: &v1alpha1.Match{Query: []v1alpha1.QueryMatch{{}}}},
		"match.query has v twice":                             {Match: &v1alpha1.Match{Query: []v1alpha1.QueryMatch{{Name: "v"}, {Name: "v", Value: "1"}}}},
	} {
		if _, fault := readConditions(&path); !strings.HasPrefix(fault, want) {
			t.Errorf("got %q, want %q", fault, want)
		}
	}
}

// A rule whose conditions cannot be read is for requests that nobody knows. It closes its place only if it may keep
// clients out.
func TestARuleWhoseConditionsCannotBeRead(t *testing.T) {
	t.Parallel()
	path := v1alpha1.IngressPath{
		Path: "/", Methods: []v1alpha1.Method{"?"}, Backend: v1alpha1.IngressBackend{ServiceName: "web", Port: 80},
	}
	var r ruleReader
	if got := r.warrenRule(&path); got.Fault == nil || got.Fault.Closing != rules.LeftOut {
		t.Errorf("it has the fault %+v, want it left out", got.Fault)
	}
	path.AccessControl = &v1alpha1.AccessControl{DeniedIPs: []v1alpha1.AddressRange{"10.0.0.1"}}
	if got := r.warrenRule(&path); got.Fault == nil || got.Fault.Closing != rules.InvalidRule {
		t.Errorf("it has the fault %+v, want its place closed", got.Fault)
	}
}

func TestReadBackends(t *testing.T) {
	t.Parallel()
	one, none := int32(9), int32(0)
	got := new(ruleReader).warrenRule(&v1alpha1.IngressPath{Path: "/", Backends: []v1alpha1.WeightedBackend{
		{ServiceName: "a", Port: 80, Weight: &one},
		{ServiceName: "b", Port: 81, Protocol: v1alpha1.ProtocolHTTPS, TLS: &v1alpha1.WeightedBackendTLS{CASecretName: "ca", AllowObsolete: true}},
		{ServiceName: "c", Port: 82, Weight: &none, Headers: &v1alpha1.WeightedBackendHeaders{
			Set: map[string]v1alpha1.HeaderValue{"X-A": "1"}, Response: &v1alpha1.WeightedBackendResponseHeaders{Remove: []string{"Server"}}}},
	}})
	want := []rules.Backend{
		{Service: "a", Port: 80, Weight: 9},
		{Service: "b", Port: 81, Weight: 1, Protocol: rules.HTTPS, TLS: &rules.BackendTLS{CASecret: "ca", Obsolete: true}},
		{Service: "c", Port: 82, Policies: []policy.Policy{&policy.Headers{
			Request: policy.HeaderChanges{Set: []policy.Header{{Name: "X-A", Value: "1"}}}, Response: policy.HeaderChanges{Remove: []string{"server"}}}}},
	}
	if diff := cmp.Diff(want, got.Backends); diff != "" || got.Fault != nil {
		t.Errorf("%+v (-want +got):\n%s", got.Fault, diff)
	}
}

// Whatever is wrong with what serves a path, the path keeps its place and answers 503.
func TestBackendsThatMakeNoSenseAreFaults(t *testing.T) {
	t.Parallel()
	heavy := int32(1_000_001)
	backend := v1alpha1.IngressBackend{ServiceName: "web", Port: 80}
	several := func(of ...v1alpha1.WeightedBackend) v1alpha1.IngressPath { return v1alpha1.IngressPath{Backends: of} }
	answer := &v1alpha1.FixedResponse{StatusCode: 200}
	for want, path := range map[string]v1alpha1.IngressPath{
		"the path has both backend and backends":              {Backend: backend, Backends: []v1alpha1.WeightedBackend{{ServiceName: "a", Port: 80}}},
		"the path has both redirect and fixedResponse":        {Redirect: &v1alpha1.Redirect{Scheme: "https"}, PathPolicies: v1alpha1.PathPolicies{FixedResponse: answer}},
		"the path answers by itself, and names a backend":     {Backend: backend, PathPolicies: v1alpha1.PathPolicies{FixedResponse: answer}},
		"backend.port is 0":                                   {},
		"backends[1]: backend.port is 0":                      several(v1alpha1.WeightedBackend{ServiceName: "a", Port: 80}, v1alpha1.WeightedBackend{ServiceName: "a"}),
		`backends[0]: backend.serviceName "A" is no name`:     several(v1alpha1.WeightedBackend{ServiceName: "A", Port: 80}),
		"backends[0]: backend.weight is 1000001":              several(v1alpha1.WeightedBackend{ServiceName: "a", Port: 80, Weight: &heavy}),
		"backends[0]: backend.tls is for protocol HTTPS":      several(v1alpha1.WeightedBackend{ServiceName: "a", Port: 80, TLS: &v1alpha1.WeightedBackendTLS{ServerName: "a"}}),
		"backends[0]: headers.set has Host, which is the pro": several(v1alpha1.WeightedBackend{ServiceName: "a", Port: 80, Headers: &v1alpha1.WeightedBackendHeaders{Set: map[string]v1alpha1.HeaderValue{"Host": "a"}}}),
		"the path has more than 16 backends":                  several(make([]v1alpha1.WeightedBackend, 17)...),
	} {
		path.Path = "/"
		got := new(ruleReader).warrenRule(&path)
		if got.Fault == nil || !strings.HasPrefix(got.Fault.Text, want) || got.Fault.Closing != rules.InvalidRule {
			t.Errorf("got %+v, want %q", got.Fault, want)
		}
	}
}

func TestReadExpression(t *testing.T) {
	t.Parallel()
	path := v1alpha1.IngressPath{Path: `^/v(1|2)/\d+$`, PathType: v1alpha1.PathTypeRegularExpression, Backend: v1alpha1.IngressBackend{ServiceName: "web", Port: 80}}
	var r ruleReader
	got := r.warrenRule(&path)
	want := rules.Match{Path: `^/v(1|2)/\d+$`, Type: snapshot.MatchExpression, Beginning: "/v"}
	if diff := cmp.Diff(want, got.Match); diff != "" || got.Fault != nil {
		t.Errorf("%+v (-want +got):\n%s", got.Fault, diff)
	}
	path.Path = "/admin/("
	if got := r.warrenRule(&path); got.Fault == nil || got.Fault.Closing != rules.LeftOut {
		t.Errorf("an expression that is none has the fault %+v, want it left out", got.Fault)
	}
	path.AccessControl = &v1alpha1.AccessControl{DeniedIPs: []v1alpha1.AddressRange{"10.0.0.1"}}
	if got := r.warrenRule(&path); got.Fault == nil || got.Fault.Closing != rules.UnreadablePath || got.Fault.Beginning != "/admin/" {
		t.Errorf("one that may keep clients out has the fault %+v, want all below /admin/ closed", got.Fault)
	}
}
