// SPDX-License-Identifier: Apache-2.0

// Package standalone serves the objects in files, without a cluster. It follows the files as they change, has a
// snapshot controller build from them what it would build from a cluster, and prints the conditions that controllers
// write into statuses there. It does not know how files are read, nor how a snapshot is built.
//
// Read in this order: standalone.go (what runs), objects.go (which objects there are while some files are broken),
// conditions.go (what is said of an object), printer.go (what is printed of that).
package standalone
