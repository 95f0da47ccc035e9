// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"encoding/json"
	"encoding/xml"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// web is a Service that rules may name.
const web = "---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}]}\n"

// standard is an Ingress of networking.k8s.io, with what is between its name and its spec.
func standard(name, annotations, class, host string) string {
	return "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: " + name + ", annotations: {" + annotations + "}}\nspec: {" + class +
		"rules: [{host: " + host + ", http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {name: http}}}}]}}]}\n"
}

func classOf(name, controller string) string {
	return "---\napiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: " + name + "}\nspec: {controller: " + controller + "}\n"
}

func TestACheckIsToldWhereObjectsAreThatNameNoNamespace(t *testing.T) {
	t.Parallel()
	manifests := web + strings.Replace(standard("shop", "", "ingressClassName: warren, ", "a.io"), "{name: shop", "{namespace: apps, name: shop", 1)
	without, with := runWith(manifests, "check", "-"), runWith(manifests, "check", "-", "-n", "apps")
	const hint = "note: web names no namespace and counts as in default, while others are in apps: write -n apps if it is applied there\n"
	if without.code != exitFailure || !strings.Contains(without.out, "503: ServiceNotFound: apps/web: ") || !strings.Contains(without.out, hint) {
		t.Errorf("without -n: %+v", without)
	}
	if with.code != 0 || with.out != "2 checked, 0 not served as written\n" {
		t.Errorf("with -n: %+v", with)
	}
	class := classOf("warren", "ingress.warren.dev/controller") // It has no namespace to be told of.
	if got := runWith(strings.ReplaceAll(manifests, "{name: web}", "{namespace: apps, name: web}")+class, "check", "-"); got.out != "2 checked, 0 not served as written\n" {
		t.Errorf("a kind that has no namespace: %+v", got)
	}
}

func TestWhatFailsACheck(t *testing.T) {
	t.Parallel()
	const warren = "ingressClassName: warren, "
	tests := map[string]struct {
		manifests string
		want      []checked // of each finding the object, the place, the verdict and the reason
	}{
		"nothing": {web + standard("shop", "", warren, "shop.example.com"), nil},
		"a field that there is not": {web + strings.Replace(standard("shop", "", warren, "a.io"), "pathType", "pathTipe", 1), []checked{
			{Object: "standard input, document 2, line 10", Verdict: verdictRefused, Reason: "Unreadable"}}},
		"a Service that there is not": {standard("shop", "", warren, "a.io"), []checked{
			{Object: "Ingress.networking.k8s.io default/shop", Where: "rules[0].http.paths[0]", Verdict: verdictUnavailable, Reason: "ServiceNotFound"}}},
		"a Service without endpoints": {strings.Replace(web, "selector: {app: web}", "type: ExternalName, externalName: a.io", 1) + standard("shop", "", warren, "a.io"), []checked{
			{Object: "Ingress.networking.k8s.io default/shop", Where: "rules[0].http.paths[0]", Verdict: verdictUnavailable, Reason: "NoEndpoints"}}},
		"another controller's annotation": {web + standard("shop", "nginx.ingress.kubernetes.io/auth-url: x", warren, "a.io"), []checked{
			{Object: "Ingress.networking.k8s.io default/shop", Where: "rules[0].http.paths[0]", Verdict: verdictClosed, Reason: "ForeignAnnotation"}}},
		"a host of another namespace's": {web + standard("shop", "", warren, "a.io") + strings.Replace(standard("thief", "", warren, "a.io"), "{name: thief", "{namespace: other, name: thief", 1), []checked{
			{Object: "Ingress.networking.k8s.io other/thief", Where: "rules[0].http.paths[0]", Verdict: verdictContested, Reason: "HostOwnedElsewhere"}}},
		"a path of another Ingress's": {web + standard("shop", "", warren, "a.io") + standard("zweit", "", warren, "a.io"), []checked{
			{Object: "Ingress.networking.k8s.io default/zweit", Where: "rules[0].http.paths[0]", Verdict: verdictContested, Reason: "PathConflict"}}},
		"a host that is none": {web + standard("shop", "", warren, "A.io"), []checked{
			{Object: "Ingress.networking.k8s.io default/shop", Where: "rules[0].http.paths[0]", Verdict: verdictRefused, Reason: "InvalidRule"}}},
		"no class": {web + standard("shop", "", "", "a.io"), []checked{
			{Object: "Ingress.networking.k8s.io default/shop", Verdict: verdictNotFound, Reason: "NoClass"}}},
		"another class": {web + standard("shop", "", "ingressClassName: nginx, ", "a.io"), nil},
		"a canary": {web + standard("shop", `nginx.ingress.kubernetes.io/canary: "true"`, warren, "a.io"), []checked{
			{Object: "Ingress.networking.k8s.io default/shop", Verdict: verdictRefused, Reason: "InvalidRule"}}},
		"a class of another controller's": {web + classOf("warren", "k8s.io/ingress-nginx") + standard("shop", "", warren, "a.io"), []checked{
			{Object: "Ingress.networking.k8s.io default/shop", Verdict: verdictNotFound, Reason: "NoIngressClass"}}},
		"a class beside another one":                           {web + classOf("nginx", "k8s.io/ingress-nginx") + standard("shop", "", warren, "a.io"), nil},
		"a kind of before that is not used":                    {web + standard("shop", "", warren, "a.io") + "---\napiVersion: extensions/v1beta1\nkind: NetworkPolicy\nmetadata: {name: a}\n", nil},
		"a field that there is not in a kind that is not used": {web + standard("shop", "", warren, "a.io") + "---\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {container: []}\n", nil},
		"conditions of rules that are met":                     {shop + web, nil},
	}
	for name, test := range tests {
		got := runWith(test.manifests, "check", "-", "-o", "json")
		var report checkReport
		if err := json.Unmarshal([]byte(got.out), &report); err != nil {
			t.Fatalf("%s: %v in %+v", name, err, got)
		}
		for i := range report.Findings {
			f := &report.Findings[i]
			if f.Message == "" {
				t.Errorf("%s: there is no message in %+v", name, f)
			}
			f.Host, f.Path, f.Message = "", "", ""
		}
		if len(report.Findings) == 0 {
			report.Findings = nil
		}
		if diff := cmp.Diff(test.want, report.Findings); diff != "" {
			t.Errorf("%s: findings (-want +got):\n%s", name, diff)
		}
		if want := min(1, len(test.want)); got.code != want || report.Checked == 0 && name != "another class" {
			t.Errorf("%s: the exit code is %d after %d checks, want %d", name, got.code, report.Checked, want)
		}
	}
}

func TestACheckIsToldToPeopleAndToCI(t *testing.T) {
	t.Parallel()
	manifests := web + standard("shop", "nginx.ingress.kubernetes.io/auth-url: x", "ingressClassName: warren, ", "a.io") + standard("other", "", "ingressClassName: nginx, ", "b.io")
	text := runWith(manifests, "check", "-")
	for _, want := range []string{
		"Ingress.networking.k8s.io default/shop rules[0].http.paths[0] a.io/: closed: ForeignAnnotation: annotation nginx.ingress.kubernetes.io/auth-url",
		"note: networking.k8s.io/default/other is of the class nginx", "2 checked, 1 not served as written\n",
	} {
		if !strings.Contains(text.out, want) {
			t.Errorf("there is no %q in:\n%s", want, text.out)
		}
	}
	var suite junitSuite
	junit := runWith(manifests, "check", "-", "-o=junit")
	if err := xml.Unmarshal([]byte(junit.out), &suite); err != nil || junit.code != exitFailure || junit.err != "" {
		t.Fatalf("%v in %+v", err, junit)
	}
	if suite.Tests != 2 || suite.Failures != 1 || len(suite.Cases) != 2 || suite.Cases[0].Failure == nil || suite.Cases[1].Failure != nil {
		t.Errorf("%+v", suite)
	}
	if failed := suite.Cases[0]; failed.Failure.Type != verdictClosed || failed.Name != "rules[0].http.paths[0] a.io/" {
		t.Errorf("the failure is %+v", failed)
	}
	if got := runWith("", "check", t.TempDir()+"/none"); got.code != exitFailure || !strings.Contains(got.err, "no such file") {
		t.Errorf("a folder that is not there: %+v", got)
	}
}

func TestIngressesOfIngressNginxAreCheckedWhereTheyAreServed(t *testing.T) {
	t.Parallel()
	const class = "ingressClassName: nginx, "
	settings := "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {namespace: ingress-nginx, name: controller}\ndata: {whitelist-source-range: 10.0.0.0/8}\n"
	shop := web + standard("shop", `nginx.ingress.kubernetes.io/rewrite-target: /$1`, class, "a.io")
	shop = strings.Replace(shop, "path: /,", "path: /api/(.*),", 1)
	for name, test := range map[string]struct {
		manifests string
		flags     []string
		code      int
		said      string
	}{
		"not served":            {shop, nil, 0, "0 checked, 0 not served as written"},
		"served":                {shop, []string{"--nginx-class=nginx"}, 0, "2 checked, 0 not served as written"},
		"closed":                {strings.Replace(shop, "rewrite-target: /$1", "auth-url: x", 1), []string{"--nginx-class=nginx"}, exitFailure, "closed: ForeignAnnotation"},
		"without the ConfigMap": {shop, []string{"--nginx-class=nginx", "--nginx-configmap=ingress-nginx/controller"}, exitFailure, "is not there"},
		"with the ConfigMap":    {shop + settings, []string{"--nginx-class=nginx", "--nginx-configmap=ingress-nginx/controller"}, 0, "0 not served as written"},
		"by no class":           {shop, []string{"--nginx-configmap=ingress-nginx/controller"}, exitMisuse, "without --nginx-class"},
		"by our own class":      {shop, []string{"--nginx-class=warren"}, exitMisuse, "the controller's own class"},
		"by no ConfigMap":       {shop, []string{"--nginx-class=nginx", "--nginx-configmap=controller"}, exitMisuse, "is no ConfigMap"},
	} {
		got := runWith(test.manifests, append([]string{"check", "-"}, test.flags...)...)
		if got.code != test.code || !strings.Contains(got.out+got.err, test.said) {
			t.Errorf("%s: got %+v, want %d with %q", name, got, test.code, test.said)
		}
	}
}

// A canary has no routes, and is not asked for: what others send it is theirs.
func TestCanariesAreCheckedByWhatTheyTake(t *testing.T) {
	t.Parallel()
	const class, canary = "ingressClassName: nginx, ", `nginx.ingress.kubernetes.io/canary: "true", nginx.ingress.kubernetes.io/canary-weight: "10"`
	manifests := web + standard("shop", `nginx.ingress.kubernetes.io/use-regex: "true"`, class, "a.io") + standard("early", canary, class, "a.io") +
		strings.Replace(standard("gone", canary, class, "b.io"), "name: web", "name: gone", 1) + standard("other", "", class, "b.io") + standard("lost", canary, class, "c.io")
	got := runWith(manifests, "check", "-", "--nginx-class=nginx")
	want := []string{
		"Ingress.networking.k8s.io default/early rules[0].http.paths[0] a.io/: refused: CanaryUnused: the Ingress networking.k8s.io/default/gone, an older canary,",
		"Ingress.networking.k8s.io default/gone rules[0].http.paths[0] b.io/: 503: ServiceNotFound: gone:http: ",
		"Ingress.networking.k8s.io default/lost rules[0].http.paths[0] c.io/: refused: CanaryUnused: no other Ingress of the namespace has a rule for Prefix /",
	}
	lines := strings.Split(strings.TrimSpace(got.out), "\n")
	if len(lines) != len(want)+1 {
		t.Fatalf("%d lines:\n%s", len(lines), got.out)
	}
	for i := range want {
		if !strings.HasPrefix(lines[i], want[i]) {
			t.Errorf("line %d is %q, want %q", i, lines[i], want[i])
		}
	}
}
