// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"strings"
	"testing"
)

// If the trailers of a request exceed a limit, the client gets that reason, as with a head. It does not matter whether
// they came at once or after the endpoint got the head.
func TestTrailersBeyondALimitAre431(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, trailers string }{
		{"too long", strings.Repeat("A: "+strings.Repeat("b", 1000)+"\r\n", 70)},
		{"a line too long", "A: " + strings.Repeat("b", longestLine) + "\r\n"},
		{"too many", strings.Repeat("A: b\r\n", 129)},
	} {
		for _, later := range []bool{false, true} {
			name := test.name
			if later {
				name += ", later"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				endpoint := startScript(t)
				p := serve(t)
				p.apply(everything(endpoint.address))
				client := p.dial()
				head, trailers := "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", "0\r\n"+test.trailers+"\r\n"
				if later {
					client.send(head)
					endpoint.accept().head()
					client.send(trailers)
				} else {
					client.send(head + trailers)
				}
				if got := client.reply("POST"); got.Status != 431 || got.reason() != "HeadTooLarge" || !got.Close {
					t.Errorf("got %d %q, close %v, want 431 HeadTooLarge and a close", got.Status, got.reason(), got.Close)
				}
			})
		}
	}
}
