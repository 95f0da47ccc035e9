// SPDX-License-Identifier: Apache-2.0

// Package password checks names and passwords against htpasswd text. It knows no routes and no requests.
//
// A check by bcrypt takes 50 ms of a processor, and anybody may ask for one. So verdicts are kept, the same check
// never runs twice at once, few run at once, and few wait for their turn.
//
// Read in this order: users.go (the text), hash.go (one line's hash), checker.go (verdicts), queue.go (whose turn it
// is).
package password
