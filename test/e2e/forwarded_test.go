// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"net/http"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPodsLearnOfTheClientAndForgedFieldsAreReplaced(t *testing.T) {
	s := newScene(t)
	s.backend("web", 1, 0)
	s.create(ingress("shop", map[string]string{s.host() + "/": "web"}))
	plain := request{host: s.host(), target: "/"}
	everywhere(t, "the route to be served", plain, answered("web"))

	forged := plain
	forged.header = http.Header{
		"X-Forwarded-For":   {"198.51.100.7", "198.51.100.8"},
		"X-Forwarded-Host":  {"forged.example.org"},
		"X-Forwarded-Proto": {"https"},
		"X-Forwarded-Port":  {"1"},
		"X-Real-Ip":         {"198.51.100.7"},
		"Forwarded":         {"for=198.51.100.7"},
	}
	for _, test := range []struct {
		name    string
		request request
	}{
		{"a client that sends none", plain},
		{"a client that sends its own", forged},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := exchange(t.Context(), newClient(false), test.request)
			if err != nil {
				t.Fatal(err)
			}
			if err := answered("web")(got); err != nil {
				t.Fatal(err)
			}
			seen := got.arrival.Header
			// kube-proxy may put a node's address in the place of the client's. The test cannot know which one, but it is an
			// address, and not what the client says.
			address, err := netip.ParseAddr(seen.Get("X-Real-Ip"))
			if err != nil || netip.MustParsePrefix("198.51.100.0/24").Contains(address) {
				t.Errorf("X-Real-IP is %q, want the address of the peer", seen.Get("X-Real-Ip"))
			}
			want := map[string][]string{
				"X-Forwarded-For":   {address.String()},
				"X-Forwarded-Host":  {s.host()},
				"X-Forwarded-Proto": {"http"},
				"Forwarded":         nil,
			}
			for name, values := range want {
				if diff := cmp.Diff(values, seen.Values(name)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", name, diff)
				}
			}
			if ports := seen.Values("X-Forwarded-Port"); len(ports) != 1 || ports[0] == "1" {
				t.Errorf("X-Forwarded-Port is %q, want one of the proxy's own", ports)
			}
			if got.arrival.Host != s.host() {
				t.Errorf("Host is %q, want %q", got.arrival.Host, s.host())
			}
		})
	}
}
