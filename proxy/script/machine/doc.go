// SPDX-License-Identifier: Apache-2.0

// Package machine does with requests and responses what a script says. It knows nothing of connections, routes and
// policies.
//
// Read in this order: view.go (what it sees of a request), program.go (how a script is compiled), state.go (what it
// remembers of a request), request.go (a request in a location), steps.go (the steps there), answer.go (how they
// answer), path.go (the path and the query), text.go and value.go (variables), matcher.go (expressions), fields.go
// (fields of requests), response.go (fields of responses).
package machine
