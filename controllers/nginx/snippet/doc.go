// SPDX-License-Identifier: Apache-2.0

// Package snippet compiles what people wrote in ingress-nginx's configuration-snippet and server-snippet. nginx's own
// meaning decides, and that of the location that ingress-nginx writes around a snippet. What becomes of a snippet are
// plain values: a [policy.Script], and what other policies express. Nothing is kept that cannot be kept whole: a
// directive, a variable or an expression that is not known is a [Fault], with its name and line.
//
// The package reads texts alone. It knows no objects, no hosts of others, and not which rule wins.
//
// Read in this order: snippet.go (what comes out), parse.go (nginx's grammar), table.go (all directives, and what
// becomes of each), compile.go (a snippet as a whole, and what a location inherits), rewrite.go (the rewrite module),
// fields.go (fields of requests and responses), access.go (who gets in), settings.go (times, sizes and the rest).
package snippet
