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

// RenewalTime returns when a certificate is due to be renewed. If the authority suggests a window (RFC 9773, section
// 4.2), it is a moment within that. Otherwise it is when a third of the lifetime is left, or earlier by up to a
// thirtieth of the lifetime.
//
// Each certificate has its own moment in that range, which is the same on every replica. So certificates that were
// issued on one day are not all renewed in one minute. A window may reach to the certificate's end. The certificate is
// due with a sixth of its lifetime left at the latest, so that there is time for failed attempts.
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

// lifetimeOf returns how long a certificate can be used. It counts from when the certificate came, if that is known.
// Authorities set NotBefore back, some by more than the certificate is valid for, and this clock may be ahead of
// theirs: counting from NotBefore would make a certificate due as soon as it is there, again and again.
func lifetimeOf(leaf *x509.Certificate, issuedAt time.Time) time.Duration {
	if issuedAt.After(leaf.NotBefore) && issuedAt.Before(leaf.NotAfter) {
		return leaf.NotAfter.Sub(issuedAt)
	}
	return leaf.NotAfter.Sub(leaf.NotBefore)
}

// LifetimeCounted returns the lifetime that limits depend on. It has a minimum, so that a clock that is far ahead does
// not remove the limits.
func LifetimeCounted(leaf *x509.Certificate, issuedAt time.Time) time.Duration {
	return max(lifetimeOf(leaf, issuedAt), leaf.NotAfter.Sub(leaf.NotBefore)/40)
}

// shareOf returns a number from 0 to 1 that each certificate has for itself.
func shareOf(leaf *x509.Certificate) float64 {
	sum := sha256.Sum256(leaf.Raw)
	return float64(binary.BigEndian.Uint32(sum[:])) / math.MaxUint32
}

func scale(d time.Duration, by float64) time.Duration { return time.Duration(float64(d) * by) }

// noticeDays are how many days before its end a notice is given of a certificate that nobody here renews.
var noticeDays = [...]int32{1, 7, 21} //nolint:gochecknoglobals // a constant that the language has no form for

// ExpiryNotice returns the latest notice of a certificate's end that is due, in days before that end, or 0 if none is
// due yet. next is when the next notice is due, the zero time if there is none.
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
