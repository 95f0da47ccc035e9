// SPDX-License-Identifier: Apache-2.0

package dashboard

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/warren-dev/ingress/proxy/explain"
)

const (
	// routesUsual is how many routes are listed unless more are asked for, and routesMost how many at most.
	routesUsual = 50
	routesMost  = 500
	// wordsMost is how many words of a search count, and wordMost how long one may be.
	wordsMost = 8
	wordMost  = 200
)

// serveRoutes lists the routes that have all words of q, and the state that is asked for.
func (d *Dashboard) serveRoutes(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	s := &explain.RouteSearch{Words: strings.Fields(query.Get("q")), State: query.Get("state"), Most: routesUsual}
	states := []string{explain.RouteServing, explain.RouteDown, explain.RouteClosed}
	if s.State != "" && !slices.Contains(states, s.State) {
		refuse(w, http.StatusBadRequest, "no route has the state %q: write %s", s.State, strings.Join(states, ", "))
		return
	}
	if len(s.Words) > wordsMost || slices.ContainsFunc(s.Words, func(word string) bool { return len(word) > wordMost }) {
		refuse(w, http.StatusBadRequest, "q has more than %d words, or one of more than %d bytes: write fewer", wordsMost, wordMost)
		return
	}
	for _, number := range []struct {
		name string
		to   *int
		most int
	}{{"skip", &s.Skip, 1 << 30}, {"most", &s.Most, routesMost}} {
		if text := query.Get(number.name); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil || n < 0 || n > number.most {
				refuse(w, http.StatusBadRequest, "%s is %q: write a number from 0 to %d", number.name, text, number.most)
				return
			}
			*number.to = n
		}
	}
	answer(w, d.DataPlane.Routes(s))
}

// serveRoute says all of one route, which is named as in the list.
func (d *Dashboard) serveRoute(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	place := &explain.RoutePlace{Address: query.Get("address"), Host: query.Get("host"), Path: query.Get("path"), Match: query.Get("match"),
		Conditions: query.Get("conditions")}
	detail, ok := d.DataPlane.Route(place)
	if !ok {
		refuse(w, http.StatusNotFound, "there is no route of host %q, path %q, match %q, conditions %q and address %q: /api/v1/routes lists them", place.Host, place.Path,
			place.Match, place.Conditions, place.Address)
		return
	}
	answer(w, detail)
}

// serveObject shows the object that a route is of, with its place marked.
func (d *Dashboard) serveObject(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	object, found, err := d.ControlPlane.Object(r.Context(), query.Get("object"), query.Get("rule"))
	switch {
	case err != nil:
		refuse(w, http.StatusServiceUnavailable, "%v", err)
	case !found:
		refuse(w, http.StatusNotFound, "there is no object %q in a cluster: write its id and place as /api/v1/routes has them", query.Get("object"))
	default:
		answer(w, object)
	}
}

// serveRefused lists the rules that are written and not served.
func (d *Dashboard) serveRefused(w http.ResponseWriter, _ *http.Request) {
	answer(w, d.DataPlane.Refused())
}
