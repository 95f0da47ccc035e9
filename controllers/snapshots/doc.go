// SPDX-License-Identifier: Apache-2.0

// Package snapshots builds a snapshot whenever something that it is made from changes, and has the data plane serve it.
// The controllers that write statuses learn from it what to say of each object. It does not know how an object is
// translated, where the objects come from, or how a status is written.
//
// Read in this order: controller.go (from an event to a snapshot that is served), hold_off.go (when it builds),
// cached_objects.go (where it reads), verdict.go (what came of a build), sharing.go (who writes the status of an object
// that several controllers serve).
package snapshots
