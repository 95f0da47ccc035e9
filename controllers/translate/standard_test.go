// SPDX-License-Identifier: Apache-2.0

package translate_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/controllers/translate"
)

// newStandard is a standard Ingress of our class, with a rule for each host that sends everything to the service web.
func newStandard(namespace, name string, minutes int, hosts ...string) *networkingv1.Ingress {
	object := &networkingv1.Ingress{ObjectMeta: objectMeta(namespace, name, minutes)}
	object.Spec.IngressClassName = new(v1alpha1.DefaultIngressClassName)
	for _, host := range hosts {
		object.Spec.Rules = append(object.Spec.Rules, standardRule(host, standardPath(networkingv1.PathTypePrefix, "/", "web")))
	}
	return object
}

func standardRule(host string, paths ...networkingv1.HTTPIngressPath) networkingv1.IngressRule {
	return networkingv1.IngressRule{Host: host, IngressRuleValue: networkingv1.IngressRuleValue{
		HTTP: &networkingv1.HTTPIngressRuleValue{Paths: paths}}}
}

func standardPath(pathType networkingv1.PathType, path, service string) networkingv1.HTTPIngressPath {
	return networkingv1.HTTPIngressPath{Path: path, PathType: &pathType, Backend: *standardBackend(service)}
}

func standardBackend(service string) *networkingv1.IngressBackend {
	return &networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{
		Name: service, Port: networkingv1.ServiceBackendPort{Number: 80}}}
}

func withDefault(object *networkingv1.Ingress, service string) *networkingv1.Ingress {
	object.Spec.DefaultBackend = standardBackend(service)
	return object
}

// buildStandard builds from standard Ingresses, with an IngressClass of ours.
func buildStandard(in translate.Input, objects ...*networkingv1.Ingress) ([]string, []translate.Report) {
	for _, object := range objects {
		in.Objects = append(in.Objects, kinds.ReadStandard(object))
	}
	snapshot, reports := build(in)
	return served(snapshot), reports
}

func TestHowAStandardPathIsCompared(t *testing.T) {
	object := newStandard("blue", "a", 0)
	object.Spec.Rules = []networkingv1.IngressRule{standardRule("x.io",
		standardPath(networkingv1.PathTypePrefix, "/prefix/", "web"),
		standardPath(networkingv1.PathTypeExact, "/exact/", "web"),
		standardPath(networkingv1.PathTypeImplementationSpecific, "/specific", "web"),
		standardPath(networkingv1.PathTypeImplementationSpecific, "", "web"),
		standardPath(networkingv1.PathTypePrefix, "/a(b)", "web"),
		standardPath(networkingv1.PathTypeImplementationSpecific, "/a/.*", "web"),
	)}
	got, reports := buildStandard(translate.Input{}, object)
	want := []string{
		"x.io Prefix / -> blue/web:80 by networking.k8s.io/blue/a",
		"x.io Prefix /a(b) -> blue/web:80 by networking.k8s.io/blue/a",
		"x.io Exact /exact/ -> blue/web:80 by networking.k8s.io/blue/a",
		"x.io Prefix /prefix -> blue/web:80 by networking.k8s.io/blue/a",
		"x.io Prefix /specific -> blue/web:80 by networking.k8s.io/blue/a",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
	accepted := conditionOf(t, reports, kinds.StandardKind, "blue/a", v1alpha1.ConditionAccepted)
	if !strings.HasPrefix(accepted.Message, `rules[0].http.paths[5]: path "/a/.*" looks like a pattern`) {
		t.Errorf("the pattern is reported as %q", accepted.Message)
	}
}

func TestADefaultBackendHasWhatNothingElseMatches(t *testing.T) {
	tests := map[string]struct {
		objects []*networkingv1.Ingress
		want    []string
		says    map[string]string // by namespace and name, the reason of Accepted
	}{
		"without rules, every host": {
			[]*networkingv1.Ingress{withDefault(newStandard("blue", "a", 0), "rest")},
			[]string{"(every) Prefix / -> blue/rest:80 by networking.k8s.io/blue/a"},
			map[string]string{"blue/a": v1alpha1.ReasonAccepted},
		},
		"of its own hosts, what has no path": {
			[]*networkingv1.Ingress{func() *networkingv1.Ingress {
				o := withDefault(newStandard("blue", "a", 0), "rest")
				o.Spec.Rules = []networkingv1.IngressRule{{Host: "bare.io"},
					standardRule("x.io", standardPath(networkingv1.PathTypePrefix, "/api", "api")),
					standardRule("x.io", standardPath(networkingv1.PathTypePrefix, "/web", "web"))}
				return o
			}()},
			[]string{
				"bare.io Prefix / -> blue/rest:80 by networking.k8s.io/blue/a",
				"x.io Prefix / -> blue/rest:80 by networking.k8s.io/blue/a",
				"x.io Prefix /api -> blue/api:80 by networking.k8s.io/blue/a",
				"x.io Prefix /web -> blue/web:80 by networking.k8s.io/blue/a",
			},
			map[string]string{"blue/a": v1alpha1.ReasonAccepted},
		},
		"not the place of a rule, though that is younger": {
			[]*networkingv1.Ingress{withDefault(newStandard("blue", "old", 0, "x.io", "y.io"), "rest"), newStandard("blue", "new", 1, "x.io")},
			[]string{
				"x.io Prefix / -> blue/web:80 by networking.k8s.io/blue/old",
				"y.io Prefix / -> blue/web:80 by networking.k8s.io/blue/old",
			},
			map[string]string{"blue/old": v1alpha1.ReasonAccepted, "blue/new": v1alpha1.ReasonPathConflict},
		},
		"nothing, where a rule has every host": {
			[]*networkingv1.Ingress{withDefault(newStandard("blue", "old", 0), "rest"), newStandard("blue", "new", 1, "")},
			[]string{"(every) Prefix / -> blue/web:80 by networking.k8s.io/blue/new"},
			map[string]string{"blue/old": v1alpha1.ReasonPathConflict, "blue/new": v1alpha1.ReasonAccepted},
		},
		"that of the oldest": {
			[]*networkingv1.Ingress{withDefault(newStandard("blue", "b", 0), "late"), withDefault(newStandard("blue", "a", 0), "first")},
			[]string{"(every) Prefix / -> blue/first:80 by networking.k8s.io/blue/a"},
			map[string]string{"blue/a": v1alpha1.ReasonAccepted, "blue/b": v1alpha1.ReasonPathConflict},
		},
		"no host of another namespace": {
			[]*networkingv1.Ingress{newStandard("blue", "old", 0, ""), withDefault(newStandard("green", "new", 1), "rest")},
			[]string{"(every) Prefix / -> blue/web:80 by networking.k8s.io/blue/old"},
			map[string]string{"blue/old": v1alpha1.ReasonAccepted, "green/new": v1alpha1.ReasonHostOwnedElsewhere},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, reports := buildStandard(translate.Input{}, test.objects...)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("routes (-want +got):\n%s", diff)
			}
			for name, want := range test.says {
				if got := conditionOf(t, reports, kinds.StandardKind, name, v1alpha1.ConditionAccepted); got.Reason != want {
					t.Errorf("%s: Accepted is %s: %s; want %s", name, got.Reason, got.Message, want)
				}
			}
		})
	}
}

func TestIngressesOfBothKindsContestAPlaceByAge(t *testing.T) {
	ours := newIngress("blue", "a", 1, newRule("x.io", prefix("/", "ours")))
	for name, test := range map[string]struct {
		minutes    int
		want, kind string
	}{
		"the standard one is older":   {0, "x.io Prefix / -> blue/web:80 by networking.k8s.io/blue/a", v1alpha1.IngressKind},
		"the standard one is younger": {2, "x.io Prefix / -> blue/ours:80 by blue/a", kinds.StandardKind},
		"they are as old":             {1, "x.io Prefix / -> blue/ours:80 by blue/a", kinds.StandardKind},
	} {
		t.Run(name, func(t *testing.T) {
			got, reports := buildStandard(translate.Input{Objects: asRules([]*v1alpha1.Ingress{ours})}, newStandard("blue", "a", test.minutes, "x.io"))
			if diff := cmp.Diff([]string{test.want}, got); diff != "" {
				t.Errorf("routes (-want +got):\n%s", diff)
			}
			if got := conditionOf(t, reports, test.kind, "blue/a", v1alpha1.ConditionAccepted); got.Reason != v1alpha1.ReasonPathConflict {
				t.Errorf("the loser's Accepted is %+v", got)
			}
		})
	}
}

func TestAPortNameIsTheServices(t *testing.T) {
	service := newService("blue", "web",
		corev1.ServicePort{Name: "dns", Port: 53, Protocol: corev1.ProtocolUDP}, corev1.ServicePort{Name: "http", Port: 80})
	slice := newSlice("blue", "web-1", "web", slicePort("http", 8080), ready("10.0.0.1"))
	vm := newTask("blue", "vm", "web", "192.168.1.1", listens(80, 3000))
	for name, test := range map[string]struct {
		in        translate.Input
		port      string
		endpoints []string
		reason    string
	}{
		"of its endpoints and its Tasks": {
			translate.Input{Services: []*corev1.Service{service}, Tasks: []*v1alpha1.Task{vm}}, "http",
			[]string{"10.0.0.1:8080", "192.168.1.1:3000"}, v1alpha1.ReasonResolvedRefs},
		"that it has not": {translate.Input{Services: []*corev1.Service{service}}, "https", nil, v1alpha1.ReasonPortNotFound},
		"that is not TCP": {translate.Input{Services: []*corev1.Service{service}}, "dns", nil, v1alpha1.ReasonPortNotFound},
		"without a Service": {
			translate.Input{Tasks: []*v1alpha1.Task{vm}}, "http", nil, v1alpha1.ReasonPortNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			object := newStandard("blue", "a", 0, "x.io")
			object.Spec.Rules[0].HTTP.Paths[0].Backend.Service.Port = networkingv1.ServiceBackendPort{Name: test.port}
			in := test.in
			in.EndpointSlices = append(in.EndpointSlices, slice)
			in.Objects = []*rules.Object{kinds.ReadStandard(object)}
			snapshot, reports := build(in)
			var got []string
			for _, e := range snapshot.Pools[0].Endpoints {
				got = append(got, e.Address.String())
			}
			slices.Sort(got)
			if diff := cmp.Diff(test.endpoints, got); diff != "" {
				t.Errorf("endpoints (-want +got):\n%s", diff)
			}
			if got := conditionOf(t, reports, kinds.StandardKind, "blue/a", v1alpha1.ConditionResolvedRefs); got.Reason != test.reason {
				t.Errorf("ResolvedRefs is %+v, want %s", got, test.reason)
			}
		})
	}
}

func TestPlainRequestsForAStandardIngressAreRedirectedOnlyWhereItAsks(t *testing.T) {
	for _, test := range []struct {
		annotation string
		want       bool
	}{{"", false}, {"false", false}, {"true", true}} {
		object := newStandard("blue", "a", 0, "x.io")
		object.Spec.TLS = []networkingv1.IngressTLS{{Hosts: []string{"x.io"}, SecretName: "s"}}
		if test.annotation != "" {
			object.Annotations = map[string]string{"ingress.warren.dev/redirect-http": test.annotation}
		}
		snapshot, _ := build(translate.Input{
			Objects: []*rules.Object{kinds.ReadStandard(object)},
			Secrets: []*translate.Secret{newSecret("blue", "s", "x.io")}, Now: today,
		})
		if len(snapshot.Certificates) != 1 || snapshot.Hosts[0].RedirectHTTPS != test.want {
			t.Errorf("with %q: %d certificates, RedirectHTTPS is %t, want %t", test.annotation,
				len(snapshot.Certificates), snapshot.Hosts[0].RedirectHTTPS, test.want)
		}
	}
}

func TestACertificateIsOrderedForAStandardIngressThatAsksForIt(t *testing.T) {
	tls := func(secret string, hosts ...string) networkingv1.IngressTLS {
		return networkingv1.IngressTLS{SecretName: secret, Hosts: hosts}
	}
	for name, test := range map[string]struct {
		hosts []string
		tls   []networkingv1.IngressTLS
		want  []string // the hosts, behind the name of the Secret
		fault string
	}{
		"for its rules' hosts":    {[]string{"y.io", "x.io"}, nil, []string{"a-tls", "y.io", "x.io"}, ""},
		"into the Secret it says": {[]string{"x.io"}, []networkingv1.IngressTLS{tls("s")}, []string{"s", "x.io"}, ""},
		"for some of its hosts":   {[]string{"x.io", "*.io"}, []networkingv1.IngressTLS{tls("", "x.io")}, []string{"a-tls", "x.io"}, ""},
		"not without a host":      {[]string{""}, nil, nil, "it needs a host"},
		"not for a wildcard":      {[]string{"*.x.io"}, nil, nil, `the wildcard host "*.x.io"`},
		"not for several Secrets": {[]string{"x.io"}, []networkingv1.IngressTLS{tls("s"), tls("t")}, nil, "it orders one certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			object := newStandard("blue", "a", 0, test.hosts...)
			object.Spec.TLS = test.tls
			object.Annotations = map[string]string{"ingress.warren.dev/auto-ssl": "true", "ingress.warren.dev/email": "admin@example.com"}
			standard := kinds.ReadStandard(object)
			_, reports := build(translate.Input{Objects: []*rules.Object{standard}, Now: today})
			ordering, known := standard.Ordering()
			accepted := conditionOf(t, reports, kinds.StandardKind, "blue/a", v1alpha1.ConditionAccepted)
			if test.fault != "" {
				if ordering != nil || known || !strings.Contains(accepted.Message, test.fault) {
					t.Errorf("it orders %+v, and Accepted is %q; want nothing known, and %q", ordering, accepted.Message, test.fault)
				}
				return
			}
			if ordering == nil || standard.UID != object.UID || ordering.Email != "admin@example.com" {
				t.Fatalf("it orders %+v, and Accepted is %q", ordering, accepted.Message)
			}
			got := append([]string{ordering.Secret}, reports[0].CertificateHosts...)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
