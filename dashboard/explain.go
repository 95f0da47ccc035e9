// SPDX-License-Identifier: Apache-2.0

package dashboard

import (
	"net/http"
	"net/netip"

	"github.com/warren-dev/ingress/proxy/explain"
)

// serveExplanation explains the request that the query describes, as "warren-ingress explain URL -o json" does. It asks
// nobody who gets in: whoever only looks has nothing sent.
func (d *Dashboard) serveExplanation(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	q := &explain.Question{URL: query.Get("url"), Method: query.Get("method"), Headers: query["header"], Listener: query.Get("listener")}
	if query.Has("ask") {
		refuse(w, http.StatusBadRequest, "ask is for explain --ask alone: the page has nothing sent to a service")
		return
	}
	if client := query.Get("client"); client != "" {
		var err error
		if q.Peer, err = netip.ParseAddr(client); err != nil {
			refuse(w, http.StatusBadRequest, "the client %q is no address: write one such as 203.0.113.7", client)
			return
		}
	}
	e, err := d.DataPlane.ExplainWithin(r.Context(), q)
	if err != nil {
		refuse(w, http.StatusBadRequest, "%v", err)
		return
	}
	d.DataPlane.Hints(r.Context(), e)
	answer(w, e)
}
