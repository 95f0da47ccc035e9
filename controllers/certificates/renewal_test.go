// SPDX-License-Identifier: Apache-2.0

package certificates

import (
	"crypto/x509"
	"encoding/pem"
	"testing"
	"time"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/acme"
	"github.com/warren-dev/ingress/test/fixture"
)

const day = 24 * time.Hour

func parsedLeaf(t *testing.T, pair fixture.KeyPair) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode(pair.Chain)
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return leaf
}

func TestACertificateIsRenewedWithAThirdOfItsLifeLeftOrWhenTheAuthoritySays(t *testing.T) {
	start := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	for name, lifetime := range map[string]time.Duration{"of 90 days": 90 * day, "of 6 days": 6 * day} {
		t.Run(name, func(t *testing.T) {
			leaf := parsedLeaf(t, fixture.NewKeyPair(t, start, start.Add(lifetime), "x.io"))
			latest := leaf.NotAfter.Add(-lifetime / 3)
			if at := RenewalTime(leaf, time.Time{}, nil); at.After(latest) || at.Before(latest.Add(-lifetime/30-time.Second)) {
				t.Errorf("it is renewed at %s, want at %s or up to a thirtieth of its life before", at, latest)
			}
			window := &acme.Window{Start: start.Add(time.Hour), End: start.Add(2 * time.Hour)}
			at := RenewalTime(leaf, time.Time{}, window)
			if at.Before(window.Start) || at.After(window.End) || !at.Equal(RenewalTime(leaf, time.Time{}, window)) {
				t.Errorf("it is renewed at %s, want always at one time from %s to %s", at, window.Start, window.End)
			}
			window = &acme.Window{Start: leaf.NotAfter.Add(-time.Minute), End: leaf.NotAfter}
			if at, latest := RenewalTime(leaf, time.Time{}, window), leaf.NotAfter.Add(-lifetime/6); !at.Equal(latest) {
				t.Errorf("with a window at its end it is renewed at %s, want at %s", at, latest)
			}
		})
	}
}

// Clocks differ, and authorities set the beginning of a certificate back.
func TestACertificateIsNotDueAsSoonAsItIsThere(t *testing.T) {
	issued := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	tests := map[string]struct {
		notBefore, notAfter time.Duration
		// want is how long after the certificate came it is renewed at the earliest.
		want time.Duration
	}{
		"of 90 seconds":                             {0, 90 * time.Second, 56 * time.Second},
		"of 90 seconds, from an hour before on":     {-time.Hour, 90 * time.Second, 56 * time.Second},
		"of 12 hours, from a minute before on":      {-time.Minute, 12 * time.Hour, 7*time.Hour + 30*time.Minute},
		"a clock that is ahead of the authority's":  {-70 * day, 20 * day, 12 * day},
		"a clock that is behind the authority's":    {day, 91 * day, 58 * day},
		"a clock that is ahead by all its lifetime": {-91 * day, -day, -34 * day},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			leaf := &x509.Certificate{NotBefore: issued.Add(test.notBefore), NotAfter: issued.Add(test.notAfter)}
			lifetime := lifetimeOf(leaf, issued)
			if at := RenewalTime(leaf, issued, nil).Sub(issued); at < test.want || at > leaf.NotAfter.Sub(issued)-lifetime/3 {
				t.Errorf("it is renewed after %s, want after %s at the earliest and with a third of %s left", at, test.want, lifetime)
			}
			if counted := LifetimeCounted(leaf, issued); counted < lifetime || counted < leaf.NotAfter.Sub(leaf.NotBefore)/40 {
				t.Errorf("limits go by %s", counted)
			}
		})
	}
}

func TestNoticeOfAnEndIsDue21And7And1DaysBefore(t *testing.T) {
	end := time.Date(2026, 6, 30, 0, 0, 0, 0, time.UTC)
	tests := map[string]struct {
		before, next time.Duration
		days         int32
	}{
		"a month": {30 * day, 21 * day, 0}, "21 days": {21 * day, 7 * day, 21}, "8 days": {8 * day, 7 * day, 21},
		"7 days": {7 * day, day, 7}, "a day": {day, 0, 1}, "after": {-day, 0, 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			days, next := ExpiryNotice(end, end.Add(-test.before))
			if days != test.days || (test.next == 0) != next.IsZero() || test.next != 0 && !next.Equal(end.Add(-test.next)) {
				t.Errorf("the notice is that of %d days and the next at %s, want %d and %s before the end", days, next, test.days, test.next)
			}
		})
	}
}

func TestWhyACertificateIsOrdered(t *testing.T) {
	now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	leaf := parsedLeaf(t, fixture.NewKeyPair(t, now.Add(-day), now.Add(day), "x.io"))
	sound := DueInput{Now: now, Hosts: []string{"x.io"}, KeyType: v1alpha1.KeyTypeECDSAP256, Directory: "d", MadeBy: "d",
		Found: true, Leaf: leaf, Renewal: now.Add(time.Hour)}
	tests := map[string]struct {
		change func(*DueInput)
		want   string
	}{
		"in order":                     {func(*DueInput) {}, ""},
		"no Secret":                    {func(in *DueInput) { in.Found, in.Leaf = false, nil }, "there is no certificate yet"},
		"a Secret that is not served":  {func(in *DueInput) { in.Leaf, in.Fault = nil, "no PEM" }, "what the Secret holds cannot be served: no PEM"},
		"one more host":                {func(in *DueInput) { in.Hosts = []string{"x.io", "y.io"} }, "the certificate does not cover y.io"},
		"another authority":            {func(in *DueInput) { in.Directory = "e" }, "the certificate is from another authority than --acme-directory says"},
		"another type of key":          {func(in *DueInput) { in.KeyType = v1alpha1.KeyTypeRSA2048 }, "the certificate's key is of another type than keyType says"},
		"another type of a user's key": {func(in *DueInput) { in.KeyType, in.MadeBy = v1alpha1.KeyTypeRSA2048, "" }, ""},
		"time":                         {func(in *DueInput) { in.Renewal = now }, "the certificate is due to be renewed"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			in := sound
			test.change(&in)
			got, renewal := Due(&in)
			if got != test.want || renewal != (name == "time") {
				t.Errorf("it is ordered because %q, as a renewal to be %v, want %q", got, renewal, test.want)
			}
		})
	}
}
