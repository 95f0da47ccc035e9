// SPDX-License-Identifier: Apache-2.0

// Package subrequest sends requests of the proxy's own to endpoints. Clients' requests have them sent, and do not
// depend on what comes of them: copies for mirrors, and requests for error pages.
//
// It chooses no endpoint, and decides nothing about answers: its users do.
//
// All of it is in request.go.
package subrequest
