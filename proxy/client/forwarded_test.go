// SPDX-License-Identifier: Apache-2.0

package client

import (
	"net/netip"
	"testing"

	"github.com/warren-dev/ingress/proxy/message"
)

func TestPeersThatSpeakIPv6AreNamedWithoutZoneOrDisguise(t *testing.T) {
	t.Parallel()
	trusted := Trusted{netip.MustParsePrefix("fd00::/8"), netip.MustParsePrefix("10.0.0.0/8")}
	for peer, want := range map[string]struct{ chain, client string }{
		"2001:db8::5":      {"2001:db8::5", "2001:db8::5"},
		"fe80::1%eth0":     {"fe80::1", "fe80::1"},
		"::ffff:192.0.2.1": {"192.0.2.1", "192.0.2.1"},
		"fd00::1":          {"2001:db8::9, fd00::1", "2001:db8::9"},
		"::ffff:10.0.0.1":  {"2001:db8::9, 10.0.0.1", "2001:db8::9"},
	} {
		o := trusted.Origin(netip.MustParseAddr(peer), false, 0)
		var req message.Request
		req.Fields = []message.Field{{Name: []byte("X-Forwarded-For"), Value: []byte("2001:db8::9"), Kind: message.XForwardedFor}}
		found, _ := trusted.Resolve(&o, &req, nil, new(RequestID))
		got := map[string]string{}
		for _, f := range req.Fields {
			if f.Kind.EndToEnd() {
				got[string(f.Name)] = string(f.Value)
			}
		}
		if found.Client.String() != want.client || got["X-Forwarded-For"] != want.chain || got["X-Real-IP"] != want.client {
			t.Errorf("peer %s: client %s, fields %v, want %v", peer, found.Client, got, want)
		}
	}
}
