// SPDX-License-Identifier: Apache-2.0

package proxy

import "testing"

func TestRequestBehindAProxyHeaderInPieces(t *testing.T) {
	t.Parallel()
	backend := startEcho(t, "b")
	p := serve(t, trust("127.0.0.1/32"), func(c *Config) { c.ProxyProtocol = true })
	p.apply(everything(backend))
	for name, header := range map[string]string{"version 1": proxyV1(claimed), "version 2": proxyV2(claimed)} {
		for _, cut := range []int{1, 6, 15, 16, len(header) - 1, len(header), len(header) + 3} {
			sent := header + "GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n"
			c := p.dial()
			c.send(sent[:cut])
			c.send(sent[cut:])
			for _, want := range []string{"b /a", "b /b"} {
				got := c.reply("GET")
				if got.outcome(t) != want || got.header(t).Get("X-Real-IP") != claimed {
					t.Errorf("%s cut after %d: got %q for %q, want %q for %q", name, cut, got.outcome(t), got.header(t).Get("X-Real-IP"), want, claimed)
				}
			}
			_ = c.Close()
		}
	}
}

// A trusted proxy that never sends its header does not keep the connection for good.
func TestSilentTrustedPeerIsCutOff(t *testing.T) {
	t.Parallel()
	p := serve(t, trust("127.0.0.1/32"), func(c *Config) { c.ProxyProtocol = true })
	silent, slow := p.dial(), p.dial()
	slow.send("PROXY TCP4 203.0.113.7 ")
	silent.expectClosed()
	slow.expectClosed()
}
