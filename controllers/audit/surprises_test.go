// SPDX-License-Identifier: Apache-2.0

package audit_test

import (
	"strings"
	"testing"

	"github.com/warren-dev/ingress/controllers/manifests"
	"github.com/warren-dev/ingress/controllers/sources"
	"github.com/warren-dev/ingress/controllers/translate"
)

// The tests in this file are the five behaviours of ingress-nginx that surprise who leaves it, as kubernetes.io
// published them ("Before You Migrate: Five Surprising Ingress-NGINX Behaviors", 27 February 2026). Each has its
// section in docs/migration-from-ingress-nginx.md.

// surprise serves Ingresses that lead to the services bin and old of namespace shop. want is "request => what becomes
// of it", a line each.
func surprise(t *testing.T, ingresses, want string) {
	t.Helper()
	const services = "---\napiVersion: v1\nkind: Service\nmetadata: {name: bin, namespace: shop}\nspec: {selector: {app: bin}, ports: [{name: http, port: 80}]}\n" +
		"---\napiVersion: v1\nkind: Service\nmetadata: {name: old, namespace: shop}\nspec: {selector: {app: old}, ports: [{name: http, port: 80}]}\n"
	set, err := manifests.Read([]string{manifests.Stdin}, strings.NewReader(ingresses+services), manifests.Options{Uses: sources.Uses})
	if err != nil || len(set.Faults) > 0 {
		t.Fatal(err, set.Faults)
	}
	address := (&chart{name: t.Name(), objects: set.Objects}).start(t)
	for line := range strings.Lines(strings.TrimSpace(want)) {
		request, expected, _ := strings.Cut(strings.TrimSpace(line), " => ")
		if got := ask(t, address, request); got != expected {
			t.Errorf("%s: %s, want %s", request, got, expected)
		}
	}
}

func TestSurprise1ExpressionsIgnoreCaseAndAreOpenAtTheirEnd(t *testing.T) {
	t.Parallel()
	surprise(t, one("shop/a", 0, "h.io", "use-regex: true", "ImplementationSpecific /[A-Z]{3} bin"), `
		h.io/ABC => 200 by bin, asked for /ABC
		h.io/uuid => 200 by bin, asked for /uuid
		h.io/abc/def => 200 by bin, asked for /abc/def
		h.io/a1 => 404 RouteNotFound`)
}

func TestSurprise2UseRegexIsForEveryPathOfTheHost(t *testing.T) {
	t.Parallel()
	ingresses := one("shop/a", 0, "h.io", "use-regex: true", "ImplementationSpecific /[A-Z]{3}$ old") + one("shop/b", 1, "h.io", "", "Exact /Header bin", "Prefix /shop bin") +
		one("shop/c", 2, "other.io", "", "Exact /Header bin")
	surprise(t, ingresses, `
		h.io/headers => 200 by bin, asked for /headers
		h.io/shopping => 200 by bin, asked for /shopping
		other.io/headers => 404 RouteNotFound`)
	said := lines(read(t, ingresses, translate.Options{}), "shop/b")
	if want := "same\nh.io/Header h.io/shop: expression, same: is an expression that ignores case and is open at its end, because shop/a has use-regex; it was so in ingress-nginx\n"; said != want {
		t.Errorf("the audit says %q, want %q", said, want)
	}
}

func TestSurprise3RewriteTargetImpliesIt(t *testing.T) {
	t.Parallel()
	ingresses := one("shop/a", 0, "h.io", "rewrite-target: /uuid", "Prefix /ip old") + one("shop/b", 1, "h.io", "", "Exact /Header bin")
	surprise(t, ingresses, `
		h.io/ip => 200 by old, asked for /uuid
		h.io/IPv6 => 200 by old, asked for /uuid
		h.io/headers => 200 by bin, asked for /headers`)
	said := lines(read(t, ingresses, translate.Options{}), "shop/b")
	if want := "same\nh.io/Header: expression, same: is an expression that ignores case and is open at its end, because shop/a has rewrite-target; it was so in ingress-nginx\n"; said != want {
		t.Errorf("the audit says %q, want %q", said, want)
	}
}

func TestSurprise4APathWithoutItsSlashIsSentToTheOneWith(t *testing.T) {
	t.Parallel()
	surprise(t, one("shop/a", 0, "h.io", "", "Exact /my-path/ bin")+one("shop/b", 0, "p.io", "", "Prefix /my-path/ bin")+
		one("shop/c", 0, "both.io", "", "Exact /my-path/ bin", "Exact /my-path old")+one("shop/d", 0, "x.io", "use-regex: true", "ImplementationSpecific /my-path/ bin"), `
		h.io/my-path => 301 to http://h.io/my-path/
		h.io/my-path?q=1 => 301 to http://h.io/my-path/?q=1
		h.io/my-path/ => 200 by bin, asked for /my-path/
		p.io/my-path/x => 200 by bin, asked for /my-path/x
		both.io/my-path => 200 by old, asked for /my-path
		x.io/my-path => 404 RouteNotFound`)
}

func TestSurprise5PathsAreMadeCanonicalBeforeTheyAreMatched(t *testing.T) {
	t.Parallel()
	// What the backend gets differs on purpose: ingress-nginx matches the canonical path, and sends on the other.
	surprise(t, one("shop/a", 0, "h.io", "", "Exact /uuid bin"), `
		h.io/uuid => 200 by bin, asked for /uuid
		h.io/ip/abc/../../uuid => 200 by bin, asked for /uuid
		h.io////uuid => 200 by bin, asked for /uuid
		h.io/%75uid => 200 by bin, asked for /uuid`)
}
