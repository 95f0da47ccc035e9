// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"time"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// readTimeouts reads the timeouts of a rule, with our defaults for what the API leaves open.
func readTimeouts(from *gatewayv1.HTTPRouteTimeouts) (t snapshot.Timeouts, fault string) {
	t = snapshot.Timeouts{
		Request: v1alpha1.DefaultRequestTimeout, Connect: v1alpha1.DefaultConnectTimeout, Response: v1alpha1.DefaultResponseTimeout,
		Idle: v1alpha1.DefaultIdleTimeout,
	}
	if from == nil {
		return t, ""
	}
	// A route cannot say how long an endpoint may be silent. So it may be so for as long as the route gives it.
	for _, of := range []struct {
		field string
		from  *gatewayv1.Duration
		to    *time.Duration
	}{{"timeouts.request", from.Request, &t.Request}, {"timeouts.backendRequest", from.BackendRequest, &t.Attempt}} {
		if of.from == nil {
			continue
		}
		if *of.to, fault = readDuration(of.field, of.from); fault != "" {
			return t, fault
		}
		if *of.to == 0 {
			t.Idle = 0
		} else if t.Idle > 0 {
			t.Idle = max(t.Idle, *of.to)
		}
	}
	return t, ""
}

// readDuration reads a duration of the API, of which there are fewer than Go has (GEP-2257).
func readDuration(field string, from *gatewayv1.Duration) (d time.Duration, fault string) {
	d, err := time.ParseDuration(string(*from))
	if err != nil || d < 0 {
		return 0, field + " " + rules.Quote(string(*from)) + " is no duration: write one such as 1m30s or 500ms"
	}
	return d, ""
}
