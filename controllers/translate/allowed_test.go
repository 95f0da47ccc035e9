// SPDX-License-Identifier: Apache-2.0

package translate_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

func TestWhichHostsANamespaceMayHave(t *testing.T) {
	hosts := []string{
		"", "*.com", "example.com", "*.example.com", "shop.example.com", "a.shop.example.com", "*.shop.example.com", "a.b.shop.example.com",
		"*.b.shop.example.com", "xshop.example.com", "other.org",
	}
	for name, test := range map[string]struct {
		annotation string
		want       []string
	}{
		"everything":                    {"*", hosts},
		"a name":                        {"shop.example.com", []string{"shop.example.com"}},
		"a wildcard, at any depth":      {"*.shop.example.com", []string{"a.shop.example.com", "*.shop.example.com", "a.b.shop.example.com", "*.b.shop.example.com"}},
		"several":                       {"*.b.shop.example.com,other.org", []string{"a.b.shop.example.com", "*.b.shop.example.com", "other.org"}},
		"several with spaces":           {" other.org ,\n\tshop.example.com,, ", []string{"shop.example.com", "other.org"}},
		"a name in capitals":            {"Shop.Example.COM", []string{"shop.example.com"}},
		"a top level domain":            {"*.org", []string{"other.org"}},
		"nothing":                       {"", nil},
		"nothing but commas":            {",,", nil},
		"no names":                      {"a b,shop_example,*shop.example.com,shop.*.com,-x.org,.example.com,**,example.com.,https://other.org,other.org:80", nil},
		"one that cannot be read, too":  {"*shop.example.com, other.org", []string{"other.org"}},
		"a wildcard that is no name":    {"*.", nil},
		"commas of another kind":        {"other.org;shop.example.com", nil},
		"names with a space in between": {"other.org shop.example.com", nil},
	} {
		t.Run(name, func(t *testing.T) {
			for _, standard := range []bool{false, true} {
				in := translate.Input{AllowedHosts: map[string]*string{"blue": &test.annotation}}
				in.Options.RequireAllowedHosts = standard // which makes no difference where there is an annotation
				if standard {
					in.Objects = append(in.Objects, kinds.ReadStandard(newStandard("blue", "a", 0, hosts...)))
				} else {
					in.Objects = append(in.Objects, kinds.ReadWarren(newSite("blue", "a", 0, hosts...)))
				}
				snapshot, reports := build(in)
				got := map[string]bool{}
				for _, h := range snapshot.Hosts {
					got[h.Name] = true
				}
				want := map[string]bool{}
				for _, host := range test.want {
					want[host] = true
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("hosts (-want +got):\n%s", diff)
				}
				kind := v1alpha1.IngressKind
				if standard {
					kind = kinds.StandardKind
				}
				c := conditionOf(t, reports, kind, "blue/a", v1alpha1.ConditionAccepted)
				if refused := len(test.want) < len(hosts); refused != (c.Reason == "HostNotAllowed" && c.Status == metav1.ConditionFalse) {
					t.Errorf("Accepted is %s %s: %s", c.Status, c.Reason, c.Message)
				}
			}
		})
	}
}

func TestRefusedRuleSaysWhatIsAllowedAndWhoCanChangeIt(t *testing.T) {
	const change = "; the cluster's administrator can change it; no path of it is served"
	for name, test := range map[string]struct {
		host    string
		allowed map[string]*string
		require bool
		want    string
	}{
		"another is allowed": {"x.io", map[string]*string{"blue": new("y.io,*.z.io")}, false,
			`host "x.io" is none that this namespace may have: the Namespace's annotation ingress.warren.dev/allowed-hosts allows "y.io", "*.z.io"`},
		"every host": {"", map[string]*string{"blue": new("*.io")}, false, "the empty host, which is every host, is none that this namespace may have: " +
			`the Namespace's annotation ingress.warren.dev/allowed-hosts allows "*.io"`},
		"none is allowed": {"x.io", map[string]*string{"blue": new("")}, false,
			`host "x.io" is none that this namespace may have: the Namespace's annotation ingress.warren.dev/allowed-hosts allows none`},
		"it cannot be read": {"x.io", map[string]*string{"blue": new("*x.io")}, false,
			`host "x.io" is none that this namespace may have: the Namespace's annotation ingress.warren.dev/allowed-hosts allows none, ` +
				`and what it says of "*x.io" cannot be read: write names such as "shop.example.com" or "*.team.example.com", with commas between them`},
		"there is no annotation": {"x.io", map[string]*string{"green": new("x.io"), "blue": nil}, true,
			`host "x.io" is none that this namespace may have: the controller serves hosts alone that the Namespace's annotation ` +
				"ingress.warren.dev/allowed-hosts allows, and it has none"},
		"Namespaces cannot be read": {"x.io", nil, true,
			`host "x.io" is none that this namespace may have: the controller was told to ask Namespaces for that, and may not read them`},
	} {
		t.Run(name, func(t *testing.T) {
			in := translate.Input{Objects: asRules([]*v1alpha1.Ingress{newSite("blue", "a", 0, test.host)}), AllowedHosts: test.allowed}
			in.Options.RequireAllowedHosts = test.require
			snapshot, reports := build(in)
			got := conditionOf(t, reports, v1alpha1.IngressKind, "blue/a", v1alpha1.ConditionAccepted)
			if diff := cmp.Diff("rules[0]: "+test.want+change, got.Message); diff != "" || got.Reason != "HostNotAllowed" {
				t.Errorf("%s (-want +got):\n%s", got.Reason, diff)
			}
			if len(snapshot.Hosts) > 0 || len(snapshot.Unserved) != 1 || snapshot.Unserved[0].Reason != "HostNotAllowed" {
				t.Errorf("hosts %+v, unserved %+v", snapshot.Hosts, snapshot.Unserved)
			}
		})
	}
}

func TestNamespaceThatWasNotReadYetHasNoHost(t *testing.T) {
	in := translate.Input{Objects: asRules([]*v1alpha1.Ingress{newSite("blue", "a", 0, "x.io")}), AllowedHosts: map[string]*string{"green": nil}}
	snapshot, reports := build(in)
	got := conditionOf(t, reports, v1alpha1.IngressKind, "blue/a", v1alpha1.ConditionAccepted)
	want := accepted{metav1.ConditionFalse, "HostNotAllowed",
		`rules[0]: host "x.io" waits until the controller has read the Namespace, which says what is allowed; no path of it is served`}
	if diff := cmp.Diff(want, accepted{got.Status, got.Reason, got.Message}); diff != "" || len(snapshot.Hosts) > 0 {
		t.Errorf("hosts %+v, Accepted (-want +got):\n%s", snapshot.Hosts, diff)
	}
}

func TestWithoutAnAnnotationEveryHostIsAllowedUnlessOneIsRequired(t *testing.T) {
	for _, allowed := range []map[string]*string{nil, {"green": new("none.io"), "blue": nil}} {
		in := translate.Input{Objects: asRules([]*v1alpha1.Ingress{newSite("blue", "a", 0, "x.io", "")}), AllowedHosts: allowed}
		snapshot, reports := build(in)
		got := conditionOf(t, reports, v1alpha1.IngressKind, "blue/a", v1alpha1.ConditionAccepted)
		if len(snapshot.Hosts) != 2 || got.Status != metav1.ConditionTrue {
			t.Errorf("with %v: hosts %+v, Accepted %+v", allowed, snapshot.Hosts, got)
		}
	}
}

// A host that a namespace may not have is not its own, however old its Ingress is, and its rule has no other effect.
func TestHostThatIsNotAllowedIsNotOwned(t *testing.T) {
	for _, shared := range []bool{false, true} {
		thief := withTLS(newSite("green", "thief", 0, "x.io"), "s")
		ordering := newSite("green", "ordering", 0, "x.io")
		ordering.Spec.TLS = &v1alpha1.IngressTLS{AutoSSL: true, SecretName: "auto"}
		in := translate.Input{
			Objects:      asRules([]*v1alpha1.Ingress{thief, ordering, newSite("blue", "shop", 5, "x.io")}),
			AllowedHosts: map[string]*string{"green": new("green.io"), "blue": nil},
			TLSCertificates: []*v1alpha1.TLSCertificate{{ObjectMeta: objectMeta("green", "c", 0),
				Spec: v1alpha1.TLSCertificateSpec{Hosts: []v1alpha1.CertificateHost{"x.io"}, SecretName: "s"}}},
			Secrets: []*translate.Secret{newSecret("green", "s", "x.io"), newSecret("green", "auto", "x.io")}, Now: today,
			Challenges: []translate.Challenge{{Namespace: "green", Challenge: snapshot.Challenge{Host: "x.io", Token: "t", KeyAuthorization: "t.k"}}},
		}
		in.Options.AllowSharedHosts = shared
		snapshot, reports := build(in)
		if got := served(snapshot); len(got) != 1 || !strings.HasSuffix(got[0], "by blue/shop") {
			t.Errorf("shared %t: routes %q", shared, got)
		}
		if len(snapshot.Certificates) > 0 || len(snapshot.Challenges) > 0 || snapshot.Hosts[0].RedirectHTTPS {
			t.Errorf("shared %t: certificates %+v, challenges %+v, hosts %+v", shared, snapshot.Certificates, snapshot.Challenges, snapshot.Hosts)
		}
		for object, condition := range map[string]string{
			"Ingress green/thief": "Accepted", "Ingress green/ordering": "CertificateReady", "TLSCertificate green/c": "Accepted",
		} {
			kind, name, _ := strings.Cut(object, " ")
			if c := conditionOf(t, reports, kind, name, condition); c.Reason != "HostNotAllowed" || c.Status != metav1.ConditionFalse {
				t.Errorf("shared %t: %s of %s is %s %s: %s", shared, condition, object, c.Status, c.Reason, c.Message)
			}
		}
		for _, r := range reports {
			if len(r.CertificateHosts) > 0 {
				t.Errorf("shared %t: a certificate is ordered for %v of %s", shared, r.CertificateHosts, r.Name)
			}
		}
	}
}

// If a namespace may not have a wildcard, the wildcard stands for those hosts below it that the namespace may have.
func TestCertificateOfAWildcardThatIsNotAllowedServesTheHostsBelow(t *testing.T) {
	in := translate.Input{
		Objects:      asRules([]*v1alpha1.Ingress{withTLS(newSite("blue", "a", 0, "a.x.io", "b.x.io"), "s", "*.x.io")}),
		AllowedHosts: map[string]*string{"blue": new("a.x.io")},
		Secrets:      []*translate.Secret{newSecret("blue", "s", "*.x.io")}, Now: today,
	}
	snapshot, _ := build(in)
	certificates, _ := certified(snapshot)
	if diff := cmp.Diff([]string{"blue/s: a.x.io"}, certificates); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDefaultBackendServesNoHostThatIsNotAllowed(t *testing.T) {
	in := translate.Input{AllowedHosts: map[string]*string{"blue": new("x.io")}}
	lines, reports := buildStandard(in, withDefault(newStandard("blue", "every", 0), "web"), withDefault(newStandard("blue", "named", 0, "x.io"), "web"))
	if diff := cmp.Diff([]string{"x.io Prefix / -> blue/web:80 by networking.k8s.io/blue/named"}, lines); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	c := conditionOf(t, reports, kinds.StandardKind, "blue/every", v1alpha1.ConditionAccepted)
	if c.Reason != "HostNotAllowed" || !strings.HasPrefix(c.Message, "defaultBackend: the empty host") {
		t.Errorf("Accepted is %s: %s", c.Reason, c.Message)
	}
}
