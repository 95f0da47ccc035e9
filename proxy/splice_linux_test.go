// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"crypto/tls"
	"fmt"
	"testing"
)

// The kernel moves long contents, but only between plain connections.
func TestLongContentsOfPlainConnectionsAreSpliced(t *testing.T) {
	t.Parallel()
	backend := startContents(t)
	certificate := issue(t, "a", ecdsaKey(t), "a")
	// The backend sends some content along with the head. That does not count.
	const long, short = splicedFrom + 128<<10, splicedFrom - 1
	download := func(n int) string { return fmt.Sprintf("GET /%d HTTP/1.1\r\nHost: a\r\n\r\n", n) }
	upload := func(n int) string {
		return fmt.Sprintf("PUT /1 HTTP/1.1\r\nHost: a\r\nX-Content: %d\r\nContent-Length: %[1]d\r\n\r\n%s", n, content(n))
	}
	for _, test := range []struct {
		name, request string
		secure, want  bool
	}{
		{"a long download", download(long), false, true},
		{"a long upload", upload(long), false, true},
		{"a short download", download(short), false, false},
		{"a short upload", upload(short), false, false},
		{"a long download over TLS", download(long), true, false},
		{"a long upload over TLS", upload(long), true, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := serve(t)
			p.apply(with(everything(backend.address), certificate))
			var client talker = p.dial()
			if test.secure {
				secured, err := dialTLS(t, p.listen("127.0.0.1:0", p.ServeTLS), &tls.Config{ServerName: "a"})
				if err != nil {
					t.Fatal(err)
				}
				client = secured
			}
			transfer := func() {
				client.send(test.request)
				if got := client.reply("GET"); got.Status != 200 {
					t.Fatalf("got %d %q, want 200", got.Status, got.reason())
				}
			}
			if test.want {
				await(t, "the use of a pipe", func() bool { transfer(); return p.engine.Pipes.Lent() > 0 })
				return
			}
			for range 3 {
				if transfer(); p.engine.Pipes.Lent() > 0 {
					t.Fatal("a pipe was used")
				}
			}
		})
	}
}
