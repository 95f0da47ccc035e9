// SPDX-License-Identifier: Apache-2.0

// Package controllers connects a cluster with the data plane. On every replica the snapshot controller turns what is in
// the cache into a snapshot and hands it to the proxy. On the leader alone other controllers write into each object's
// status what became of it, and order certificates.
//
// Here is what there is to set up, and in which order: see [Setup]. Each controller is in a package below this one, and
// the tests here are of all of them together, on a real API server. What is served is decided in package translate, and
// how in package proxy.
package controllers
