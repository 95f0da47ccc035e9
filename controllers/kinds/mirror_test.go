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

var _ = keepsNobodyOut("mirror")

func TestReadMirror(t *testing.T) {
	t.Parallel()
	shadow := rules.Backend{Service: "shadow", Port: 8080}
	for name, test := range map[string]struct {
		from  v1alpha1.Mirror
		want  rules.Mirror
		fault string
	}{
		"of all":      {from: v1alpha1.Mirror{ServiceName: "shadow", Port: 8080}, want: rules.Mirror{Backend: shadow, Numerator: 100, Denominator: 100}},
		"of some":     {from: v1alpha1.Mirror{ServiceName: "shadow", Port: 8080, Percent: 7}, want: rules.Mirror{Backend: shadow, Numerator: 7, Denominator: 100}},
		"of nothing":  {from: v1alpha1.Mirror{ServiceName: "shadow", Port: 8080, Percent: -1}, fault: "mirror.percent is -1: write 1 to 100"},
		"of too much": {from: v1alpha1.Mirror{ServiceName: "shadow", Port: 8080, Percent: 101}, fault: "mirror.percent is 101: write 1 to 100"},
		"to nobody":   {from: v1alpha1.Mirror{Port: 8080}, fault: `mirror.serviceName "" is no name of a service`},
		"to a URL":    {from: v1alpha1.Mirror{ServiceName: "http://a", Port: 8080}, fault: `mirror.serviceName "http://a" is no name of a service`},
		"to no port":  {from: v1alpha1.Mirror{ServiceName: "shadow"}, fault: "mirror.port is 0: write 1 to 65535"},
	} {
		got, fault := readMirror(&test.from)
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

// What names a service has to be looked at when that changes.
func TestMirrorIsAServiceThatAnIngressNames(t *testing.T) {
	t.Parallel()
	var own, standard []string
	path := v1alpha1.IngressPath{Backend: v1alpha1.IngressBackend{ServiceName: "shop", Port: 80}, Mirror: &v1alpha1.Mirror{ServiceName: "shadow", Port: 80}}
	EachService(&v1alpha1.Ingress{Spec: v1alpha1.IngressSpec{Rules: []v1alpha1.IngressRule{{Paths: []v1alpha1.IngressPath{path}}}}},
		func(name string) { own = append(own, name) })
	object := &networkingv1.Ingress{}
	object.Annotations = map[string]string{"ingress.warren.dev/mirror": "{serviceName: shadow, port: 80}"}
	EachStandardService(object, func(name string) { standard = append(standard, name) })
	if !slices.Equal(own, []string{"shop", "shadow"}) || !slices.Equal(standard, []string{"shadow"}) {
		t.Errorf("the services are %q and %q", own, standard)
	}
}
