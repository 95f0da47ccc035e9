// SPDX-License-Identifier: Apache-2.0

package sources

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/nginx"
)

// standardOf returns an Ingress of networking.k8s.io of a class, "" for none, with a host.
func standardOf(name, class, host string, annotations map[string]string) *networkingv1.Ingress {
	o := &networkingv1.Ingress{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, Annotations: annotations}}
	if class != "" {
		o.Spec.IngressClassName = &class
	}
	o.Spec.Rules = []networkingv1.IngressRule{{Host: host}}
	return o
}

func warrenOf(name, class, host string) *v1alpha1.Ingress {
	o := &v1alpha1.Ingress{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name}}
	o.Spec.IngressClassName = class
	o.Spec.Rules = []v1alpha1.IngressRule{{Host: v1alpha1.Host(host)}}
	return o
}

func classOf(name, controller string, byDefault bool) *networkingv1.IngressClass {
	o := &networkingv1.IngressClass{ObjectMeta: metav1.ObjectMeta{Name: name}}
	o.Spec.Controller = controller
	if byDefault {
		o.Annotations = map[string]string{networkingv1.AnnotationIsDefaultIngressClass: "true"}
	}
	return o
}

func TestWhichIngressesAreLeftOutAndWhy(t *testing.T) {
	canary := map[string]string{kinds.CanaryAnnotation: "true"}
	ours := classOf("warren", kinds.StandardController, false)
	for name, test := range map[string]struct {
		object client.Object
		class  *networkingv1.IngressClass
		reason string
		says   string
	}{
		"ours":                          {standardOf("a", "warren", "a.io", nil), ours, "", ""},
		"ours by our API":               {warrenOf("a", "", "a.io"), ours, "", ""},
		"another class":                 {standardOf("a", "nginx", "a.io", nil), ours, OtherClass, "networking.k8s.io/shop/a is of the class nginx"},
		"another class by annotation":   {standardOf("a", "", "a.io", map[string]string{"kubernetes.io/ingress.class": "nginx"}), ours, OtherClass, "is of the class nginx"},
		"another class by our API":      {warrenOf("a", "edge", "a.io"), ours, OtherClass, "shop/a is of the class edge, and this controller serves the class warren"},
		"no class":                      {standardOf("a", "", "a.io", nil), ours, NoClass, "write spec.ingressClassName: warren"},
		"no class where ours is for it": {standardOf("a", "", "a.io", nil), classOf("warren", kinds.StandardController, true), "", ""},
		"a class that there is not":     {standardOf("a", "warren", "a.io", nil), classOf("warren", "k8s.io/ingress-nginx", false), NoIngressClass, "there is no IngressClass of that name"},
		"a class beside others'":        {standardOf("a", "warren", "a.io", nil), classOf("nginx", "k8s.io/ingress-nginx", false), "", ""},
		"a canary":                      {standardOf("a", "warren", "a.io", canary), ours, Canary, kinds.CanaryAnnotation},
		"another class's canary":        {standardOf("a", "nginx", "a.io", canary), ours, OtherClass, "is of the class nginx"},
	} {
		left := LeftOut([]client.Object{test.class, test.object}, "warren", nginx.Options{})
		switch {
		case test.reason == "" && len(left) > 0:
			t.Errorf("%s: %+v is left out", name, left)
		case test.reason == "":
		case len(left) != 1 || left[0].Reason != test.reason || !strings.Contains(left[0].Text(), test.says):
			t.Errorf("%s: %+v, want %s that says %q", name, left, test.reason, test.says)
		}
	}
}

func TestWhichBystandersAreHintsAboutAHost(t *testing.T) {
	bystanders := LeftOut([]client.Object{
		standardOf("exact", "nginx", "shop.example.com", nil), standardOf("wild", "nginx", "*.example.com", nil), standardOf("all", "nginx", "", nil),
		standardOf("classless", "", "", nil), standardOf("canary", "warren", "shop.example.com", map[string]string{kinds.CanaryAnnotation: "true"}),
	}, "warren", nginx.Options{})
	for name, test := range map[string]struct {
		host   string
		served bool
		want   []string
	}{
		"a host that nobody serves":   {"shop.example.com", false, []string{"exact", "wild", "classless", "canary"}},
		"another one":                 {"blog.example.com", false, []string{"wild", "classless"}},
		"one below two labels":        {"a.b.example.com", false, []string{"classless"}},
		"a host that is served":       {"shop.example.com", true, []string{"canary"}},
		"another one that is served ": {"blog.example.com", true, nil},
	} {
		var got []string
		for _, hint := range Hints(bystanders, test.host, test.served) {
			id, _, _ := strings.Cut(strings.TrimPrefix(hint, "networking.k8s.io/shop/"), " ")
			got = append(got, id)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	many := slices.Repeat(bystanders[:1], 20)
	if got := len(Hints(many, "shop.example.com", false)); got != hintsAtMost {
		t.Errorf("there are %d hints, want %d", got, hintsAtMost)
	}
}

func TestManifestsHaveAPodForEachServiceThatCouldHaveOne(t *testing.T) {
	hasPod := map[string]bool{"plain": true, "outside": false, "sliced": false}
	var objects []client.Object
	for name := range hasPod {
		objects = append(objects, manifestOf(name))
	}
	for _, o := range WithPods(append(objects, manifestSlice("sliced"))) {
		if name, ok := strings.CutSuffix(o.GetName(), "-assumed"); ok {
			if !hasPod[name] {
				t.Errorf("Service %s has a Pod", name)
			}
			delete(hasPod, name)
		}
	}
	if hasPod["plain"] {
		t.Error("Service plain has no Pod")
	}
}

// manifestOf returns a Service; the one that is called outside is of type ExternalName.
func manifestOf(name string) *corev1.Service {
	o := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name}}
	o.Spec.Ports = []corev1.ServicePort{{Name: "http", Port: 80}}
	if name == "outside" {
		o.Spec.Type = corev1.ServiceTypeExternalName
	}
	return o
}

func manifestSlice(service string) *discoveryv1.EndpointSlice {
	return &discoveryv1.EndpointSlice{ObjectMeta: metav1.ObjectMeta{
		Namespace: "shop", Name: service + "-1", Labels: map[string]string{discoveryv1.LabelServiceName: service}}}
}
