// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"net/http"
	"testing"
)

func TestADeletedIngressIsNotServedAndItsNeighbourIs(t *testing.T) {
	s := newScene(t)
	s.backend("web", 1, 0)
	leaves := ingress("leaves", map[string]string{s.host() + "/leaves": "web"})
	stays := ingress("stays", map[string]string{s.host() + "/stays": "web"})
	s.create(leaves, stays)
	everywhere(t, "one Ingress to be served", request{host: s.host(), target: "/leaves"}, answered("web"))
	everywhere(t, "the other Ingress to be served", request{host: s.host(), target: "/stays"}, answered("web"))

	tr := startTraffic(t, s.host(), "/stays")
	if err := s.Delete(t.Context(), leaves); err != nil {
		t.Fatalf("deleting the Ingress: %v", err)
	}
	_, took := everywhere(t, "the deleted Ingress to be gone", request{host: s.host(), target: "/leaves"},
		refused(http.StatusNotFound, "RouteNotFound"))
	t.Logf("no replica served it %s after it was deleted", took)
	tr.finish(0)
}
