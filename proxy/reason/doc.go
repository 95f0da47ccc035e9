// SPDX-License-Identifier: Apache-2.0

// Package reason is the one list of reasons for which the proxy answers a request itself: with which status and words,
// what RFC 9209 calls it, and whether it is a service's fault. It knows nothing of requests, and imports nothing. All
// of it is in reason.go.
package reason
