// SPDX-License-Identifier: Apache-2.0

// Package tasks writes the statuses of Tasks: what the snapshots say of each, and what the data plane's health checks
// found. It does not know how a Task is probed.
//
// Read controller.go first, then health.go.
package tasks
