// SPDX-License-Identifier: Apache-2.0

// Package chart tests that a Kubernetes API server accepts what the Helm chart renders to. It has no code but tests.
package chart
