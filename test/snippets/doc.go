// SPDX-License-Identifier: Apache-2.0

// Package snippets holds snippets of ingress-nginx against the thing itself. "make snippets" makes 1,000 of them from a
// grammar, each from a seed of its own, and asks 20 requests of each: through Debian's nginx with its module
// headers-more, in a server and a location as ingress-nginx writes them, and through this proxy with what package
// controllers/nginx/snippet makes of the same text. What the client and the backend see has to be the same.
//
// What nginx did is kept in testdata, so that an ordinary run compares with a part of it without nginx.
//
// Read in this order: grammar_test.go (the snippets), site_test.go (the backend, and this proxy), observation_test.go
// (what is compared, and what differs on purpose), nginx_test.go (nginx), golden_test.go (the ordinary run).
package snippets
