// SPDX-License-Identifier: Apache-2.0

package nginx_test

import (
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/controllers/manifests"
	"github.com/warren-dev/ingress/controllers/sources"
)

// The shop in testdata is twelve Ingresses written for ingress-nginx. docs/migration-from-ingress-nginx.md says how it
// moved.
func TestTheShopIsServed(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/shop/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	set, err := manifests.Read(files, nil, manifests.Options{Uses: sources.Uses})
	if err != nil || len(set.Faults) > 0 {
		t.Fatal(err, set.Faults)
	}
	var more []client.Object
	var names []string
	for _, o := range set.Objects {
		ingress, ok := o.(*networkingv1.Ingress)
		if !ok {
			t.Fatalf("%s is a %T", o.GetName(), o)
		}
		more, names = append(more, ingress), append(names, ingress.Name)
	}
	if len(names) != 12 {
		t.Errorf("there are %d Ingresses: %v", len(names), names)
	}
	for _, name := range []string{"storefront", "storefront-next", "catalogue", "cart", "checkout", "api-next", "images", "office", "status", "pages", "feeds", "search"} {
		more = append(more, several(t, name, false, func(w http.ResponseWriter, request *http.Request) {
			w.Header().Set("X-Host", request.Host)
			w.Header().Set("Got-X-Forwarded-Prefix", request.Header.Get("X-Forwarded-Prefix"))
			if status, err := strconv.Atoi(request.URL.Query().Get("status")); err == nil {
				w.WriteHeader(status)
			}
		})...)
	}
	r := serve(t, map[string]string{"proxy-body-size": "4m", "block-user-agents": "~*scrapy", "hide-headers": "X-Powered-By"}, nil, more...)
	d := decided{want: `
		shop.example.com/ | https | X-Next: always => storefront-next /
		shop.example.com/ | https | X-Next: never => storefront /
		shop.example.com/sale/ => 308 https://shop.example.com/sale
		shop.example.com/catalogue/shoes?page=2 | https => catalogue /shoes?page=2 below /catalogue
		shop.example.com/Catalogue | https => catalogue / below /catalogue
		POST shop.example.com/cart/items | https | content 9 => cart /cart/items
		POST shop.example.com/ | https | X-Next: never | content 5000000 => storefront /
		POST shop.example.com/cart | https | content 5000000 => 413
		www.shop.example.com/x/ => 308 http://shop.example.com/x
		checkout.example.com/pay => 308 https://checkout.example.com/pay
		checkout.example.com/pay | https => checkout /pay
		api.example.com/v1/items => api /v1/items
		api.example.com/v2 => api-next /v2
		api.example.com/v3 => 404
		OPTIONS api.example.com/v1 | Origin: https://shop.example.com | Access-Control-Request-Method: PUT => 204
		images.example.com/a.png => images /a.png of images.internal
		DELETE images.example.com/a.png => 405
		office.example.com/ | X-Forwarded-For: 10.1.2.3 => 302 http://office.example.com/desk
		office.example.com/desk | X-Forwarded-For: 10.1.2.3 => office /desk
		office.example.com/desk | X-Forwarded-For: 192.0.2.1 => 403
		blog.example.com/2024?x=y => 301 https://shop.example.com/2024?x=y
		status.example.com/now => status /now
		status.example.com/now?status=404 => pages /
		feeds.example.com/feed => feeds /feed
		rss.example.com/feed/new => feeds /feed/new
		rss.example.com/robots.txt => 200
		feeds.example.com/x => 404
		search.example.com/?q=a => search /?q=a
		search.example.com/?q=a | User-Agent: Scrapy/2 => 403
		elsewhere.example.com/ => 404`}
	d.asks(r, "here")
	if got := r.ask("images.example.com/a.png").Header.Get("Cache-Control"); got != "public, max-age=3600" {
		t.Errorf("images are kept by %q", got)
	}
	if got := r.ask("shop.example.com/cart", "https").Header.Get("Set-Cookie"); !strings.HasPrefix(got, "cart=") || !strings.Contains(got, "Max-Age=3600") {
		t.Errorf("the session of a cart is %q", got)
	}
	if got := r.ask("api.example.com/v1", "Origin: https://shop.example.com").Header.Get("Access-Control-Allow-Origin"); got != "https://shop.example.com" {
		t.Errorf("pages of %q may read the answers", got)
	}
	for _, name := range names {
		if said := r.says(name); strings.Contains(said, "told") || strings.Contains(said, "Unused") || strings.Contains(said, "Invalid") {
			t.Errorf("%s is told %s", name, said)
		}
	}
}
