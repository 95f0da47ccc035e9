// SPDX-License-Identifier: Apache-2.0

package translate_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy"
	"github.com/warren-dev/ingress/proxy/explain"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// serving says which Ingress serves each URL, or why none does.
func serving(t *testing.T, snapshot *snapshot.Snapshot, urls ...string) map[string]string {
	t.Helper()
	p := proxy.New(proxy.Config{MaxHeaderBytes: 64 << 10, MaxHeaders: 128})
	if _, err := p.Apply(snapshot); err != nil {
		t.Fatal(err)
	}
	answers := make(map[string]string, len(urls))
	for _, url := range urls {
		e, err := p.Explainer().Explain(&explain.Question{URL: url, Method: "GET", AnyCertificate: true})
		if err != nil {
			t.Fatal(err)
		}
		answers[url] = fmt.Sprint(e.Answer.Status, " ", e.Answer.Reason)
		for _, c := range e.Candidates {
			if c.Wins && e.Answer.Reason != "RedirectToHTTPS" {
				answers[url] = c.Ingress
			}
		}
	}
	return answers
}

func TestAnotherNamespacesRulesServeNothingOfAnOwnedHost(t *testing.T) {
	const none = "404 RouteNotFound"
	web := func(host string, paths ...string) v1alpha1.IngressRule {
		rule := newRule(host)
		for _, path := range paths {
			rule.Paths = append(rule.Paths, prefix(path, "web"))
		}
		return rule
	}
	invalid := web("app.example.com", "not/a/path")
	withDefaultOf := withDefault(newStandard("blue", "std", 9), "web")
	for name, test := range map[string]struct {
		ingresses   []*v1alpha1.Ingress
		standard    []*networkingv1.Ingress
		allowShared bool
		want        map[string]string
	}{
		"a wildcard": {
			ingresses: []*v1alpha1.Ingress{
				newIngress("blue", "app", 2, web("app.example.com", "/app")), newIngress("green", "wild", 1, web("*.example.com", "/")),
			},
			want: map[string]string{
				"http://app.example.com/app":                            "blue/app",
				"http://app.example.com/other":                          none,
				"http://app.example.com/.well-known/acme-challenge/tok": none,
				"http://other.example.com/other":                        "green/wild",
			},
		},
		"a rule for every host": {
			ingresses: []*v1alpha1.Ingress{newIngress("blue", "app", 2, web("app.example.com", "/app")), newIngress("green", "every", 1, web("", "/"))},
			want: map[string]string{
				"http://app.example.com/.well-known/acme-challenge/tok": none,
				"http://elsewhere/other":                                "green/every",
			},
		},
		"a default backend of a standard Ingress": {
			ingresses: []*v1alpha1.Ingress{newIngress("green", "app", 2, web("app.example.com", "/app"))},
			standard:  []*networkingv1.Ingress{withDefaultOf},
			want:      map[string]string{"http://app.example.com/other": none, "http://elsewhere/": "networking.k8s.io/blue/std"},
		},
		"a host all of whose paths are left out": {
			ingresses: []*v1alpha1.Ingress{newIngress("blue", "app", 2, invalid), newIngress("green", "wild", 1, web("*.example.com", "/"), web("", "/"))},
			want:      map[string]string{"http://app.example.com/": none, "http://other.example.com/": "green/wild"},
		},
		"a host without paths": {
			ingresses: []*v1alpha1.Ingress{newIngress("blue", "app", 2, web("app.example.com")), newIngress("green", "wild", 1, web("*.example.com", "/"))},
			want:      map[string]string{"http://app.example.com/": none},
		},
		"a wildcard all of whose paths are left out": {
			ingresses: []*v1alpha1.Ingress{newIngress("blue", "wild", 2, web("*.example.com", "not/a/path")), newIngress("green", "every", 1, web("", "/"))},
			want:      map[string]string{"http://x.example.com/": none, "http://x.y.example.com/": "green/every"},
		},
		"one's own wildcard, and one's own rules for every host behind another's wildcard": {
			ingresses: []*v1alpha1.Ingress{
				newIngress("blue", "app", 2, web("app.example.com", "/app"), web("", "/")), newIngress("green", "wild", 1, web("*.example.com", "/")),
				newIngress("green", "shop", 2, web("shop.example.com", "/shop")),
			},
			want: map[string]string{
				"http://app.example.com/other": "blue/app", "http://shop.example.com/other": "green/wild", "http://x.example.com/other": "green/wild",
			},
		},
		"where hosts are shared": {
			allowShared: true,
			ingresses: []*v1alpha1.Ingress{
				newIngress("blue", "app", 2, web("app.example.com", "/app"), invalid), newIngress("green", "wild", 1, web("*.example.com", "/")),
				newIngress("blue", "none", 2, web("none.example.com", "not/a/path")),
			},
			want: map[string]string{"http://app.example.com/other": "green/wild", "http://none.example.com/": "green/wild"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			in := translate.Input{Objects: asRules(test.ingresses), Options: translate.Options{AllowSharedHosts: test.allowShared}}
			for _, object := range test.standard {
				in.Objects = append(in.Objects, kinds.ReadStandard(object))
			}
			snapshot, _ := build(in)
			urls := make([]string, 0, len(test.want))
			for url := range test.want {
				urls = append(urls, url)
			}
			if diff := cmp.Diff(test.want, serving(t, snapshot, urls...)); diff != "" {
				t.Errorf("who serves (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPlainRequestsForAHostAreRedirectedByItsOwnerAlone(t *testing.T) {
	snapshot, _ := build(translate.Input{
		Objects: asRules([]*v1alpha1.Ingress{
			withTLS(newSite("green", "wild", 1, "*.example.com"), "s"), newSite("blue", "app", 2, "app.example.com"),
			newIngress("blue", "none", 2, newRule("none.example.com", prefix("not/a/path", "web"))),
		}),
		Secrets: []*translate.Secret{newSecret("green", "s", "*.example.com")}, Now: today,
	})
	snapshot.Certificates = nil // which are none
	want := map[string]string{
		"http://app.example.com/x": "404 RouteNotFound", "http://none.example.com/x": "404 RouteNotFound",
		"http://other.example.com/x": "308 RedirectToHTTPS",
	}
	got := serving(t, snapshot, "http://app.example.com/x", "http://none.example.com/x", "http://other.example.com/x")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWhoHasAWildcardIsToldOfHostsOfOthersBelowIt(t *testing.T) {
	const text = "everything in the object is acted on; some of the hosts that its rules for %s stand for belong to other namespaces, " +
		"whose rules alone are asked for those"
	told := func(hosts string) accepted {
		return accepted{metav1.ConditionTrue, "SomeHostsOwnedElsewhere", fmt.Sprintf(text, hosts)}
	}
	for name, test := range map[string]struct {
		ingresses   []*v1alpha1.Ingress
		allowShared bool
		want        map[string]accepted
	}{
		"a wildcard over another's host": {
			ingresses: []*v1alpha1.Ingress{newSite("green", "wild", 1, "*.example.com"), newSite("blue", "app", 2, "app.example.com", "x.y.example.com")},
			want:      map[string]accepted{"green/wild": told("*.example.com"), "blue/app": fully},
		},
		"a wildcard and every host": {
			ingresses: []*v1alpha1.Ingress{newSite("green", "all", 1, "*.example.com", "", "own.example.com"), newSite("blue", "app", 2, "app.example.com")},
			want:      map[string]accepted{"green/all": told("*.example.com, every host"), "blue/app": fully},
		},
		"every host over another's wildcard": {
			ingresses: []*v1alpha1.Ingress{newSite("green", "all", 1, ""), newSite("blue", "wild", 2, "*.example.com")},
			want:      map[string]accepted{"green/all": told("every host"), "blue/wild": fully},
		},
		"hosts of one's own": {
			ingresses: []*v1alpha1.Ingress{newSite("green", "all", 1, "*.example.com", ""), newSite("green", "app", 2, "app.example.com")},
			want:      map[string]accepted{"green/all": fully, "green/app": fully},
		},
		"where hosts are shared": {
			allowShared: true,
			ingresses:   []*v1alpha1.Ingress{newSite("green", "wild", 1, "*.example.com"), newSite("blue", "app", 2, "app.example.com")},
			want:        map[string]accepted{"green/wild": fully, "blue/app": fully},
		},
		"a refused rule for the wildcard": {
			ingresses: []*v1alpha1.Ingress{newSite("green", "wild", 1, "*.example.com"), newSite("blue", "app", 2, "app.example.com", "*.example.com")},
			want: map[string]accepted{
				"green/wild": told("*.example.com"),
				"blue/app": {metav1.ConditionFalse, "HostOwnedElsewhere", `rules[1]: host "*.example.com" belongs to another namespace: ` +
					"choose another host, or ask the cluster's administrator, whom kubectl warren hosts tells whose it is; its other paths are served"},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, reports := build(translate.Input{Objects: asRules(test.ingresses), Options: translate.Options{AllowSharedHosts: test.allowShared}})
			got := map[string]accepted{}
			for _, r := range reports {
				c := conditionOf(t, reports, r.Kind, r.Namespace+"/"+r.Name, v1alpha1.ConditionAccepted)
				got[r.Namespace+"/"+r.Name] = accepted{c.Status, c.Reason, c.Message}
				for _, other := range []string{"blue", "green"} {
					if strings.Contains(c.Message, other) {
						t.Errorf("%s/%s is told of %s", r.Namespace, r.Name, other)
					}
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("Accepted (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSnapshotSaysWhoseHostsAndCertificatesAre(t *testing.T) {
	for _, shared := range []bool{false, true} {
		snapshot, _ := build(translate.Input{
			Objects: asRules([]*v1alpha1.Ingress{
				withTLS(newSite("green", "wild", 1, "*.example.com"), "s"), newSite("blue", "app", 2, "app.example.com"),
				newIngress("blue", "none", 2, newRule("none.example.com", prefix("not/a/path", "web"))),
			}),
			Secrets: []*translate.Secret{newSecret("green", "s", "*.example.com")}, Now: today,
			Options: translate.Options{AllowSharedHosts: shared},
		})
		got := map[string]string{}
		for _, h := range snapshot.Hosts {
			got[h.Name] = h.Owner
		}
		for _, c := range snapshot.Certificates {
			got[c.ID] = c.Owner
		}
		want := map[string]string{"*.example.com": "green", "app.example.com": "blue", "none.example.com": "blue", "green/s": "green"}
		if shared {
			want = map[string]string{"*.example.com": "", "app.example.com": "", "green/s": ""}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("shared %t (-want +got):\n%s", shared, diff)
		}
	}
}
