// SPDX-License-Identifier: Apache-2.0

package client

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRelationsOfNames(t *testing.T) {
	t.Parallel()
	got := map[string]relation{}
	want := map[string]relation{
		"": stranger, "X": stranger, "-": stranger, "Accept": stranger, "X-Forwarded-": stranger, "Forwarded-": stranger,
		"X-Forwarded": member, "x-forwarded-anything": member, "FORWARDED-FOR": member, "Client-IP": member, "client-ip": member,
		"CF-Connecting-IPv6": member, "CF-Connecting-IPv5": stranger, "CF-Connecting-IPV": stranger, "Proxy": member,
		"X.Forwarded": imitation, "X_Forwarded-Foo_Bar": imitation, "X-Forwarded-Foo_Bar": member, "X'Real|IP": imitation, "x_request-ID": imitation,
		"X0Real-IP": stranger, "XxReal-IP": stranger, "X-Real-1P": stranger, "Client_IQ": stranger, "X-A-Name-That-Is-Longer-Than-All-Others": stranger,
	}
	for name := range want {
		got[name] = relationOf([]byte(name))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("relations (-want +got):\n%s", diff)
	}
	for _, name := range family {
		if got := relationOf([]byte(name)); got != member {
			t.Errorf("%s: got %d, want a member", name, got)
		}
	}
}

func BenchmarkRelationsOfABrowsersFields(b *testing.B) {
	names := [][]byte{}
	for _, name := range []string{
		"User-Agent", "Accept", "Accept-Language", "Accept-Encoding", "Referer", "Cookie", "Upgrade-Insecure-Requests", "Sec-Fetch-Dest",
		"Sec-Fetch-Mode", "Sec-Fetch-Site", "Sec-Fetch-User", "Priority", "Cache-Control", "If-None-Match",
	} {
		names = append(names, []byte(name))
	}
	for b.Loop() {
		for _, name := range names {
			if relationOf(name) != stranger {
				b.Fatal(string(name))
			}
		}
	}
}
