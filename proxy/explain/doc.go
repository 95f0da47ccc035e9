// SPDX-License-Identifier: Apache-2.0

// Package explain says how a request would end and why, and lists what is served. It decides with the functions that
// requests go through, so it cannot decide otherwise than they do.
//
// Read in this order: question.go (what is asked), explain.go (deciding about a question), candidates.go (the rules
// that could have had the request), backends.go (where it would go), unserved.go (the rules that are not served at
// all), site.go (where the question is asked), routes.go (the routes that are served, and explanations over HTTP),
// listing.go (the certificates and endpoints that are served), index.go (finding routes). Package explanation is what
// is answered.
package explain
