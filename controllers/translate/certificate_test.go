// SPDX-License-Identifier: Apache-2.0

package translate_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// today is when the tests of certificates take place.
var today = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// day is a moment that many days after today.
func day(n int) time.Time { return today.AddDate(0, 0, n) }

// newSecret holds a certificate that is valid from 30 days ago for 90 days.
func newSecret(namespace, name string, names ...string) *translate.Secret {
	return &translate.Secret{Namespace: namespace, Name: name, Names: names, NotBefore: day(-30), NotAfter: day(60),
		Chain: "chain of " + namespace + "/" + name, Key: "key of " + namespace + "/" + name}
}

func lasting(s *translate.Secret, from, to int) *translate.Secret {
	s.NotBefore, s.NotAfter = day(from), day(to)
	return s
}

func gone(s *translate.Secret) *translate.Secret {
	s.Gone = true
	return s
}

func faulty(s *translate.Secret, fault string) *translate.Secret {
	s.Fault = fault
	return s
}

func withTLS(ing *v1alpha1.Ingress, secret string, hosts ...string) *v1alpha1.Ingress {
	ing.Spec.TLS = &v1alpha1.IngressTLS{SecretName: v1alpha1.SecretName(secret)}
	for _, host := range hosts {
		ing.Spec.TLS.Hosts = append(ing.Spec.TLS.Hosts, v1alpha1.CertificateHost(host))
	}
	return ing
}

func withoutRedirect(ing *v1alpha1.Ingress) *v1alpha1.Ingress {
	ing.Spec.TLS.RedirectHTTP = new(false)
	return ing
}

// newSite is an Ingress of one path for each host.
func newSite(namespace, name string, minutes int, hosts ...string) *v1alpha1.Ingress {
	ing := newIngress(namespace, name, minutes)
	for _, host := range hosts {
		ing.Spec.Rules = append(ing.Spec.Rules, newRule(host, prefix("/"+name, "web")))
	}
	return ing
}

// certified writes a snapshot's certificates as "id: hosts", and the names of its redirected hosts.
func certified(snapshot *snapshot.Snapshot) (certificates, redirected []string) {
	for _, c := range snapshot.Certificates {
		certificates = append(certificates, c.ID+": "+strings.Join(c.Hosts, " "))
	}
	for _, h := range snapshot.Hosts {
		if h.RedirectHTTPS {
			redirected = append(redirected, h.Name)
		}
	}
	return certificates, redirected
}

func TestWhichCertificatesAreServedForWhichHosts(t *testing.T) {
	ready := func(secret string) accepted {
		return accepted{metav1.ConditionTrue, "CertificateValid",
			"the certificate in Secret " + secret + " is valid, and served for every host"}
	}
	not := func(reason, message string) accepted { return accepted{metav1.ConditionFalse, reason, message} }
	tests := map[string]struct {
		ingresses   []*v1alpha1.Ingress
		secrets     []*translate.Secret
		allowShared bool
		served      []string
		redirected  []string
		ready       map[string]accepted
	}{
		"no tls, no certificate": {
			ingresses: []*v1alpha1.Ingress{newSite("blue", "a", 1, "x.io")},
			secrets:   []*translate.Secret{newSecret("blue", "a-tls", "x.io")},
			ready:     map[string]accepted{},
		},
		"the rules' hosts, where tls names none": {
			ingresses:  []*v1alpha1.Ingress{withTLS(newSite("blue", "a", 1, "y.io", "x.io", "", "x.io"), "s")},
			secrets:    []*translate.Secret{newSecret("blue", "s", "x.io", "y.io", "z.io"), newSecret("green", "s", "x.io")},
			served:     []string{"blue/s: x.io y.io"},
			redirected: []string{"x.io", "y.io"},
			ready:      map[string]accepted{"blue/a": ready("s")},
		},
		"a Secret that is gone is served by what it held": {
			ingresses:  []*v1alpha1.Ingress{withTLS(newSite("blue", "a", 1, "x.io"), "s")},
			secrets:    []*translate.Secret{gone(newSecret("blue", "s", "x.io"))},
			served:     []string{"blue/s: x.io"},
			redirected: []string{"x.io"},
			ready: map[string]accepted{"blue/a": not("SecretNotFound", "Secret s is not there any more, "+
				"and what it held goes on being served by the replicas that are not restarted: make it anew, or take tls from the Ingress")},
		},
		"a Secret that is faulty now is served by what it held": {
			ingresses:  []*v1alpha1.Ingress{withTLS(newSite("blue", "a", 1, "x.io", "y.io"), "s")},
			secrets:    []*translate.Secret{faulty(lasting(newSecret("blue", "s", "x.io"), -60, -1), "it is broken")},
			served:     []string{"blue/s: x.io"},
			redirected: []string{"x.io"},
			ready: map[string]accepted{"blue/a": not("SecretInvalid", "Secret s cannot be served, and what it held before goes on being served by the replicas that are not restarted: it is broken; "+
				"the certificate in Secret s has expired, and is served all the same: put a new one into the Secret; "+
				"the certificate in Secret s does not cover \"y.io\": it names \"x.io\"")},
		},
		"the hosts of tls alone": {
			ingresses:  []*v1alpha1.Ingress{withTLS(newSite("blue", "a", 1, "x.io", "y.io"), "s", "x.io")},
			secrets:    []*translate.Secret{newSecret("blue", "s", "x.io", "y.io")},
			served:     []string{"blue/s: x.io"},
			redirected: []string{"x.io"},
			ready:      map[string]accepted{"blue/a": ready("s")},
		},
		"no redirect where none is wanted": {
			ingresses: []*v1alpha1.Ingress{withoutRedirect(withTLS(newSite("blue", "a", 1, "x.io"), "s"))},
			secrets:   []*translate.Secret{newSecret("blue", "s", "x.io")},
			served:    []string{"blue/s: x.io"},
			ready:     map[string]accepted{"blue/a": ready("s")},
		},
		"of two Ingresses with tls for a host the older one decides on the redirect": {
			ingresses: []*v1alpha1.Ingress{
				withTLS(newSite("blue", "b", 2, "x.io", "y.io"), "s"),
				withoutRedirect(withTLS(newSite("blue", "a", 1, "x.io"), "s")),
				newSite("blue", "plain", 0, "x.io", "y.io"),
			},
			secrets:    []*translate.Secret{newSecret("blue", "s", "x.io", "y.io")},
			served:     []string{"blue/s: x.io y.io"},
			redirected: []string{"y.io"},
			ready:      map[string]accepted{"blue/a": ready("s"), "blue/b": ready("s")},
		},
		"a wildcard certificate for an exact host": {
			ingresses:  []*v1alpha1.Ingress{withTLS(newSite("blue", "a", 1, "x.io"), "s"), withTLS(newSite("blue", "b", 1, "www.x.io"), "s")},
			secrets:    []*translate.Secret{newSecret("blue", "s", "*.x.io")},
			served:     []string{"blue/s: www.x.io"},
			redirected: []string{"www.x.io"},
			ready: map[string]accepted{
				"blue/a": not("HostNotCovered", `the certificate in Secret s does not cover "x.io": it names "*.x.io"`),
				"blue/b": ready("s"),
			},
		},
		"a wildcard host takes a certificate for the wildcard, and hosts below it are redirected with it": {
			ingresses:  []*v1alpha1.Ingress{withTLS(newSite("blue", "a", 1, "*.x.io"), "s"), newSite("blue", "b", 1, "www.x.io", "a.www.x.io", "x.io")},
			secrets:    []*translate.Secret{newSecret("blue", "s", "*.x.io")},
			served:     []string{"blue/s: *.x.io"},
			redirected: []string{"*.x.io", "www.x.io"},
			ready:      map[string]accepted{"blue/a": ready("s")},
		},
		"a wildcard host is not covered by a name below it": {
			ingresses: []*v1alpha1.Ingress{withTLS(newSite("blue", "a", 1, "*.x.io"), "s")},
			secrets:   []*translate.Secret{newSecret("blue", "s", "www.x.io")},
			ready: map[string]accepted{
				"blue/a": not("HostNotCovered", `the certificate in Secret s does not cover "*.x.io": it names "www.x.io"`),
			},
		},
		"an empty name in a certificate covers nothing": {
			ingresses: []*v1alpha1.Ingress{withTLS(newSite("blue", "a", 1, "*.x.io", "localhost"), "s")},
			secrets:   []*translate.Secret{newSecret("blue", "s", "")},
			ready: map[string]accepted{
				"blue/a": not("HostNotCovered", `the certificate in Secret s does not cover "*.x.io", "localhost": it names ""`),
			},
		},
		"a name of tls below a wildcard host, and not all of that host": {
			ingresses: []*v1alpha1.Ingress{withTLS(newSite("blue", "a", 1, "*.x.io"), "s", "www.x.io")},
			secrets:   []*translate.Secret{newSecret("blue", "s", "www.x.io")},
			served:    []string{"blue/s: www.x.io"},
			ready:     map[string]accepted{"blue/a": ready("s")},
		},
		"a wildcard of tls that no rule has stands for the hosts below it": {
			ingresses: []*v1alpha1.Ingress{
				withTLS(newSite("blue", "a", 1, "www.x.io", "api.x.io", "x.io", "deep.www.x.io"), "s", "*.x.io"),
				newSite("green", "wild", 1, "*.x.io"),
			},
			secrets:    []*translate.Secret{newSecret("blue", "s", "*.x.io")},
			served:     []string{"blue/s: api.x.io www.x.io"},
			redirected: []string{"api.x.io", "www.x.io"},
			ready:      map[string]accepted{"blue/a": ready("s")},
		},
		"a name of tls under the rule for every host": {
			ingresses: []*v1alpha1.Ingress{withTLS(newSite("blue", "a", 1, ""), "s", "x.io", "*.y.io")},
			secrets:   []*translate.Secret{newSecret("blue", "s", "x.io", "*.y.io")},
			served:    []string{"blue/s: *.y.io x.io"},
			ready:     map[string]accepted{"blue/a": ready("s")},
		},
		"the rule for every host alone has no name": {
			ingresses: []*v1alpha1.Ingress{withTLS(newSite("blue", "a", 1, ""), "s")},
			secrets:   []*translate.Secret{newSecret("blue", "s", "x.io")},
			ready: map[string]accepted{
				"blue/a": not("HostNotCovered", "no rule has a host that a certificate could cover: list names under tls.hosts"),
			},
		},
		"a name of tls that no rule has": {
			ingresses:  []*v1alpha1.Ingress{withTLS(newSite("blue", "a", 1, "x.io"), "s", "x.io", "www.x.io")},
			secrets:    []*translate.Secret{newSecret("blue", "s", "x.io", "www.x.io")},
			served:     []string{"blue/s: x.io"},
			redirected: []string{"x.io"},
			ready: map[string]accepted{"blue/a": not("HostNotRouted",
				`no certificate is served for "www.x.io", which no rule has as its host: add a rule, or take the name from tls.hosts`)},
		},
		"nobody has a certificate served for another namespace's hosts": {
			ingresses: []*v1alpha1.Ingress{
				newSite("blue", "a", 1, "x.io", "*.y.io"),
				withTLS(newSite("green", "thief", 2, "x.io", "z.io"), "s", "x.io", "www.y.io", "*.y.io", "z.io"),
				withTLS(newSite("green", "thief-2", 2, "x.io"), "s"),
			},
			secrets:    []*translate.Secret{newSecret("green", "s", "x.io", "*.y.io", "z.io")},
			served:     []string{"green/s: z.io"},
			redirected: []string{"z.io"},
			ready: map[string]accepted{
				"green/thief": not("HostOwnedElsewhere", `no certificate of this namespace is served for "x.io", which belongs to another namespace; `+
					`no certificate of this namespace is served for "www.y.io", which belongs to another namespace; `+
					`no certificate of this namespace is served for "*.y.io", which belongs to another namespace`),
				"green/thief-2": not("HostOwnedElsewhere", `no certificate of this namespace is served for "x.io", which belongs to another namespace`),
			},
		},
		"the wildcard's owner does not redirect another namespace's host below it": {
			ingresses: []*v1alpha1.Ingress{
				withTLS(newSite("blue", "a", 1, "*.x.io"), "s"),
				newSite("green", "b", 2, "www.x.io"),
			},
			secrets:    []*translate.Secret{newSecret("blue", "s", "*.x.io")},
			served:     []string{"blue/s: *.x.io"},
			redirected: []string{"*.x.io"},
			ready:      map[string]accepted{"blue/a": ready("s")},
		},
		"with shared hosts every namespace may": {
			allowShared: true,
			ingresses: []*v1alpha1.Ingress{
				newSite("blue", "a", 1, "x.io"),
				withTLS(newSite("green", "b", 2, "x.io"), "s"),
			},
			secrets:    []*translate.Secret{newSecret("green", "s", "x.io")},
			served:     []string{"green/s: x.io"},
			redirected: []string{"x.io"},
			ready:      map[string]accepted{"green/b": ready("s")},
		},
		"no such Secret in the namespace, and no redirect": {
			ingresses: []*v1alpha1.Ingress{withTLS(newSite("blue", "a", 1, "x.io"), "s")},
			secrets:   []*translate.Secret{newSecret("green", "s", "x.io"), newSecret("blue", "other", "x.io")},
			ready: map[string]accepted{"blue/a": not("SecretNotFound",
				"there is no Secret s in this namespace: make it, with kubectl create secret tls for instance")},
		},
		"a Secret that cannot be served keeps no other from being served": {
			ingresses: []*v1alpha1.Ingress{
				withTLS(newSite("blue", "a", 1, "x.io"), "wrong"), withTLS(newSite("blue", "b", 1, "y.io"), "s"),
			},
			secrets: []*translate.Secret{
				{Namespace: "blue", Name: "wrong", Fault: "the key is another's: write the right one"}, newSecret("blue", "s", "y.io")},
			served:     []string{"blue/s: y.io"},
			redirected: []string{"y.io"},
			ready: map[string]accepted{
				"blue/a": not("SecretInvalid", "Secret wrong cannot be served: the key is another's: write the right one"),
				"blue/b": ready("s"),
			},
		},
		"an expired certificate is served on, and its redirect stays": {
			ingresses:  []*v1alpha1.Ingress{withTLS(newSite("blue", "a", 1, "x.io"), "s")},
			secrets:    []*translate.Secret{lasting(newSecret("blue", "s", "x.io"), -90, -1)},
			served:     []string{"blue/s: x.io"},
			redirected: []string{"x.io"},
			ready: map[string]accepted{"blue/a": not("Expired",
				"the certificate in Secret s has expired, and is served all the same: put a new one into the Secret")},
		},
		"a certificate that is not valid yet is served, and nobody is redirected to it": {
			ingresses: []*v1alpha1.Ingress{withTLS(newSite("blue", "a", 1, "x.io"), "s")},
			secrets:   []*translate.Secret{lasting(newSecret("blue", "s", "x.io"), 1, 91)},
			served:    []string{"blue/s: x.io"},
			ready: map[string]accepted{"blue/a": not("NotYetValid",
				"the certificate in Secret s is not valid yet: it is served all the same, but plain requests are not redirected to it")},
		},
		"a certificate is valid in its first and in its last second": {
			ingresses: []*v1alpha1.Ingress{withTLS(newSite("blue", "a", 1, "x.io"), "first"), withTLS(newSite("blue", "b", 1, "y.io"), "last")},
			secrets: []*translate.Secret{
				lasting(newSecret("blue", "first", "x.io"), 0, 1), lasting(newSecret("blue", "last", "y.io"), -1, 0)},
			served:     []string{"blue/first: x.io", "blue/last: y.io"},
			redirected: []string{"x.io", "y.io"},
			ready:      map[string]accepted{"blue/a": ready("first"), "blue/b": ready("last")},
		},
		"of several for one name the latest valid one comes first": {
			ingresses: []*v1alpha1.Ingress{
				withTLS(newSite("blue", "a", 1, "x.io"), "old"), withTLS(newSite("blue", "b", 1, "x.io"), "new"),
				withTLS(newSite("blue", "c", 1, "x.io"), "expired"), withTLS(newSite("blue", "d", 1, "x.io"), "future"),
				withTLS(newSite("blue", "e", 1, "x.io"), "same"),
			},
			secrets: []*translate.Secret{
				lasting(newSecret("blue", "expired", "x.io"), -9, -1), lasting(newSecret("blue", "future", "x.io"), 1, 90),
				lasting(newSecret("blue", "new", "x.io"), -10, 90), lasting(newSecret("blue", "old", "x.io"), -20, 90),
				lasting(newSecret("blue", "same", "x.io"), -20, 60),
			},
			served:     []string{"blue/new: x.io", "blue/old: x.io", "blue/same: x.io", "blue/expired: x.io", "blue/future: x.io"},
			redirected: []string{"x.io"},
			ready: map[string]accepted{
				"blue/a": ready("old"), "blue/b": ready("new"), "blue/e": ready("same"),
				"blue/c": not("Expired", "the certificate in Secret expired has expired, and is served all the same: put a new one into the Secret"),
				"blue/d": not("NotYetValid",
					"the certificate in Secret future is not valid yet: it is served all the same, but plain requests are not redirected to it"),
			},
		},
		"several things at once": {
			ingresses: []*v1alpha1.Ingress{withTLS(newSite("blue", "a", 1, "x.io", "y.io"), "s")},
			secrets:   []*translate.Secret{lasting(newSecret("blue", "s"), -9, -1)},
			ready: map[string]accepted{"blue/a": not("Expired",
				"the certificate in Secret s has expired, and is served all the same: put a new one into the Secret; "+
					`the certificate in Secret s does not cover "x.io", "y.io": it names no host as a subject alternative name`)},
		},
		"another class's Ingress": {
			ingresses: func() []*v1alpha1.Ingress {
				ing := withTLS(newSite("blue", "a", 1, "x.io"), "s")
				ing.Spec.IngressClassName = "nginx"
				return []*v1alpha1.Ingress{ing}
			}(),
			secrets: []*translate.Secret{newSecret("blue", "s", "x.io")},
			ready:   map[string]accepted{},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			in := translate.Input{Objects: asRules(test.ingresses), Secrets: test.secrets, Now: today}
			in.Options.AllowSharedHosts = test.allowShared
			snapshot, reports := build(in)
			served, redirected := certified(snapshot)
			if diff := cmp.Diff(test.served, served); diff != "" {
				t.Errorf("certificates (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.redirected, redirected); diff != "" {
				t.Errorf("redirected hosts (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.ready, certificatesReady(reports)); diff != "" {
				t.Errorf("CertificateReady (-want +got):\n%s", diff)
			}
		})
	}
}

// certificatesReady returns the condition CertificateReady of each Ingress that has it.
func certificatesReady(reports []translate.Report) map[string]accepted {
	ready := map[string]accepted{}
	for _, r := range reports {
		if c := meta.FindStatusCondition(r.Conditions, v1alpha1.ConditionCertificateReady); c != nil {
			ready[r.Namespace+"/"+r.Name] = accepted{c.Status, c.Reason, c.Message}
		}
	}
	return ready
}

func TestACertificateToOrderIsServedFromItsSecretIfThatIsThere(t *testing.T) {
	order := func(ing *v1alpha1.Ingress) *v1alpha1.Ingress {
		ing.Spec.TLS.AutoSSL = true
		return ing
	}
	snapshot, reports := build(translate.Input{
		Objects: asRules([]*v1alpha1.Ingress{
			order(withTLS(newSite("blue", "derived", 1, "x.io"), "")),
			order(withTLS(newSite("blue", "missing", 1, "y.io"), "")),
			order(withTLS(newSite("blue", "named", 1, "z.io"), "s")),
		}),
		Secrets: []*translate.Secret{newSecret("blue", "derived-tls", "x.io"), newSecret("blue", "s", "z.io")},
		Now:     today,
	})
	served, redirected := certified(snapshot)
	if diff := cmp.Diff([]string{"blue/derived-tls: x.io", "blue/s: z.io"}, served); diff != "" {
		t.Errorf("certificates (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"x.io", "z.io"}, redirected); diff != "" {
		t.Errorf("redirected hosts (-want +got):\n%s", diff)
	}
	want := map[string]accepted{
		"blue/derived": {metav1.ConditionTrue, "CertificateValid", "the certificate in Secret derived-tls is valid, and served for every host"},
		"blue/named":   {metav1.ConditionTrue, "CertificateValid", "the certificate in Secret s is valid, and served for every host"},
		"blue/missing": {metav1.ConditionFalse, "NotYetIssued", "the first certificate is about to be ordered"},
	}
	if diff := cmp.Diff(want, certificatesReady(reports)); diff != "" {
		t.Errorf("CertificateReady (-want +got):\n%s", diff)
	}
}

func TestTheTimeAloneMakesNoDifferenceWhileValidityStays(t *testing.T) {
	in := translate.Input{
		Objects: asRules([]*v1alpha1.Ingress{withTLS(newSite("blue", "a", 1, "x.io"), "old"), withTLS(newSite("blue", "b", 1, "x.io"), "new")}),
		Secrets: []*translate.Secret{lasting(newSecret("blue", "old", "x.io"), -20, 10), lasting(newSecret("blue", "new", "x.io"), -10, 5)},
	}
	at := func(n int) (*snapshot.Snapshot, []translate.Report) {
		in.Now = day(n)
		return build(in)
	}
	snapshot, reports := at(0)
	later, laterReports := at(5)
	if !snapshot.Equal(later) {
		t.Errorf("the snapshots differ:\n%+v\n%+v", snapshot, later)
	}
	if diff := cmp.Diff(reports, laterReports); diff != "" {
		t.Errorf("the reports differ:\n%s", diff)
	}
	afterwards, _ := at(6)
	served, _ := certified(afterwards)
	if diff := cmp.Diff([]string{"blue/old: x.io", "blue/new: x.io"}, served); diff != "" {
		t.Errorf("certificates once the newer one has expired (-want +got):\n%s", diff)
	}
}

func TestWhatIsServedOfASecret(t *testing.T) {
	built, _ := build(translate.Input{
		Objects: asRules([]*v1alpha1.Ingress{withTLS(newSite("blue", "a", 1, "x.io"), "s")}),
		Secrets: []*translate.Secret{newSecret("blue", "s", "x.io")}, Now: today,
	})
	want := []snapshot.Certificate{{ID: "blue/s", Owner: "blue", Hosts: []string{"x.io"}, Chain: "chain of blue/s", Key: "key of blue/s"}}
	if diff := cmp.Diff(want, built.Certificates); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWhichSecretsIngressesName(t *testing.T) {
	other := withTLS(newSite("blue", "other", 1, "x.io"), "theirs")
	other.Spec.IngressClassName = "nginx"
	got := translate.NamedSecrets(&translate.Input{
		Options: translate.Options{IngressClass: "warren"},
		Objects: asRules([]*v1alpha1.Ingress{
			newSite("blue", "plain", 1, "x.io"), other,
			withTLS(newSite("blue", "a", 1, "x.io"), "s"), withTLS(newSite("blue", "b", 1, "x.io"), "s"),
			withTLS(newSite("green", "a", 1, "y.io"), "s"), withTLS(newSite("green", "auto", 1, "y.io"), ""),
		}),
	})
	want := map[types.NamespacedName]struct{}{
		{Namespace: "blue", Name: "s"}: {}, {Namespace: "green", Name: "auto-tls"}: {}, {Namespace: "green", Name: "s"}: {}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestMessagesAboutCertificatesAreBounded(t *testing.T) {
	var hosts, names []string
	for i := range 64 {
		hosts = append(hosts, fmt.Sprintf("h%d.%sio", i, strings.Repeat("x.", 100)))
		names = append(names, strings.Repeat("\x01", 1000))
	}
	_, reports := build(translate.Input{
		Objects: asRules([]*v1alpha1.Ingress{withTLS(newSite("blue", "a", 1, hosts...), strings.Repeat("s", 253))}),
		Secrets: []*translate.Secret{newSecret("blue", strings.Repeat("s", 253), names...)}, Now: today,
	})
	if n := len(certificatesReady(reports)["blue/a"].Message); n < 1000 || n > 32768 {
		t.Errorf("the message has %d bytes", n)
	}
}

func TestDefaultCertificateIsServedWhateverNamesIt(t *testing.T) {
	named := withTLS(newSite("blue", "a", 1, "x.io"), "s")
	for name, test := range map[string]struct {
		ingresses []*v1alpha1.Ingress
		secrets   []*translate.Secret
		option    string
		want      []string
	}{
		"no Ingress":                   {nil, []*translate.Secret{newSecret("blue", "s", "x.io")}, "s", []string{"blue/s: default"}},
		"an Ingress without tls":       {[]*v1alpha1.Ingress{newSite("blue", "a", 1, "x.io")}, []*translate.Secret{newSecret("blue", "s", "x.io")}, "s", []string{"blue/s: default"}},
		"an Ingress that names it":     {[]*v1alpha1.Ingress{named}, []*translate.Secret{newSecret("blue", "s", "x.io")}, "s", []string{"blue/s: x.io default"}},
		"an Ingress that names others": {[]*v1alpha1.Ingress{named}, []*translate.Secret{newSecret("blue", "s", "x.io"), newSecret("blue", "t")}, "t", []string{"blue/s: x.io", "blue/t: default"}},
		"it is gone":                   {nil, []*translate.Secret{gone(newSecret("blue", "s"))}, "s", []string{"blue/s: default"}},
		"it was never good":            {nil, []*translate.Secret{{Namespace: "blue", Name: "s", Fault: "broken"}}, "s", nil},
		"it is not there":              {[]*v1alpha1.Ingress{named}, []*translate.Secret{newSecret("blue", "s", "x.io")}, "t", []string{"blue/s: x.io"}},
	} {
		t.Run(name, func(t *testing.T) {
			snapshot, _ := translate.Build(translate.Input{Objects: asRules(test.ingresses), Secrets: test.secrets, Now: today,
				Options: translate.Options{IngressClass: "warren", DefaultCertificate: types.NamespacedName{Namespace: "blue", Name: test.option}}})
			var got []string
			for _, c := range snapshot.Certificates {
				line := c.ID + ":"
				for _, host := range c.Hosts {
					line += " " + host
				}
				if c.Default {
					line += " default"
				}
				got = append(got, line)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("certificates (-want +got):\n%s", diff)
			}
		})
	}
}
