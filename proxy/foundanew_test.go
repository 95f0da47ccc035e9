// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"net/http"
	"testing"

	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/policy"
	scripts "github.com/warren-dev/ingress/proxy/script"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// Whoever reads a log, or makes a page, has to know what the client asked for, whatever a snippet made of it.
func TestARouteThatIsFoundAnewLeavesThePathOfTheClient(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		path, canonical string
	}{
		"a path":           {"/old/a", "/old/a"},
		"another spelling": {"/old//%61", "/old/a"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := make(chan string, 1)
			shelf := startBackend(t, func(_ http.ResponseWriter, r *http.Request) { asked <- r.Header.Get("X-Original-Uri") })
			reached := make(chan string, 1)
			endpoint := startBackend(t, func(w http.ResponseWriter, r *http.Request) {
				reached <- r.URL.Path
				w.WriteHeader(http.StatusNotFound)
			})
			log := &pages{}
			p := serve(t, logTo(log, observe.LogJSON))
			old := prefix("/old", "pool")
			old.Policies = append(old.Policies, &policy.Script{Location: []scripts.Step{{Op: scripts.RewriteLast, Expression: "^/old(.*)", Value: "/new$1"}}})
			made := prefix("/new", "pool")
			handled(404)(&made)
			p.apply(snapshotOf([]snapshot.Host{hostOf("", made, old)}, poolOf("pages", shelf.address), poolOf("pool", endpoint.address)))
			p.ask("GET " + test.path + "?q=1 HTTP/1.1\r\nHost: a\r\n\r\n")
			if got := receive(t, "the request", reached); got != "/new/a" {
				t.Errorf("the endpoint was asked for %s", got)
			}
			if got := receive(t, "the request for the page", asked); got != test.path+"?q=1" {
				t.Errorf("the page is for %s, want %s?q=1", got, test.path)
			}
			if line := parsedLine(t, log.lines(t, 1)[0]); line["path"] != test.canonical {
				t.Errorf("the log has %v, want %s", line["path"], test.canonical)
			}
		})
	}
}
