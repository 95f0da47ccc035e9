// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"net/netip"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/proxy/policy"
)

func TestReadConnectionLimit(t *testing.T) {
	t.Parallel()
	got, fault := readConnectionLimit(&v1alpha1.ConnectionLimit{Connections: 3, Exempt: []v1alpha1.ExemptRange{"192.0.2.7", "10.1.0.0/8", "10.0.0.0/8"}})
	want := &policy.ConnectionLimit{Connections: 3, Exempt: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.7/32")}}
	if fault != "" || !want.Equal(got) {
		t.Errorf("got %+v, %q, want %+v", got, fault, want)
	}
	for want, from := range map[string]v1alpha1.ConnectionLimit{
		"connectionLimit.connections is 0: write 1 to 1000000":              {},
		"connectionLimit.connections is -1: write 1 to 1000000":             {Connections: -1},
		"connectionLimit.connections is 1000001: write 1 to 1000000":        {Connections: 1_000_001},
		`connectionLimit.exempt has "10.0.0.0/99", which is neither`:        {Connections: 1, Exempt: []v1alpha1.ExemptRange{"10.0.0.0/99"}},
		"connectionLimit.exempt has more than 32 ranges: write larger ones": {Connections: 1, Exempt: make([]v1alpha1.ExemptRange, 33)},
	} {
		if got, fault := readConnectionLimit(&from); got != nil || !strings.HasPrefix(fault, want) {
			t.Errorf("got %+v, %q, want %q", got, fault, want)
		}
	}
}

func TestReadWhoIsExemptFromARate(t *testing.T) {
	t.Parallel()
	limit := v1alpha1.RateLimit{RequestsPerSecond: resource.MustParse("1"), Exempt: []v1alpha1.ExemptRange{"::ffff:192.0.2.7"}}
	got, fault := readRateLimit(&limit)
	if fault != "" || len(got.Exempt) != 1 || got.Exempt[0] != netip.MustParsePrefix("192.0.2.7/32") {
		t.Errorf("got %+v, %q", got, fault)
	}
	limit.Exempt = []v1alpha1.ExemptRange{"localhost"}
	if _, fault := readRateLimit(&limit); !strings.HasPrefix(fault, `rateLimit.exempt has "localhost", which is neither an address`) {
		t.Errorf("got %q", fault)
	}
	var a asked
	if fault := a.read("rate-limit", "{requestsPerSecond: 1, exempt: [10.0.0.0/8]}"); fault != "" || len(a.policies.RateLimit.Exempt) != 1 {
		t.Errorf("by an annotation: %q, %+v", fault, a.policies.RateLimit)
	}
}
