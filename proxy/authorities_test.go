// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

// A tenant may have thousands of pools. Each expects another name, and all have the authorities of one large object.
func TestPoolsOfTheSameAuthoritiesShareThem(t *testing.T) {
	text, other := newAuthority(t, "one").pem, newAuthority(t, "other").pem
	s := &snapshot.Snapshot{}
	add := func(id, name, authorities string) {
		s.Pools = append(s.Pools, snapshot.Pool{ID: id, Service: "shop/" + id, TLS: snapshot.UpstreamTLS{ServerName: name, Authorities: authorities},
			Endpoints: []snapshot.Endpoint{{ID: id, Address: netip.MustParseAddrPort("127.0.0.1:1"), Weight: 1}}})
	}
	for i := range 20 {
		add(fmt.Sprintf("one-%02d", i), fmt.Sprint("name-", i), text)
	}
	add("two", "name-0", strings.Clone(text))
	add("zero", "name-0", other)
	p := New(Config{})
	if _, err := p.Apply(s); err != nil {
		t.Fatal(err)
	}
	if terms, authorities := p.state.Kept(); authorities != 2 || terms != 21 {
		t.Errorf("%d authorities were parsed, want 2; there are %d terms, want 21", authorities, terms)
	}
	if _, err := p.Apply(&snapshot.Snapshot{}); err != nil {
		t.Fatal(err)
	}
	if terms, authorities := p.state.Kept(); terms+authorities != 0 {
		t.Errorf("%d terms and %d authorities are kept that no pool has", terms, authorities)
	}
}
