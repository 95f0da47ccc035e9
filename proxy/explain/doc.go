// SPDX-License-Identifier: Apache-2.0

// Package explain says why a request would end as it would, and lists what is served. It decides by the functions that
// requests go through, so it cannot say otherwise than they do.
//
// Begin with explain.go, which has a question decided about. question.go is what is asked and explanation.go what is
// answered. candidates.go says which rules could have had the request, and unserved.go which are not served at all;
// text.go writes an explanation for people. routes.go and listing.go list what is served.
package explain
