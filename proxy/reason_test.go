// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"crypto/tls"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/warren-dev/ingress/proxy/identity"
	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// way is a way to an answer of the proxy's own.
type way struct {
	reason reason.Reason
	config func(*Config)
	// provoke makes a request end for the reason. It returns the response, which is empty if nobody is there to get one.
	provoke func(t *testing.T, p *served) reply
}

// ways returns a way to each reason.
func ways(t *testing.T) []way {
	t.Helper()
	none := func(*Config) {}
	var list []way
	for _, provoked := range provocations(t) {
		list = append(list, way{provoked.reason, none, func(_ *testing.T, p *served) reply {
			p.apply(provoked.snapshot)
			switch provoked.reason {
			case reason.RateLimited: // the first request is within the burst
				p.get("a", "/")
			case reason.InternalError:
				breakGeneration(p)
			}
			return p.ask(strings.Replace(provoked.request, "METHOD", "GET", 1))
		}})
	}
	return append(list,
		way{reason.RequestTimeout, func(c *Config) { c.ReadTimeout = 50 * time.Millisecond }, func(_ *testing.T, p *served) reply { return p.ask("GET / HTTP/1.1\r\nHost: a\r\n") }},
		way{reason.ConnectionLimit, func(c *Config) { c.MaxConnections = 1 }, func(_ *testing.T, p *served) reply {
			p.occupy()
			return p.get("a", "/")
		}},
		way{reason.ACMEChallenge, none, func(_ *testing.T, p *served) reply {
			p.apply(challenged(&snapshot.Snapshot{}, http01("a", challengeToken, challengeProof)))
			return p.get("a", identity.ChallengePath+challengeToken)
		}},
		way{reason.MisdirectedRequest, none, func(t *testing.T, p *served) reply {
			at := ownAddress()
			p.apply(listening(t, at, snapshot.ServedName{Name: "a"}, snapshot.ServedName{Name: "b"}))
			c, err := dialTLS(t, at.String(), &tls.Config{ServerName: "a"})
			if err != nil {
				t.Fatal(err)
			}
			return c.ask("GET / HTTP/1.1\r\nHost: b\r\n\r\n")
		}},
		way{reason.UpstreamBusy, none, func(t *testing.T, p *served) reply {
			endpoint := startScript(t)
			p.apply(limitedTo(1, 0, endpoint.address))
			first := p.dial()
			first.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			up := endpoint.accept()
			up.head()
			busy := p.get("a", "/")
			up.send(okReply)
			first.reply("GET")
			return busy
		}},
		way{reason.ClientClosed, none, func(t *testing.T, p *served) reply {
			endpoint := startScript(t)
			p.apply(everything(endpoint.address))
			client := p.dial()
			client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			up := endpoint.accept()
			up.head()
			client.abort()
			up.expectClosed()
			return reply{}
		}},
	)
}

// For every way to an answer of our own, the client, the access log and the metrics get the same reason and status.
func TestEveryReasonIsTheSameToTheClientTheLogAndTheMetrics(t *testing.T) {
	t.Parallel()
	seen := map[reason.Reason]bool{reason.None: true}
	for _, w := range ways(t) {
		seen[w.reason] = true
		t.Run(w.reason.String(), func(t *testing.T) {
			written := &pages{}
			p := serve(t, logTo(written, observe.LogJSON), w.config)
			got := w.provoke(t, p)
			if w.reason != reason.ClientClosed && (got.reason() != w.reason.String() || got.Status != w.reason.Status()) {
				t.Errorf("the client got %d %q, want %d %v", got.Status, got.reason(), w.reason.Status(), w.reason)
			}
			line := fmt.Sprintf(`"status":%d`, w.reason.Status())
			named := fmt.Sprintf(`"reason":"%v"`, w.reason)
			await(t, "a line of the log with "+line+" and "+named, func() bool {
				written.mu.Lock()
				defer written.mu.Unlock()
				for logged := range strings.Lines(written.text.String()) {
					if strings.Contains(logged, line) && strings.Contains(logged, named) {
						return true
					}
				}
				return false
			})
			label := fmt.Sprintf("warren_ingress_requests_total code=%d ", w.reason.Status())
			labelled := fmt.Sprintf(" reason=%v ", w.reason)
			await(t, "a series with the reason", func() bool {
				for series, n := range p.scrape() {
					if strings.HasPrefix(series, label) && strings.Contains(series, labelled) {
						return n == 1
					}
				}
				return false
			})
		})
	}
	for r := range reason.Count {
		if !seen[r] {
			t.Errorf("no way leads to %v", r)
		}
	}
}

// A response that breaks off has the service's status. The log and the metrics say that it is not whole.
func TestAResponseThatBreaksOffHasItsReason(t *testing.T) {
	t.Parallel()
	written := &pages{}
	p := serve(t, logTo(written, observe.LogJSON))
	p.apply(everything(startScripted(t, func(w *wire) {
		w.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
		_ = w.Close()
	})))
	client := p.dial()
	client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	client.expectTorn("GET")
	line := parsedLine(t, written.lines(t, 1)[0])
	if line["status"] != 200.0 || line["reason"] != "UpstreamReset" {
		t.Errorf("the line is %v, want the status 200 and the reason UpstreamReset", line)
	}
	p.expectSeries("warren_ingress_backend_errors_total", map[string]float64{
		"warren_ingress_backend_errors_total reason=UpstreamReset service=default/pool": 1,
	})
}
