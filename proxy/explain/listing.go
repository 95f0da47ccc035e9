// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/warren-dev/ingress/proxy/explanation"
	"github.com/warren-dev/ingress/proxy/routing"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// ServedRoute is a route that is served.
type ServedRoute struct {
	// Listener is where the route is served: "namespace/gateway/listener". Address is that of its connections. Both are
	// empty for what is served where Ingresses are.
	Listener string `json:"listener,omitempty"`
	Address  string `json:"address,omitempty"`
	// Host is an exact name, a wildcard, or "" for every host.
	Host  string `json:"host"`
	Path  string `json:"path"`
	Match string `json:"match"`
	// Conditions says in words what else the route asks of a request. It is empty if that is nothing.
	Conditions string `json:"conditions,omitempty"`
	// Ingress and Rule are like those of a [Candidate]. Service is "namespace/service".
	Ingress string `json:"ingress"`
	Rule    string `json:"rule"`
	Service string `json:"service"`
	// Canary is like that of a [Candidate].
	Canary string `json:"canary,omitempty"`
	// Pool is the id of the pool that serves the route. If several do, there are spaces between them, here and in Service.
	Pool string `json:"pool"`
	// Taking is how many of the pools' Endpoints take requests now.
	Taking    int `json:"taking"`
	Endpoints int `json:"endpoints"`
	// Answers names the policy that answers every request, if no backend does: redirect or fixed-response.
	Answers string `json:"answers,omitempty"`
	// Closed is why every request of the route is answered with 503, in a word. ClosedWhy says it in full, for the author
	// of the Ingress. They are empty if the route is served.
	Closed    string `json:"closed,omitempty"`
	ClosedWhy string `json:"closedWhy,omitempty"`
	// Why says why no endpoint takes requests, if it is not the endpoints that say so.
	Why string `json:"why,omitempty"`
}

// RefusedRule is a path of a rule that is written and not served.
type RefusedRule struct {
	// Address is that of the listener that the rule is for. It is empty for one that would be served where Ingresses are.
	Address string `json:"address,omitempty"`
	// Host, Path, Match, Conditions, Ingress, Rule and Service are like those of a [ServedRoute], or as they are written
	// if they make no sense.
	Host       string `json:"host"`
	Path       string `json:"path"`
	Match      string `json:"match"`
	Conditions string `json:"conditions,omitempty"`
	Ingress    string `json:"ingress"`
	Rule       string `json:"rule"`
	Service    string `json:"service"`
	// Reason is one word, and Why a sentence for the author of the Ingress.
	Reason string `json:"reason"`
	Why    string `json:"why"`
}

// ServedTask is an endpoint of a pool that is served.
type ServedTask struct {
	Pool string `json:"pool"`
	explanation.Task
}

// servedRoutes lists the routes of a generation.
func servedRoutes(g *routing.Generation) []ServedRoute {
	routes := make([]ServedRoute, 0, g.Routes())
	at := newTaking(g)
	g.Snapshot.EachHost(func(l *snapshot.Listener, h *snapshot.Host) {
		for j := range h.Routes {
			routes = append(routes, at.served(l, h, &h.Routes[j]))
		}
	})
	return routes
}

// taking remembers how many endpoints of each pool take requests, for many routes of a generation.
type taking struct {
	*routing.Generation
	pools map[string]poolTaking
}

type poolTaking struct {
	taking, endpoints int
	why               string
}

func newTaking(g *routing.Generation) *taking { return &taking{g, make(map[string]poolTaking)} }

// pool returns what there is to say of a pool.
func (t *taking) pool(id string) poolTaking {
	p, ok := t.pools[id]
	if !ok {
		p = poolTaking{t.Pool(id).Taking(), t.Pool(id).Len(), whyUnserved(t.Generation, id)}
		t.pools[id] = p
	}
	return p
}

// served describes a route of a host, and of a listener or of none.
func (t *taking) served(at *snapshot.Listener, h *snapshot.Host, r *snapshot.Route) ServedRoute {
	route := ServedRoute{
		Host: h.Name, Path: r.Path, Match: r.Match.String(), Conditions: r.Conditions.String(), Ingress: r.Rule.Ingress,
		Rule: r.Rule.Place(), Service: servicesOf(t.Generation, r), Canary: r.Canary, Pool: poolsOf(r), Answers: answersBy(r), Closed: r.Closed,
		ClosedWhy: r.ClosedWhy,
	}
	if at != nil {
		route.Listener, route.Address = h.Owner, at.Address.String()
	}
	for id := range r.Pools() {
		pool := t.pool(id)
		route.Taking += pool.taking
		route.Endpoints += pool.endpoints
		route.Why = cmp.Or(route.Why, pool.why)
	}
	return route
}

// Certificates lists the certificates that are served. The first to expire comes first.
func (x *Explainer) Certificates() []explanation.Certificate {
	g := x.basis.Generation.Load()
	list := make([]explanation.Certificate, len(g.Snapshot.Certificates))
	for i := range list {
		c := &g.Snapshot.Certificates[i]
		notBefore, notAfter := g.Identity.Validity(i)
		list[i] = explanation.Certificate{ID: c.ID, Hosts: c.Hosts, NotBefore: notBefore.UTC(), NotAfter: notAfter.UTC(), Default: c.Default}
	}
	slices.SortStableFunc(list, func(a, b explanation.Certificate) int { return a.NotAfter.Compare(b.NotAfter) })
	return list
}

// CertificatesHandler lists the certificates that are served. The first to expire is at the top. With output=json it
// answers with a list of [Certificate] in JSON.
func (x *Explainer) CertificatesHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		list := x.Certificates()
		if writeJSON(w, r, list) {
			return
		}
		now := time.Now()
		writeTable(w, "CERTIFICATE\tEXPIRES\tDAYS\tHOSTS", func(row func(...any)) {
			for _, c := range list {
				hosts := c.Hosts
				if c.Default {
					hosts = append(slices.Clip(hosts), "(every other)")
				}
				row(c.ID, c.NotAfter.Format("2006-01-02 15:04"), int(c.NotAfter.Sub(now).Hours()/24), strings.Join(hosts, ","))
			}
		})
	})
}

// TasksHandler lists the endpoints of all pools that are served, with their health and why they take no requests. With
// output=json it answers with a list of [ServedTask] in JSON.
func (x *Explainer) TasksHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g := x.basis.Generation.Load()
		list := []ServedTask{}
		for i := range g.Snapshot.Pools {
			pool := g.Pool(g.Snapshot.Pools[i].ID)
			for _, task := range explainTasks(pool) {
				list = append(list, ServedTask{pool.ID, task})
			}
		}
		if writeJSON(w, r, list) {
			return
		}
		writeTable(w, "POOL\tTASK\tADDRESS\tWEIGHT\tHEALTH\tACTIVE\tTAKES REQUESTS\tWHY", func(row func(...any)) {
			for _, t := range list {
				takes := "yes"
				if !t.TakesRequests {
					takes = "no"
				}
				row(t.Pool, t.ID, t.Address, t.Weight, t.Health, t.Active, takes, t.Why)
			}
		})
	})
}

// Refused lists the rules that are written and not served.
func (x *Explainer) Refused() []RefusedRule {
	return refusedRules(x.basis.Generation.Load().Snapshot.Unserved)
}

func refusedRules(unserved []snapshot.Unserved) []RefusedRule {
	list := make([]RefusedRule, len(unserved))
	for i := range unserved {
		u := &unserved[i]
		list[i] = RefusedRule{
			Host: u.Host, Path: u.Path, Match: u.Match.String(), Conditions: u.Conditions.String(), Ingress: u.Rule.Ingress,
			Rule: u.Rule.Place(), Service: u.Service, Reason: u.Reason, Why: u.Why,
		}
		if u.Listener.IsValid() {
			list[i].Address = u.Listener.String()
		}
	}
	return list
}

// RefusedHandler lists the rules that are written and not served. With output=json it answers with a list of
// [RefusedRule] in JSON.
func (x *Explainer) RefusedHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		unserved := x.basis.Generation.Load().Snapshot.Unserved
		list := refusedRules(unserved)
		if writeJSON(w, r, list) {
			return
		}
		writeTable(w, "HOST\tPATH\tMATCH\tOBJECT\tRULE\tREASON\tWHY", func(row func(...any)) {
			for i := range list {
				u := &list[i]
				row(shownAt(u.Host, unserved[i].Listener), u.Path, explanation.ShownPlace(u.Match, u.Conditions), u.Ingress, u.Rule, u.Reason, u.Why)
			}
		})
	})
}

// writeJSON answers in JSON and returns true if the request asks for that.
func writeJSON(w http.ResponseWriter, r *http.Request, v any) bool {
	if r.URL.Query().Get("output") != "json" {
		return false
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // if it fails, the client is gone
	return true
}

// writeTable answers with a table of text.
func writeTable(w http.ResponseWriter, head string, rows func(row func(...any))) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	table := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, head)
	rows(func(columns ...any) {
		texts := make([]string, len(columns))
		for i, c := range columns {
			texts[i] = fmt.Sprint(c)
		}
		_, _ = fmt.Fprintln(table, strings.Join(texts, "\t"))
	})
	_ = table.Flush()
}
