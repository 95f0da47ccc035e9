// SPDX-License-Identifier: Apache-2.0

package status

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/test/fixture"
)

func TestPublishAddressIsAnIPAddressOrAHostName(t *testing.T) {
	tests := map[string]struct {
		text string
		want []v1alpha1.LoadBalancerIngress
		err  string
	}{
		"none":      {},
		"IPv4":      {text: "203.0.113.7", want: []v1alpha1.LoadBalancerIngress{{IP: "203.0.113.7"}}},
		"IPv6":      {text: "2001:DB8::1", want: []v1alpha1.LoadBalancerIngress{{IP: "2001:db8::1"}}},
		"host name": {text: "lb.example.com", want: []v1alpha1.LoadBalancerIngress{{Hostname: "lb.example.com"}}},
		"a port":    {text: "203.0.113.7:80", err: `publish address "203.0.113.7:80" is neither an IP address nor a host name: write one such as 203.0.113.7 or lb.example.com`},
		"a URL":     {text: "http://lb", err: `publish address "http://lb" is neither an IP address nor a host name: write one such as 203.0.113.7 or lb.example.com`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := parsePublishAddress(test.text)
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
