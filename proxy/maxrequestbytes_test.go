// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// withLength and inChunks are requests with that much content.
func withLength(n int) string {
	return fmt.Sprintf("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", n, strings.Repeat("x", n))
}

func inChunks(n int) string {
	return "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(n/2) + chunk(n-n/2) + "0\r\n\r\n"
}

func chunk(n int) string { return fmt.Sprintf("%x\r\n%s\r\n", n, strings.Repeat("x", n)) }

// swallowing starts a backend that counts the content that it sees.
func swallowing(t *testing.T) (b *backend, seen *counter) {
	t.Helper()
	seen = new(counter)
	return startBackend(t, func(w http.ResponseWriter, r *http.Request) {
		buf := make([]byte, 256)
		for {
			n, err := r.Body.Read(buf)
			seen.Add(int64(n))
			if err != nil {
				break
			}
		}
		_, _ = io.WriteString(w, "ok")
	}), seen
}

func TestAnEndpointSeesNoMoreContentThanItsRuleAllows(t *testing.T) {
	t.Parallel()
	const most = 1000
	for name, policies := range map[string][]policy.Policy{
		"as it comes": {&policy.MaxRequestBytes{Bytes: most}},
		"gathered":    {&policy.MaxRequestBytes{Bytes: most}, &policy.RequestBuffering{MaxBytes: policy.MostBuffered}},
	} {
		b, seen := swallowing(t)
		p := serve(t)
		p.apply(everythingBy(func(r *snapshot.Route) { r.Policies = policies }, b.address))
		for _, test := range []struct {
			request string
			want    int
		}{
			{withLength(most), 200}, {withLength(most + 1), 413}, {inChunks(most), 200}, {inChunks(most + 1), 413}, {inChunks(5 * most), 413},
		} {
			before := seen.Load()
			client := p.dial()
			client.send(test.request)
			got := client.reply("POST")
			if got.Status != test.want || test.want == 413 && got.reason() != "ContentTooLarge" {
				t.Errorf("%s, %.60q: got %d %q, want %d", name, test.request, got.Status, got.reason(), test.want)
			}
			if n := seen.Load() - before; n > most {
				t.Errorf("%s, %.60q: the endpoint saw %d bytes", name, test.request, n)
			}
		}
	}
}

// A content that becomes too long while it is sent on is cut off where it does.
func TestAContentThatBecomesTooLong(t *testing.T) {
	t.Parallel()
	b, seen := swallowing(t)
	p := serve(t)
	p.apply(everythingBy(func(r *snapshot.Route) { r.Policies = []policy.Policy{&policy.MaxRequestBytes{Bytes: 1000}} }, b.address))
	client := p.dial()
	client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(900))
	await(t, "the endpoint's first bytes", func() bool { return seen.Load() == 900 })
	client.send(chunk(900))
	if got := client.reply("POST"); got.reason() != "ContentTooLarge" {
		t.Errorf("got %d %q", got.Status, got.reason())
	}
	if n := seen.Load(); n > 1000 {
		t.Errorf("the endpoint saw %d bytes", n)
	}
}
