// SPDX-License-Identifier: Apache-2.0

package status

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/test/fixture"
)

func TestPublishAddressesAreIPAddressesAndHostNames(t *testing.T) {
	var tooMany string
	for i := range 17 {
		tooMany += fmt.Sprintf("203.0.113.%d,", i)
	}
	tests := map[string]struct {
		text string
		want []v1alpha1.LoadBalancerIngress
		err  string
	}{
		"none":      {},
		"IPv4":      {text: "203.0.113.7", want: []v1alpha1.LoadBalancerIngress{{IP: "203.0.113.7"}}},
		"IPv6":      {text: "2001:DB8::1", want: []v1alpha1.LoadBalancerIngress{{IP: "2001:db8::1"}}},
		"host name": {text: "lb.example.com", want: []v1alpha1.LoadBalancerIngress{{Hostname: "lb.example.com"}}},
		"several":   {text: "203.0.113.7, 2001:db8::1,lb.example.com,203.0.113.7", want: []v1alpha1.LoadBalancerIngress{{IP: "203.0.113.7"}, {IP: "2001:db8::1"}, {Hostname: "lb.example.com"}}},
		"too many":  {text: tooMany, err: "there are 17 publish addresses: write at most 16"},
		"one wrong": {text: "203.0.113.7,a_b", err: `publish address "a_b" is neither an IP address nor a host name: write one such as 203.0.113.7 or lb.example.com, and a comma between two`},
		"a port":    {text: "203.0.113.7:80", err: `publish address "203.0.113.7:80" is neither an IP address nor a host name: write one such as 203.0.113.7 or lb.example.com, and a comma between two`},
		"a URL":     {text: "http://lb", err: `publish address "http://lb" is neither an IP address nor a host name: write one such as 203.0.113.7 or lb.example.com, and a comma between two`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := parsePublishAddresses(test.text)
			if diff := cmp.Diff(test.err, fixture.ErrorText(err)); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.want, []v1alpha1.LoadBalancerIngress(got)); diff != "" {
				t.Errorf("addresses (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPublishServiceIsANamespaceAndAName(t *testing.T) {
	tests := map[string]struct {
		text string
		want types.NamespacedName
		err  string
	}{
		"a digit first":  {text: "ns/1lb", want: types.NamespacedName{Namespace: "ns", Name: "1lb"}},
		"both":           {text: "warren-system/warren", want: types.NamespacedName{Namespace: "warren-system", Name: "warren"}},
		"a name alone":   {text: "warren", err: `publish service "warren" is no Service: write its namespace and name, such as warren-system/warren-ingress`},
		"three parts":    {text: "a/b/c", err: `publish service "a/b/c" is no Service: write its namespace and name, such as warren-system/warren-ingress`},
		"no namespace":   {text: "/b", err: `publish service "/b" is no Service: write its namespace and name, such as warren-system/warren-ingress`},
		"an invalid one": {text: "a/B", err: `publish service "a/B" is no Service: write its namespace and name, such as warren-system/warren-ingress`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := parsePublishService(test.text)
			if diff := cmp.Diff(test.err, fixture.ErrorText(err)); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheAddressesOfAServiceAreThoseThatClientsReach(t *testing.T) {
	balanced := func(at ...corev1.LoadBalancerIngress) corev1.ServiceStatus {
		return corev1.ServiceStatus{LoadBalancer: corev1.LoadBalancerStatus{Ingress: at}}
	}
	for name, test := range map[string]struct {
		spec   corev1.ServiceSpec
		status corev1.ServiceStatus
		want   []v1alpha1.LoadBalancerIngress
	}{
		"a load balancer": {corev1.ServiceSpec{Type: "LoadBalancer", ClusterIPs: []string{"10.96.0.9"}},
			balanced(corev1.LoadBalancerIngress{IP: "203.0.113.7"}, corev1.LoadBalancerIngress{Hostname: "lb.example.com"}),
			[]v1alpha1.LoadBalancerIngress{{IP: "203.0.113.7"}, {Hostname: "lb.example.com"}}},
		"a load balancer with external addresses": {corev1.ServiceSpec{Type: "LoadBalancer", ExternalIPs: []string{"203.0.113.8", "203.0.113.7"}},
			balanced(corev1.LoadBalancerIngress{IP: "203.0.113.7"}), []v1alpha1.LoadBalancerIngress{{IP: "203.0.113.7"}, {IP: "203.0.113.8"}}},
		"a load balancer without an address yet": {corev1.ServiceSpec{Type: "LoadBalancer", ClusterIPs: []string{"10.96.0.9"}}, corev1.ServiceStatus{}, nil},
		"external addresses alone": {corev1.ServiceSpec{Type: "LoadBalancer", ExternalIPs: []string{"203.0.113.8"}}, corev1.ServiceStatus{},
			[]v1alpha1.LoadBalancerIngress{{IP: "203.0.113.8"}}},
		"within the cluster": {corev1.ServiceSpec{Type: "ClusterIP", ClusterIP: "10.96.0.9", ClusterIPs: []string{"10.96.0.9", "FD00::9"}}, corev1.ServiceStatus{},
			[]v1alpha1.LoadBalancerIngress{{IP: "10.96.0.9"}, {IP: "fd00::9"}}},
		"within the cluster, with external addresses": {corev1.ServiceSpec{Type: "ClusterIP", ClusterIPs: []string{"10.96.0.9"}, ExternalIPs: []string{"203.0.113.8"}},
			corev1.ServiceStatus{}, []v1alpha1.LoadBalancerIngress{{IP: "203.0.113.8"}}},
		"ports of nodes, with external addresses": {corev1.ServiceSpec{Type: "NodePort", ClusterIPs: []string{"10.96.0.9"}, ExternalIPs: []string{"203.0.113.8"}},
			corev1.ServiceStatus{}, []v1alpha1.LoadBalancerIngress{{IP: "203.0.113.8"}}},
		"ports of nodes": {corev1.ServiceSpec{Type: "NodePort", ClusterIPs: []string{"10.96.0.9"}}, corev1.ServiceStatus{}, []v1alpha1.LoadBalancerIngress{{IP: "10.96.0.9"}}},
		"no address":     {corev1.ServiceSpec{Type: "ClusterIP", ClusterIPs: []string{"None"}}, corev1.ServiceStatus{}, nil},
		"a name elsewhere": {corev1.ServiceSpec{Type: "ExternalName", ExternalName: "lb.example.com"}, corev1.ServiceStatus{},
			[]v1alpha1.LoadBalancerIngress{{Hostname: "lb.example.com"}}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, addressesOf(&corev1.Service{Spec: test.spec, Status: test.status})); diff != "" {
				t.Errorf("addresses (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhichPortsAServiceLacks(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		port corev1.ServicePort
		want bool
	}{
		"the same":             {corev1.ServicePort{Port: 443}, true},
		"to the same":          {corev1.ServicePort{Port: 443, TargetPort: intstr.FromInt32(443)}, true},
		"to another":           {corev1.ServicePort{Port: 443, TargetPort: intstr.FromInt32(8443)}, false},
		"to one with a name":   {corev1.ServicePort{Port: 443, TargetPort: intstr.FromString("https")}, true},
		"another":              {corev1.ServicePort{Port: 80, TargetPort: intstr.FromInt32(443)}, false},
		"of another transport": {corev1.ServicePort{Port: 443, Protocol: corev1.ProtocolUDP}, false},
	} {
		if got := leadsTo(&test.port, 443); got != test.want {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
}
