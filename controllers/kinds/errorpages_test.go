// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
)

var _ = keepsNobodyOut("error-pages")

func TestReadErrorPages(t *testing.T) {
	t.Parallel()
	page := func(path string, codes ...int32) v1alpha1.ErrorPage {
		return v1alpha1.ErrorPage{StatusCodes: codes, ServiceName: "pages", Port: 80, Path: path}
	}
	secure := page("", 503)
	secure.Protocol, secure.TLS = v1alpha1.ProtocolHTTPS, &v1alpha1.WeightedBackendTLS{CASecretName: "ca"}
	insecure := secure
	insecure.Protocol = v1alpha1.ProtocolHTTP
	nowhere, nobody := page("", 503), page("", 503)
	nowhere.Port, nobody.ServiceName = 0, "http://a"
	pages := rules.Backend{Service: "pages", Port: 80}
	for name, test := range map[string]struct {
		from  []v1alpha1.ErrorPage
		want  []rules.ErrorPage
		fault string
	}{
		"in any order": {from: []v1alpha1.ErrorPage{page("/{status}.html", 503, 502, 503)},
			want: []rules.ErrorPage{{Backend: pages, Statuses: []int{502, 503}, Path: "/{status}.html"}}},
		"without a path": {from: []v1alpha1.ErrorPage{page("", 404)}, want: []rules.ErrorPage{{Backend: pages, Statuses: []int{404}, Path: "/"}}},
		"several": {from: []v1alpha1.ErrorPage{page("/a", 400), page("/b", 599)},
			want: []rules.ErrorPage{{Backend: pages, Statuses: []int{400}, Path: "/a"}, {Backend: pages, Statuses: []int{599}, Path: "/b"}}},
		"over TLS": {from: []v1alpha1.ErrorPage{secure}, want: []rules.ErrorPage{{
			Backend: rules.Backend{Service: "pages", Port: 80, Protocol: rules.HTTPS, TLS: &rules.BackendTLS{CASecret: "ca"}}, Statuses: []int{503}, Path: "/"}}},
		"for no status":         {from: []v1alpha1.ErrorPage{page("")}, fault: "errorPages[0].statusCodes is empty: list the statuses"},
		"for a success":         {from: []v1alpha1.ErrorPage{page("", 404), page("", 200)}, fault: "errorPages[1].statusCodes has 200: write statuses from 400 to 599"},
		"for what is none":      {from: []v1alpha1.ErrorPage{page("", 600)}, fault: "errorPages[0].statusCodes has 600: write statuses from 400 to 599"},
		"for a status twice":    {from: []v1alpha1.ErrorPage{page("/a", 404, 503), page("/b", 503)}, fault: "errorPages[1].statusCodes has 503, and so has errorPages[0]: write it in one"},
		"at no path":            {from: []v1alpha1.ErrorPage{page("{status}", 404)}, fault: `errorPages[0].path "{status}" is no canonical path: write one such as /{status}.html`},
		"at a path that climbs": {from: []v1alpha1.ErrorPage{page("/../{status}", 404)}, fault: "errorPages[0].path "},
		"with a query":          {from: []v1alpha1.ErrorPage{page("/?code={status}", 404)}, fault: "errorPages[0].path "},
		"at no port":            {from: []v1alpha1.ErrorPage{nowhere}, fault: "errorPages[0]: backend.port is 0: write 1 to 65535"},
		"of nobody":             {from: []v1alpha1.ErrorPage{nobody}, fault: `errorPages[0]: backend.serviceName "http://a" is no name of a service`},
		"over TLS in clear":     {from: []v1alpha1.ErrorPage{insecure}, fault: "errorPages[0]: backend.tls is for protocol HTTPS"},
		"too many":              {from: slices.Repeat([]v1alpha1.ErrorPage{page("", 404)}, 9), fault: "errorPages has more than 8 services: write fewer"},
	} {
		got, fault := new(pathReader).readErrorPages(test.from)
		if test.fault != "" || fault != "" {
			if test.fault == "" || !strings.HasPrefix(fault, test.fault) {
				t.Errorf("%s: got the fault %q, want %q", name, fault, test.fault)
			}
			continue
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestTheAnnotationOfErrorPagesIsAList(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"[{statusCodes: [404], serviceName: pages, port: 80}]": "",
		"[]": "it has no page: write [{",
		"":   "it is empty: write [{",
		"{statusCodes: [404], serviceName: pages, port: 80}": "it is not what the field of an Ingress of ingress.warren.dev is",
		"[{statuses: [404], serviceName: pages, port: 80}]":  "it is not what the field of an Ingress of ingress.warren.dev is",
		"[{statusCodes: [404], serviceName: pages}]":         "errorPages[0]: backend.port is 0",
	} {
		if got := new(asked).read("error-pages", value); got != want && (want == "" || !strings.HasPrefix(got, want)) {
			t.Errorf("%s: got the fault %q, want %q", value, got, want)
		}
	}
}

// What names a service has to be looked at when that changes.
func TestAnErrorPageIsOfAServiceThatAnIngressNames(t *testing.T) {
	t.Parallel()
	var own, standard []string
	path := v1alpha1.IngressPath{Backend: v1alpha1.IngressBackend{ServiceName: "shop", Port: 80}}
	path.ErrorPages = []v1alpha1.ErrorPage{{ServiceName: "pages"}, {ServiceName: "more"}}
	EachService(&v1alpha1.Ingress{Spec: v1alpha1.IngressSpec{Rules: []v1alpha1.IngressRule{{Paths: []v1alpha1.IngressPath{path}}}}},
		func(name string) { own = append(own, name) })
	object := &networkingv1.Ingress{}
	object.Annotations = map[string]string{"ingress.warren.dev/error-pages": "[{statusCodes: [404], serviceName: pages, port: 80}]"}
	EachStandardService(object, func(name string) { standard = append(standard, name) })
	if !slices.Equal(own, []string{"shop", "pages", "more"}) || !slices.Equal(standard, []string{"pages"}) {
		t.Errorf("the services are %q and %q", own, standard)
	}
}
