// SPDX-License-Identifier: Apache-2.0

// Package controllers connects a cluster with the data plane. On every replica the snapshot controller turns what is in
// the cache into a snapshot and hands it to the proxy; on the leader alone the controllers of the three kinds write into
// each object's status what became of it.
//
// What is served is decided in package translate, and how in package proxy. Nothing here looks into a rule.
package controllers
