// SPDX-License-Identifier: Apache-2.0

// Package errorpage gets pages from services, which stand in place of responses with certain statuses. What a service
// does with a request for a page holds a bounded amount of memory for a bounded time, and changes no response unless it
// is a page.
//
// It decides about no response: its users say when there is to be a page, and send it.
//
// Read in this order: pages.go (which service has a page for which status), head.go (what the service is asked),
// fetch.go (asking it), answer.go (what it answered).
package errorpage
