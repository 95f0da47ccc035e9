// SPDX-License-Identifier: Apache-2.0

// Package script does with requests and responses what directives of nginx would: its rewrite module, and those that
// change fields. It knows nothing of connections, routes and policies.
//
// Read in this order: script.go (what a script is, as plain values), view.go (what it sees of a request), run.go (how
// it is compiled, and the steps of a request), text.go and value.go (variables), matcher.go (expressions), fields.go
// (fields of requests and responses).
package script
