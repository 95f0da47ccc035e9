// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/controllers/audit"
)

const forNginx = "ingressClassName: nginx, "

func TestAuditPrintsWhatBecomesOfIngresses(t *testing.T) {
	t.Parallel()
	limited := web + standard("shop", `nginx.ingress.kubernetes.io/limit-rps: "10", nginx.ingress.kubernetes.io/rate-limit: "5"`, forNginx, "a.io") +
		standard("plain", "", forNginx, "b.io") + standard("another", "", "ingressClassName: traefik, ", "c.io")
	got := runWith(limited, "audit", "-f", "-")
	want := `INGRESS        VERDICT  WHAT           FATE           WHY
default/plain  same
default/shop   differs  limit-rps: 10  acted on       beyond the limit 429, where ingress-nginx said 503
                        rate-limit: 5  never existed  nothing was ever done by it. Write ` + "`limit-rps` or `limit-rpm`" + `.

note: no ConfigMap of ingress-nginx was read, so its own defaults hold: --nginx-configmap names one
note: for every Ingress: backends get the canonical path (/foo//x/../y goes on as /foo/y), and forwarding fields of --trusted-proxies alone; docs/ingress-nginx.md#what-differs-on-purpose has the rest
note: Ingresses of other classes, which were not looked at: 1
2 Ingresses: 1 same, 1 differs
`
	if diff := cmp.Diff(want, got.out); diff != "" || got.code != 0 || got.err != "" {
		t.Errorf("%+v\n%s", got, diff)
	}
}

func TestAnAuditFailsWhereSomethingIsNotServed(t *testing.T) {
	t.Parallel()
	shared := standard("shop", "", forNginx, "a.io") + strings.Replace(standard("thief", "nginx.ingress.kubernetes.io/use-regex: \"true\"", forNginx, "a.io"), "{name: thief", "{namespace: alien, name: thief", 1)
	for name, test := range map[string]struct {
		manifests string
		args      []string
		code      int
		out, err  string
	}{
		"nothing":              {web, nil, 0, "there is no Ingress that was written for ingress-nginx\n", ""},
		"closes":               {web + standard("shop", "nginx.ingress.kubernetes.io/auth-url: http://a/b", forNginx, "a.io"), nil, exitFailure, "1 Ingress: 1 closes\n", ""},
		"contested":            {web + shared, nil, exitFailure, "a.io  alien, default  default has it, and ingress-nginx served all of them\n", ""},
		"hosts are shared":     {web + shared + strings.Replace(standard("paths", "", forNginx, "a.io"), "path: /", "path: /shop", 1), []string{"--allow-shared-hosts"}, 0, "a.io  alien/thief has use-regex             default/paths\n", ""},
		"another class":        {web + standard("shop", "", "ingressClassName: legacy, ", "a.io"), []string{"--nginx-class=legacy"}, 0, "1 Ingress: 1 same\n", ""},
		"no class":             {web, []string{"--nginx-class="}, exitMisuse, "", "--nginx-class is empty: write the class of the Ingresses, such as nginx"},
		"no ConfigMap":         {web + standard("shop", "", forNginx, "a.io"), []string{"--nginx-configmap=a/b"}, exitFailure, "note: ConfigMap a/b, which --nginx-configmap names, is not there", ""},
		"a file that is wrong": {"a: [", nil, exitFailure, "", "standard input"},
		"an argument":          {web, []string{"manifests/"}, exitMisuse, "", "write no argument: -f names files"},
	} {
		got := runWith(test.manifests, append([]string{"audit", "-f", "-"}, test.args...)...)
		if got.code != test.code || !strings.Contains(got.out, test.out) || !strings.Contains(got.err, test.err) || (test.err == "") != (got.err == "") {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestAnAuditForPrograms(t *testing.T) {
	t.Parallel()
	got := runWith(web+standard("shop", `nginx.ingress.kubernetes.io/limit-rps: "10"`, forNginx, "a.io"), "audit", "-f", "-", "-o", "json")
	var report audit.Report
	if err := json.Unmarshal([]byte(got.out), &report); err != nil {
		t.Fatal(err, got)
	}
	want := []audit.Ingress{{Namespace: "default", Name: "shop", Verdict: audit.Differs, Annotations: []audit.Annotation{
		{Name: "limit-rps", Value: "10", Fate: "acted on", Verdict: audit.Differs, Text: "beyond the limit 429, where ingress-nginx said 503"}}}}
	if diff := cmp.Diff(want, report.Ingresses); diff != "" || report.Counts[audit.Differs] != 1 {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Authors choose names and values, and whoever looks at the page or the table did not.
func TestWhatAuthorsWriteIsTextInAnAudit(t *testing.T) {
	t.Parallel()
	const hostile = `<script>alert(1)</script>`
	manifests := web + `---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: "\"><img src=x onerror=alert(1)>\e[1m"
  annotations:
    nginx.ingress.kubernetes.io/<b>bold</b>: "` + hostile + `"
    nginx.ingress.kubernetes.io/use-regex: "true"
    nginx.ingress.kubernetes.io/proxy-body-size: "\e[2J\n8m"
spec: {ingressClassName: nginx, rules: [{host: "<i>", http: {paths: [{path: "/<u>", pathType: Prefix, backend: {service: {name: web, port: {name: http}}}}]}}]}
`
	page := runWith(manifests, "audit", "-f", "-", "-o", "html").out
	for _, tag := range []string{"<script", "<img", "<b>", "<i>", "<u>", "onerror=alert(1)>", "javascript:", "http://", "https://"} {
		if strings.Contains(page, tag) {
			t.Errorf("the page has %s:\n%s", tag, page)
		}
	}
	for _, shown := range []string{"&lt;script&gt;alert(1)&lt;/script&gt;", "&lt;b&gt;bold&lt;/b&gt;", "&lt;img src=x onerror=alert(1)&gt;", "default-src &#39;none&#39;", "</html>\n"} {
		if !strings.Contains(page, shown) && !strings.Contains(page, strings.ReplaceAll(shown, "&#39;", "'")) {
			t.Errorf("the page has not %s:\n%s", shown, page)
		}
	}
	if table := runWith(manifests, "audit", "-f", "-").out; strings.Contains(table, "\x1b") || !strings.Contains(table, "proxy-body-size:  [2J 8m") {
		t.Errorf("the table:\n%s", table)
	}
}

// clusterDouble is a kubectl for a cluster with Ingresses, and without Ingresses of this controller's own kind.
const clusterDouble = `#!/bin/sh
folder=$(dirname "$0")
echo "$*" >>"$folder/calls"
case "$*" in
*ingresses.ingress.warren.dev*) echo 'error: the server does not have a resource type "ingresses"' >&2; exit 1 ;;
*configmap*controller*) cat "$folder/controller" ;;
*configmap*--namespace=shop*) cat "$folder/both" ;;
*configmap*) cat "$folder/fields" ;;
*secret*) cat "$folder/secrets" ;;
*) cat "$folder/cluster" ;;
esac
`

func TestAuditHasKubectlReadTheCluster(t *testing.T) {
	folder := t.TempDir()
	configMap := func(namespace, name, data string) string {
		return `{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "` + namespace + `", "name": "` + name + `"}, "data": ` + data + `}`
	}
	naming := func(name string) string {
		return `, {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"namespace": "shop", "name": "` + name + `",
			"annotations": {"nginx.ingress.kubernetes.io/custom-headers": "` + name + `"}}, "spec": {"ingressClassName": "nginx", "rules": [{"host": "` + name + `.io"}]}}`
	}
	for name, content := range map[string]string{
		"kubectl":    clusterDouble,
		"controller": configMap("ingress-nginx", "controller", `{"add-headers": "ingress-nginx/fields", "hsts": "false"}`),
		"secrets":    "clients-ca   Opaque   1     3d\n",
		"fields":     configMap("ingress-nginx", "fields", `{"X-Shop": "1"}`),
		"both":       `{"apiVersion": "v1", "kind": "List", "items": [` + configMap("shop", "one", "{}") + "," + configMap("shop", "two", "{}") + "]}",
		"cluster": `{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
			"metadata": {"namespace": "shop", "name": "web", "resourceVersion": "7", "managedFields": [{"manager": "helm"}], "annotations": {"nginx.ingress.kubernetes.io/limit-rps": "10",
			"nginx.ingress.kubernetes.io/auth-type": "basic", "nginx.ingress.kubernetes.io/auth-secret": "users", "nginx.ingress.kubernetes.io/auth-tls-secret": "shop/clients-ca"}},
			"spec": {"ingressClassName": "nginx", "rules": [{"host": "a.io", "http": {"paths": [{"path": "/", "pathType": "Prefix",
			"backend": {"service": {"name": "web", "port": {"number": 80}}}}]}}]}, "status": {"loadBalancer": {}}}` + naming("one") + naming("two") + `]}`,
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o700); err != nil { //nolint:gosec // one of them is a program
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", folder+":"+os.Getenv("PATH"))
	got := runPlugin("audit", "--context=prod", "--nginx-configmap=ingress-nginx/controller")
	if got.code != 0 || !strings.Contains(got.out, "shop/web  differs  auth-secret: users") || strings.Contains(got.out, "note: ConfigMap") {
		t.Errorf("%+v", got)
	}
	if !strings.Contains(got.out, "Secret shop/users, which has the users and their passwords, was not found") || strings.Contains(got.out, "Secret shop/clients-ca") {
		t.Errorf("the Secrets that are missing:\n%s", got.out)
	}
	if !strings.Contains(got.err, "note: Ingresses of this controller's own kind are not known") {
		t.Errorf("what is not known: %q", got.err)
	}
	calls, err := os.ReadFile(filepath.Join(folder, "calls"))
	if err != nil {
		t.Fatal(err)
	}
	want := `--context=prod get ingresses.networking.k8s.io,ingressclasses.networking.k8s.io,services,namespaces --all-namespaces --output=json
--context=prod get ingresses.ingress.warren.dev --all-namespaces --output=json
--context=prod get configmap controller --namespace=ingress-nginx --ignore-not-found --output=json
--context=prod get configmap one two --namespace=shop --ignore-not-found --output=json
--context=prod get configmap fields --namespace=ingress-nginx --ignore-not-found --output=json
--context=prod get secret clients-ca users --namespace=shop --ignore-not-found --no-headers
`
	if diff := cmp.Diff(want, string(calls)); diff != "" {
		t.Errorf("kubectl's arguments (-want +got):\n%s", diff)
	}
}
