// SPDX-License-Identifier: Apache-2.0

// Package controllers connects a cluster with the data plane. On every replica the snapshot controller turns what is in
// the cache into a snapshot and hands it to the proxy. On the leader alone other controllers write into each object's
// status what became of it, and order certificates.
//
// What is served is decided in package translate, and how in package proxy. Of an Ingress's rules, only the hosts
// decide anything here: whose a host is, and which controller orders a certificate.
package controllers
