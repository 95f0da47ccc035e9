// SPDX-License-Identifier: Apache-2.0

package nginx_test

import (
	"fmt"
	"strings"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/warren-dev/ingress/controllers/nginx"
)

// sized returns an Ingress with rules for one host, each with as many paths.
func sized(t *testing.T, rules, paths int, annotations ...string) *networkingv1.Ingress {
	t.Helper()
	made := object{name: "a", annotations: annotations}.ingress(t)
	for i := range rules {
		rule := networkingv1.IngressRule{Host: "h.io"}
		rule.HTTP = &networkingv1.HTTPIngressRuleValue{}
		for j := range paths {
			rule.HTTP.Paths = append(rule.HTTP.Paths, networkingv1.HTTPIngressPath{Path: fmt.Sprintf("/%d/%d", i, j), Backend: backend("web")})
		}
		made.Spec.Rules = append(made.Spec.Rules, rule)
	}
	return made
}

// No single object may keep the controller from its other work.
func TestIngressesThatAreTooLarge(t *testing.T) {
	t.Parallel()
	long := "add_header X-A " + strings.Repeat("b", 8000) + ";"
	for _, test := range []struct {
		rules, paths int
		annotation   string
		want         string
		closesHosts  bool
	}{
		{1000, 1, "from-to-www-redirect: true", "", false},
		{1001, 1, "from-to-www-redirect: true", "2002 rules and paths", false},
		{1, 2000, "from-to-www-redirect: true", "2001 rules and paths", false},
		{50_000, 0, "from-to-www-redirect: true", "50000 rules and paths", false},
		{50_000, 0, "server-snippet: location = /a { deny all; }", "50000 rules and paths", true},
		{1, 30, "configuration-snippet: " + long, "", false},
		{1, 40, "configuration-snippet: " + long, "its snippets are", false},
		{1, 40, "server-snippet: " + long, "its snippets are", true},
	} {
		made := sized(t, test.rules, test.paths, test.annotation)
		shared := nginx.Shared{}
		shared.Add(made)
		o := nginx.Read(made, nginx.NewSettings(nginx.Options{Class: "nginx"}, nil), shared)
		got := ""
		if o.Fault != nil {
			got = o.Fault.Text
		}
		if test.want == "" && got != "" || !strings.Contains(got, test.want) {
			t.Errorf("%d rules with %d paths each and %.30s: the fault is %q, want %q", test.rules, test.paths, test.annotation, got, test.want)
		}
		count := 0
		for i := range o.Hosts {
			count += len(o.Hosts[i].Rules)
		}
		if most := 2*test.rules*test.paths + 2; count > most || o.ClosesHosts != test.closesHosts {
			t.Errorf("%d rules with %d paths each and %.30s: it makes %d rules, and closes hosts: %t", test.rules, test.paths, test.annotation, count, o.ClosesHosts)
		}
	}
}

func TestWhatIngressesShareIsToldInFewBytes(t *testing.T) {
	t.Parallel()
	made := sized(t, 1000, 0, "server-snippet: add_header X-A "+strings.Repeat("b", 8000)+";")
	told := map[string]string{}
	for name, change := range map[string]func(o *networkingv1.Ingress){
		"nothing": func(*networkingv1.Ingress) {},
		"tls":     func(o *networkingv1.Ingress) { o.Spec.TLS = []networkingv1.IngressTLS{{Hosts: []string{"*.io"}}} },
		"name":    func(o *networkingv1.Ingress) { o.Name = "b" },
		"snippet": func(o *networkingv1.Ingress) { o.Annotations[nginx.Prefix+"server-snippet"] = "add_header X-A c;" },
	} {
		by, shared := made.DeepCopy(), nginx.Shared{}
		change(by)
		shared.Add(by)
		of := shared.Of(made, nginx.NewSettings(nginx.Options{Class: "nginx"}, nil))
		if len(of) > 100 {
			t.Errorf("%s: %d bytes", name, len(of))
		}
		if other, known := told[of]; known {
			t.Errorf("%s tells the same as %s", name, other)
		}
		told[of] = name
	}
}

// A host that several rules name has one answer for what no path takes.
func TestRepeatedHostsAreReadOnce(t *testing.T) {
	t.Parallel()
	made := sized(t, 3, 1, "server-snippet: deny all;")
	shared := nginx.Shared{}
	shared.Add(made)
	o := nginx.Read(made, nginx.NewSettings(nginx.Options{Class: "nginx"}, nil), shared)
	count := 0
	for i := range o.Hosts {
		if o.Hosts[i].Default {
			count++
		}
	}
	if o.Fault != nil || count != 1 {
		t.Errorf("%d hosts for what no path takes, fault %+v", count, o.Fault)
	}
}

// Each build adds every Ingress, so those without a server-snippet must not have their own annotations read for it.
func TestSharingReadsNoAnnotationsForNothing(t *testing.T) {
	made := object{name: "a", host: "h.io", paths: "Prefix / -> web",
		annotations: []string{"configuration-snippet: add_header X-A 1;", "ingress.warren.dev/headers: {response: {set: {X-B: c}}}"}}.ingress(t)
	shared := nginx.Shared{}
	if n := testing.AllocsPerRun(10, func() { shared.Add(made) }); n > 4 {
		t.Errorf("adding an Ingress allocates %v times", n)
	}
}
