// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/explanation"
	"github.com/warren-dev/ingress/proxy/routing"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// RoutesHandler shows what is being served: the generation, and its routes with the endpoints behind them. With
// output=json it answers with a list of [ServedRoute] in JSON. It is for the admin address, where no request is
// proxied.
func (x *Explainer) RoutesHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g := x.basis.Generation.Load()
		if writeJSON(w, r, servedRoutes(g)) {
			return
		}
		hosts := 0
		g.Snapshot.EachHost(func(*snapshot.Listener, *snapshot.Host) { hosts++ })
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = fmt.Fprintf(w, "generation %d, %d hosts, %d routes, %d pools\n\n",
			g.Number, hosts, g.Routes(), len(g.Snapshot.Pools))
		table := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
		_, _ = fmt.Fprintln(table, "HOST\tPATH\tMATCH\tOBJECT\tPOOL\tENDPOINTS")
		g.Snapshot.EachHost(func(at *snapshot.Listener, h *snapshot.Host) {
			var address netip.AddrPort
			if at != nil {
				address = at.Address
			}
			for j := range h.Routes {
				r := &h.Routes[j]
				match := explanation.ShownPlace(r.Match.String(), r.Conditions.String())
				_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n",
					shownAt(h.Name, address), r.Path, match, explanation.ShownRule(r.Rule.Ingress, r.Canary), poolsOf(r), shownBehind(g, r))
			}
		})
		_ = table.Flush()
	})
}

// shownBehind returns what takes a route's requests: its endpoints, or why it is closed.
func shownBehind(g *routing.Generation, r *snapshot.Route) string {
	if r.Closed != "" {
		if r.ClosedWhy != "" {
			return "closed: " + r.Closed + ": " + r.ClosedWhy
		}
		return "closed: " + r.Closed
	}
	if by := answersBy(r); by != "" {
		return "none: " + by
	}
	if r.Pool != "" {
		return shownEndpoints(g.Pool(r.Pool))
	}
	var shown []string
	for _, b := range backendsOf(g, r) {
		behind := "none: it cannot be used"
		if b.Pool != "" {
			behind = shownEndpoints(g.Pool(b.Pool))
		}
		shown = append(shown, fmt.Sprintf("%.4g%% %s", 100*b.Share, behind))
	}
	return strings.Join(shown, "; ")
}

func shownEndpoints(p *balance.Pool) string {
	if p.Len() == 0 {
		return "none"
	}
	shown := ""
	for i, m := range p.Describe() {
		if i > 0 {
			shown += " "
		}
		shown += m.Address
		switch {
		case m.Draining:
			shown += "(draining)"
		case m.Unhealthy:
			shown += "(unhealthy)"
		case m.Weight == 0:
			shown += "(weight 0)"
		case m.Ejected && !m.Takes:
			shown += "(set aside)"
		case m.Checked:
			shown += "(" + strings.ToLower(m.Health.String()) + ")"
		}
	}
	return shown
}

// Hints adds hints by what is in no snapshot to an explanation.
func (x *Explainer) Hints(ctx context.Context, e *explanation.Explanation) {
	if x.Elsewhere != nil && e.Request.Host != "" {
		e.Hints = append(e.Hints, x.Elsewhere(ctx, e.Request.Host, e.Served())...)
	}
}

// ExplainHandler explains the request that its query describes. The parameter url has to be there. The parameters
// method, client and listener (addresses), header ("Name: value", any number of them) and ask (true, to have services
// asked who gets in) are optional. It answers with 400 and the reason if they describe no request. With output=json it
// answers with an [explanation.Explanation] in JSON, and otherwise with text.
func (x *Explainer) ExplainHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		q := &Question{URL: query.Get("url"), Method: query.Get("method"), Headers: query["header"], Listener: query.Get("listener")}
		switch ask := query.Get("ask"); ask {
		case "", "false":
		case "true":
			q.Ask = true
		default:
			http.Error(w, fmt.Sprintf("ask is %q: write true or false", ask), http.StatusBadRequest)
			return
		}
		if client := query.Get("client"); client != "" {
			var err error
			if q.Peer, err = netip.ParseAddr(client); err != nil {
				http.Error(w, fmt.Sprintf("the client %q is no address", client), http.StatusBadRequest)
				return
			}
		}
		e, err := x.ExplainWithin(r.Context(), q)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		x.Hints(r.Context(), e)
		if writeJSON(w, r, e) {
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_ = e.WriteText(w, time.Now())
	})
}
