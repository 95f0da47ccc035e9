// SPDX-License-Identifier: Apache-2.0

package translate_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

func TestWhatServesARule(t *testing.T) {
	t.Parallel()
	headers := []policy.Policy{&policy.Headers{Request: policy.HeaderChanges{Remove: []string{"a"}}}}
	service := func(namespace, name string) *corev1.Service {
		return &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 80}}}}
	}
	services := []*corev1.Service{service("default", "web"), service("other", "api")}
	for _, test := range []struct {
		name     string
		backends []rules.Backend
		pool     string
		want     []snapshot.Backend
	}{
		{"one", []rules.Backend{{Service: "web", Port: 80, Weight: 7}}, "default/web:80", nil},
		{"one without a weight", []rules.Backend{{Service: "web", Port: 80}}, "", []snapshot.Backend{{Pool: "default/web:80"}}},
		{"one with policies", []rules.Backend{{Service: "web", Port: 80, Weight: 1, Policies: headers}}, "",
			[]snapshot.Backend{{Pool: "default/web:80", Weight: 1, Policies: headers}}},
		{"several, of several namespaces", []rules.Backend{{Service: "web", Port: 80, Weight: 9}, {Namespace: "other", Service: "api", Port: 80, Weight: 1}}, "",
			[]snapshot.Backend{{Pool: "default/web:80", Weight: 9}, {Pool: "other/api:80", Weight: 1}}},
		{"one that may not be used", []rules.Backend{{Namespace: "other", Service: "api", Port: 80, Weight: 1, Fault: "no grant", MustExist: true}}, "", []snapshot.Backend{{Weight: 1}}},
		{"one that may not be used, and answers as one without endpoints", []rules.Backend{{Namespace: "other", Service: "api", Port: 80, Weight: 1, Fault: "no grant", Protocol: rules.GRPC}},
			"other/api:80/InvalidRule", nil},
		{"one that must exist", []rules.Backend{{Service: "gone", Port: 80, Weight: 1, MustExist: true}}, "", []snapshot.Backend{{Weight: 1}}},
		{"one whose port must exist", []rules.Backend{{Service: "web", Port: 81, Weight: 1, MustExist: true}}, "", []snapshot.Backend{{Weight: 1}}},
		{"one that exists as it must", []rules.Backend{{Service: "web", Port: 80, Weight: 1, MustExist: true}}, "default/web:80", nil},
		{"one that does not exist", []rules.Backend{{Service: "gone", Port: 80, Weight: 1}}, "default/gone:80", nil},
	} {
		object := objectOf("a", 1, rules.Rule{Where: "rules[0]", Match: rules.Match{Path: "/"}, Backends: test.backends})
		s, _ := build(translate.Input{Objects: []*rules.Object{object}, Services: services})
		r := s.Hosts[0].Routes[0]
		if r.Pool != test.pool || !(&snapshot.Route{Backends: test.want}).Equal(snapshot.Route{Backends: r.Backends}) {
			t.Errorf("%s: served by %q and %+v, want %q and %+v", test.name, r.Pool, r.Backends, test.pool, test.want)
		}
		if err := s.Hosts[0].Inspect(); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// Each backend of a rule is looked for, and each that is not there is reported.
func TestEveryBackendOfARuleIsResolved(t *testing.T) {
	t.Parallel()
	object := objectOf("a", 1, rules.Rule{Where: "rules[0]", Match: rules.Match{Path: "/"}, Backends: []rules.Backend{
		{Service: "one", Port: 80, Weight: 1},
		{Namespace: "other", Service: "two", Port: 80, Weight: 1, Protocol: rules.HTTPS, TLS: &rules.BackendTLS{CASecret: "ca"}},
	}})
	in := translate.Input{Objects: []*rules.Object{object}}
	for _, name := range []string{"default/one", "other/two"} {
		found := false
		for named := range translate.NamedServices(&in) {
			found = found || named.String() == name
		}
		if !found {
			t.Errorf("the Service %s is not asked for", name)
		}
	}
	want := map[translate.AuthorityName]struct{}{}
	authority := translate.AuthorityName{}
	authority.Namespace, authority.Name = "other", "ca"
	want[authority] = struct{}{}
	if diff := cmp.Diff(want, translate.NamedAuthorities(&in)); diff != "" {
		t.Errorf("authorities (-want +got):\n%s", diff)
	}
	_, reports := build(in)
	told := conditionOf(t, reports, "Route", "default/a", v1alpha1.ConditionResolvedRefs)
	if want := "one:80: no Task of the namespace has this serviceName, and no Service this name; two:80: there is no Secret ca to verify it by"; told.Message != want {
		t.Errorf("told %q, want %q", told.Message, want)
	}
}
