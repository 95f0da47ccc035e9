// SPDX-License-Identifier: Apache-2.0

// Package chart tests that what the Helm chart renders to is what a Kubernetes API server takes.
package chart
