// SPDX-License-Identifier: Apache-2.0

// Package gatewayapi turns the objects of the Gateway API (gateway.networking.k8s.io) into listeners and into the plain
// values of package rules, and says what their statuses have to say.
//
// It is a pure function: no I/O, no clock, no log. The same objects give the same result in whatever order they come,
// so that all replicas open the same addresses and serve the same.
//
// A route is read once for each version of it (route.go): what it matches, and where it sends that. Which listeners it
// is attached to, and which hosts it has there, depends on all Gateways (attach.go). What is wrong with a route in
// itself closes the rule that has the fault: its requests are answered with 500, as the API wants it. So they are if a
// match cannot be read, and then so are all requests that it may have been meant for. None of them falls to a less
// specific rule.
//
// Read in this order: names.go (kinds and groups), hostname.go (what listeners and routes have in common), grants.go
// (who may refer to what), addresses.go (which addresses each Gateway has), services.go (the Service that it may have
// for itself), listeners.go (what becomes of a listener), listenersets.go, precedence.go (who has what several want),
// clients.go (what clients have to prove), route.go, httproute.go, matches.go, backends.go and filters.go (a route's
// own content), backendtlspolicy.go and backendcertificate.go (what others say of TLS with its backends), attach.go
// and attachment.go (routes and listeners), expressions.go (how many expressions a host may have), judge.go (the
// statuses), features.go (what a GatewayClass may say that is supported).
package gatewayapi
