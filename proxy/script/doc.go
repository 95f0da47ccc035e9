// SPDX-License-Identifier: Apache-2.0

// Package script is what directives of nginx say of requests and responses, as plain values: those of its rewrite
// module, and those that change fields. Package machine below does what they say.
//
// Read in this order: script.go (what a script is), text.go (texts with variables in them), variable.go (the variables
// that there are).
package script
