// SPDX-License-Identifier: Apache-2.0

// Package controllers connects a cluster with the data plane. On every replica the snapshot controller turns what is in
// the cache into a snapshot and hands it to the proxy. On the leader alone, other controllers write into each object's
// status what became of it, and order certificates.
//
// This package only sets up those controllers, each of which has a package below this one. The tests here run all of
// them together on a real API server. Package translate decides what is served, and package proxy serves it.
//
// Read in this order: setup.go (the options, and what is set up in which order), metrics.go (what is counted).
package controllers
