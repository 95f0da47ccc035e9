// SPDX-License-Identifier: Apache-2.0

package translate_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/controllers/translate"
)

// What a Service says of its port holds where the rule says nothing.
func TestHowABackendIsSpokenTo(t *testing.T) {
	t.Parallel()
	port := func(number int32, name, appProtocol string) corev1.ServicePort {
		return corev1.ServicePort{Port: number, Name: name, AppProtocol: &appProtocol}
	}
	service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "web"}, Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{
		port(80, "h2c", "kubernetes.io/h2c"), port(81, "ws", "kubernetes.io/ws"), port(82, "wss", "kubernetes.io/wss"), port(83, "tls", "https"),
		port(84, "http", "http"), port(85, "other", "example.com/what"), {Port: 86},
	}}}
	for _, test := range []struct {
		backend rules.Backend
		want    string
	}{
		{rules.Backend{Port: 80}, "default/web:80/H2C"},
		{rules.Backend{Port: 81}, "default/web:81"},
		{rules.Backend{Port: 82}, "default/web:82/HTTPS"},
		{rules.Backend{Port: 83}, "default/web:83/HTTPS"},
		{rules.Backend{Port: 84}, "default/web:84"},
		{rules.Backend{Port: 85}, "default/web:85"},
		{rules.Backend{Port: 86}, "default/web:86"},
		{rules.Backend{PortName: "h2c"}, "default/web:h2c/H2C"},
		{rules.Backend{Port: 80, Protocol: rules.HTTP}, "default/web:80"},
		{rules.Backend{Port: 80, Protocol: rules.HTTPS}, "default/web:80/HTTPS"},
		{rules.Backend{Port: 83, Protocol: rules.H2C}, "default/web:83/H2C"},
		{rules.Backend{Port: 84, Protocol: rules.GRPC}, "default/web:84/H2C"},
		{rules.Backend{Port: 86, Protocol: rules.GRPC}, "default/web:86/H2C"},
		{rules.Backend{Port: 83, Protocol: rules.GRPC}, "default/web:83/HTTPS"},
		{rules.Backend{PortName: "tls", Protocol: rules.GRPC}, "default/web:tls/HTTPS"},
	} {
		test.backend.Service, test.backend.Weight = "web", 1
		object := objectOf("a", 1, rules.Rule{Where: "rules[0]", Match: rules.Match{Path: "/"}, Backends: []rules.Backend{test.backend}})
		s, _ := build(translate.Input{Objects: []*rules.Object{object}, Services: []*corev1.Service{service}})
		p := s.Pools[0]
		if p.ID != test.want {
			t.Errorf("%+v is served by %s, want %s", test.backend, p.ID, test.want)
		}
		if p.TLS.ServerName != "" && p.TLS.ServerName != "web.default.svc" {
			t.Errorf("%s has to be %s", p.ID, p.TLS.ServerName)
		}
	}
	object := objectOf("a", 1, rules.Rule{Where: "rules[0]", Match: rules.Match{Path: "/"}, Backends: []rules.Backend{{Service: "web", Port: 80, Weight: 1, Protocol: rules.GRPC}}})
	s, _ := build(translate.Input{Objects: []*rules.Object{object}})
	if id := s.Pools[0].ID; id != "default/web:80/H2C" {
		t.Errorf("without any Service that says something, a backend for gRPC is served by %s", id)
	}
}
