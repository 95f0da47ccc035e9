// SPDX-License-Identifier: Apache-2.0

package observe

// Mirroring is what became of the copy of a request that a mirror was to get.
type Mirroring uint8

const (
	// MirrorAnswered copies were answered, with any status.
	MirrorAnswered Mirroring = iota
	// MirrorFailed copies were given to an endpoint, and no answer came.
	MirrorFailed
	// MirrorUnavailable copies had no endpoint that takes requests.
	MirrorUnavailable
	// MirrorBusy copies were dropped because too many are under way.
	MirrorBusy
	// MirrorTooLong copies were dropped because of the length of their content.
	MirrorTooLong
	// MirrorCut copies were dropped because the content never was whole.
	MirrorCut
	mirrorings
)

func (m Mirroring) String() string {
	return [...]string{"answered", "failed", "unavailable", "busy", "too_long", "cut"}[m]
}
