// SPDX-License-Identifier: Apache-2.0

// Package tasks writes the statuses of Tasks: what the snapshots say of each, and what the data plane's health checks
// found. It does not know how a Task is probed.
//
// Read in this order: controller.go (when a status is written), health.go (what health checks add to it).
package tasks
