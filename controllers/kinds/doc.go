// SPDX-License-Identifier: Apache-2.0

// Package kinds reads the kinds of objects that make routes into the plain values of package rules: the Ingress of this
// API, and that of networking.k8s.io with its annotations, ours and those that other controllers act on.
//
// One principle decides what a fault does to a rule: a rule whose place is known (host, path and pathType are
// sound) keeps that place, and answers 503 where nothing can serve it. Were it dropped instead, its
// requests would fall to a shorter path with another backend and other policies, one without the access control
// that the faulty rule asked for, say. Only a rule whose place is not known is dropped, and even that closes what
// it may have been meant for where it may say who gets in.
//
// What it says of an object is known from that object alone. It knows neither which rule wins nor what is there in the
// cluster.
//
// Read warren.go with terms.go and path.go, which have what both kinds share, then standard.go with annotation.go and
// foreign.go, then closing.go. A policy has a file of its own, and its line in policies.go. class.go says which objects
// are a controller's.
package kinds
