// SPDX-License-Identifier: Apache-2.0

package dashboard

import (
	"context"
	"net/http"
	"time"

	"github.com/warren-dev/ingress/dashboard/control"
	"github.com/warren-dev/ingress/dashboard/live"
	"github.com/warren-dev/ingress/dashboard/page"
	"github.com/warren-dev/ingress/proxy/explain"
	"github.com/warren-dev/ingress/proxy/explanation"
	"github.com/warren-dev/ingress/proxy/observe"
)

// DataPlane is what the page asks the data plane. An [explain.Explainer] answers it.
type DataPlane interface {
	Routes(*explain.RouteSearch) explain.FoundRoutes
	Route(*explain.RoutePlace) (explain.RouteDetail, bool)
	RouteStates() explain.RouteStates
	// Generation is the number of the generation that is served.
	Generation() uint64
	Locate(host, object, place, path string) (explain.FoundRoute, bool)
	Refused() []explain.RefusedRule
	Certificates() []explanation.Certificate
	// ExplainWithin also has hints about what is in no snapshot.
	ExplainWithin(context.Context, *explain.Question) (*explanation.Explanation, error)
	Hints(context.Context, *explanation.Explanation)
}

// Config is what the page is about.
type Config struct {
	DataPlane DataPlane
	// ControlPlane says what the data plane does not know.
	ControlPlane control.Plane
	// Requests are those that end while somebody looks.
	Requests *live.Requests
	// Totals returns what all requests came to.
	Totals func() observe.Totals
	// Replica is the replica's name, and Version the program's.
	Replica, Version string
}

// Dashboard is the page about a replica.
type Dashboard struct {
	Config
	began   time.Time
	history history
}

// New returns the page. Run has to run for its history.
func New(config Config) *Dashboard {
	d := &Dashboard{Config: config, began: time.Now()}
	d.history.add(d.began, config.Totals())
	return d
}

// Run notes what requests came to, from time to time, until ctx ends.
func (d *Dashboard) Run(ctx context.Context) {
	ticker := time.NewTicker(historyStep)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			d.history.add(now, d.Totals())
		}
	}
}

// Handler answers for the page and for all of its JSON. docs/dashboard.md has the paths.
func (d *Dashboard) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, view := range page.Views() {
		mux.Handle("GET "+view.Pattern(), page.Handler(view, page.Frame{Replica: d.Replica, Version: d.Version}))
	}
	mux.Handle("GET "+page.AssetsPath, page.Assets())
	mux.HandleFunc("GET /api/v1/replica", d.serveReplica)
	mux.HandleFunc("GET /api/v1/overview", d.serveOverview)
	mux.HandleFunc("GET /api/v1/overview/events", d.followOverview)
	mux.HandleFunc("GET /api/v1/routes", d.serveRoutes)
	mux.HandleFunc("GET /api/v1/route", d.serveRoute)
	mux.HandleFunc("GET /api/v1/object", d.serveObject)
	mux.HandleFunc("GET /api/v1/refused", d.serveRefused)
	mux.HandleFunc("GET /api/v1/explain", d.serveExplanation)
	mux.HandleFunc("GET /api/v1/certificates", d.serveCertificates)
	mux.HandleFunc("GET /api/v1/orders", d.serveOrders)
	mux.HandleFunc("GET /api/v1/requests", d.followRequests)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, http.StatusNotFound, "there is nothing at %q: docs/dashboard.md has the paths, and / is the page", r.URL.Path)
	})
	return d.forKnownHosts(secured(mux))
}

// Replica says which replica answers, and which generation it serves.
type Replica struct {
	Replica    string    `json:"replica"`
	Version    string    `json:"version"`
	Since      time.Time `json:"since"`
	Generation uint64    `json:"generation"`
}

func (d *Dashboard) serveReplica(w http.ResponseWriter, _ *http.Request) {
	answer(w, Replica{d.Replica, d.Version, d.began.UTC(), d.DataPlane.Generation()})
}

// Paths are the patterns of all that the handler answers for, for a mux that has more.
func Paths() []string {
	paths := []string{"/api/v1/", page.AssetsPath}
	for _, view := range page.Views() {
		paths = append(paths, view.Pattern())
	}
	return paths
}
