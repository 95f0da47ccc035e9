// SPDX-License-Identifier: Apache-2.0

// Package kinds reads the kinds of objects that make routes into the plain values of package rules: the Ingress of this
// API, and that of networking.k8s.io with its annotations, ours and those that other controllers act on.
//
// One principle decides what a fault does to a rule. A rule whose place is known (host, path and pathType are sound)
// keeps that place, and answers 503 where nothing can serve it. If it were dropped, its requests would fall to a
// shorter path with another backend and other policies, perhaps without the access control that the faulty rule asked
// for. Only a rule whose place is not known is dropped. If such a rule may say who gets in, it closes every place that
// it may have been meant for.
//
// What the package says of an object depends on that object alone. It knows neither which rule wins nor what exists in
// the cluster.
//
// Read in this order: warren.go (this API's Ingress), object.go (what identifies an object), terms.go (what a path
// asks for besides its place), backend.go (how a backend is spoken to), limits.go (timeouts and retries),
// policies.go (the list of readers), then a file for each policy, which has its name, and balancing.go (how an
// endpoint is chosen); path.go (the place of a rule), closing.go (what an unreadable path closes), standard.go (the
// Ingress of networking.k8s.io), annotation.go (its annotations), foreign.go (those of other controllers),
// foreigntable.go (which those are), class.go (which objects are a controller's), services.go (which services an
// object names).
package kinds
