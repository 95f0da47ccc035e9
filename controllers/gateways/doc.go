// SPDX-License-Identifier: Apache-2.0

// Package gateways writes the statuses of the Gateway API's objects: what package gatewayapi says of each, and what the
// data plane and the other replicas say of it. It also makes the Services that Gateways have of their own.
//
// A status that says the same as before is not written. What other controllers have written into a route's status stays
// as it is.
//
// Read in this order: writer.go (what the controllers have in common), class.go, listener.go (what a Gateway or a
// ListenerSet says of each listener), known.go (what is looked at again when ports or replicas change), gateway.go,
// listenerset.go, route.go, backendtlspolicy.go, service.go (the Service of a Gateway), service_form.go and
// service_slices.go (what it and its EndpointSlices say), service_status.go (what is in its way), service_pace.go (how
// often it is written back).
package gateways
