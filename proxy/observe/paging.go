// SPDX-License-Identifier: Apache-2.0

package observe

// Paging is what became of a request for an error page.
type Paging uint8

const (
	// PageServed requests brought a page, and the client got it.
	PageServed Paging = iota
	// PageRefused requests were answered with a status that no page has.
	PageRefused
	// PageFailed requests were given to an endpoint, and no whole answer came in time.
	PageFailed
	// PageUnavailable requests had no endpoint that takes requests.
	PageUnavailable
	// PageBusy requests were not sent because too many are under way.
	PageBusy
	// PageTooLong requests were answered with more content than a page may have.
	PageTooLong
	pagings
)

func (p Paging) String() string {
	return [...]string{"served", "refused", "failed", "unavailable", "busy", "too_long"}[p]
}
