// SPDX-License-Identifier: Apache-2.0

// Package status writes the statuses of objects, and tells in events what changed in them. It spreads many changes at
// once over time. If others overwrite a status again and again, it writes that status less and less often. It also
// knows the addresses that are published in statuses. It does not know what to say in a status, or who is to write it.
//
// Read in this order: status.go (a write, and its events), pace.go (how many writes at once), contests.go (others that
// overwrite), metrics.go (what is counted), address.go (the addresses, which needs none of the others).
package status
