// SPDX-License-Identifier: Apache-2.0

// Package status writes the statuses of objects: what changed in them is told in events, many changes at once become
// few requests, and where others overwrite a status again and again it is written less and less often. It knows the
// addresses that are published in statuses. It does not know what a status has to say, nor who is to write it.
//
// Read status.go first, then pace.go and contests.go; address.go stands for itself.
package status
