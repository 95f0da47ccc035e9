// SPDX-License-Identifier: Apache-2.0

// Package dashboard is the page about a replica at its admin address, and the same as JSON. It shows what the replica
// serves, what goes wrong and why a request ends as it does. Nothing in it changes anything.
//
// All that it shows comes from objects and requests of others, so all of it is text: templates and scripts of package
// page escape it, and guard.go says to a browser what it may do with it.
//
// Read in this order: dashboard.go (what is at which path), guard.go (who is answered), answer.go (how), overview.go,
// flow.go and history.go (the first view), routes.go, explain.go, certificates.go and requests.go (the other views).
// Package live has the requests as they end.
package dashboard
