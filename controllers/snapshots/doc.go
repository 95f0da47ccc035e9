// SPDX-License-Identifier: Apache-2.0

// Package snapshots builds a snapshot whenever something changes that it is made of, has the data plane serve it, and
// tells whoever writes statuses what is to be said of each object. It does not know how an object is translated, where
// the objects come from, or how a status is written.
//
// Read controller.go first, with hold_off.go for when it builds and cached_objects.go for where it reads, then
// verdict.go for what came of a build, and sharing.go for whose the objects are where several controllers serve them.
package snapshots
