// SPDX-License-Identifier: Apache-2.0

package certificates

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"math"
	"time"

	"github.com/warren-dev/ingress/controllers/acme"
)

// RenewalTime returns when a certificate is due to be renewed: at a moment within the window that the authority
// suggests (RFC 9773, section 4.2), or else when a third of its lifetime is left, or up to a thirtieth of it before.
// The moment within is the certificate's own, so that certificates of one day are not renewed in one minute, and so
// that it is the same on every replica. A window may reach to the certificate's end: it is due with a sixth of its
// lifetime left at the latest, so that there is time for attempts that fail.
func RenewalTime(leaf *x509.Certificate, issuedAt time.Time, suggested *acme.Window) time.Time {
	share, lifetime := shareOf(leaf), lifetimeOf(leaf, issuedAt)
	if suggested != nil {
		at, latest := suggested.Start.Add(scale(suggested.End.Sub(suggested.Start), share)), leaf.NotAfter.Add(-lifetime/6)
		if at.After(latest) {
			at = latest
		}
		return at.Truncate(time.Second)
	}
	return leaf.NotAfter.Add(-lifetime/3 - scale(lifetime/30, share)).Truncate(time.Second)
}

// lifetimeOf returns for how long a certificate is of use, if it is known when it came. Authorities set its beginning
// back, some by more than it is valid for, and this clock may be ahead of theirs: a certificate would be due as soon as
// it is there, again and again.
func lifetimeOf(leaf *x509.Certificate, issuedAt time.Time) time.Duration {
	if issuedAt.After(leaf.NotBefore) && issuedAt.Before(leaf.NotAfter) {
		return leaf.NotAfter.Sub(issuedAt)
	}
	return leaf.NotAfter.Sub(leaf.NotBefore)
}

// LifetimeCounted is the lifetime that limits go by: not so short that a clock that is far ahead does away with them.
func LifetimeCounted(leaf *x509.Certificate, issuedAt time.Time) time.Duration {
	return max(lifetimeOf(leaf, issuedAt), leaf.NotAfter.Sub(leaf.NotBefore)/40)
}

// shareOf is a number from 0 to 1 that is a certificate's own.
func shareOf(leaf *x509.Certificate) float64 {
	sum := sha256.Sum256(leaf.Raw)
	return float64(binary.BigEndian.Uint32(sum[:])) / math.MaxUint32
}

func scale(d time.Duration, by float64) time.Duration { return time.Duration(float64(d) * by) }

// noticeDays are how many days before its end a notice is given of a certificate that nobody here renews.
var noticeDays = [...]int32{1, 7, 21} //nolint:gochecknoglobals // a constant that the language has no form for

// ExpiryNotice returns which notice of a certificate's end is the latest that is due, in days before it, or 0 if none
// is yet; and when the next one will be, the zero time if none will.
func ExpiryNotice(notAfter, now time.Time) (days int32, next time.Time) {
	for _, days := range noticeDays {
		at := notAfter.Add(-time.Duration(days) * 24 * time.Hour)
		if !now.Before(at) {
			return days, next
		}
		next = at
	}
	return 0, next
}
