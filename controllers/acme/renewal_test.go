// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"crypto/x509"
	"errors"
	"math/big"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTheAuthoritySaysWhenToRenew(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	start := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	a.on("/renewal", func(w http.ResponseWriter, _ message) {
		w.Header().Set("Retry-After", "21600")
		reply(w, http.StatusOK, map[string]any{"suggestedWindow": map[string]any{"start": start, "end": start.Add(48 * time.Hour)}})
	})
	leaf := issued(t, "Root X1", newKey(t))
	got, err := a.client().RenewalInfo(t.Context(), leaf)
	if diff := cmp.Diff(Window{Start: start, End: start.Add(48 * time.Hour), RetryAfter: 6 * time.Hour}, got); diff != "" || err != nil {
		t.Errorf("the window (%v) (-want +got):\n%s", err, diff)
	}
	// The serial number's first bit is set, so that its encoding begins with a zero byte.
	if n := a.fetched["/renewal/AQID.AIdlQyE"]; n != 1 {
		t.Errorf("what was asked for is %v, want /renewal/AQID.AIdlQyE", a.fetched)
	}
}

// The example of RFC 9773, section 4.1.
func TestACertificateIsNamedAsInTheStandard(t *testing.T) {
	t.Parallel()
	leaf := &x509.Certificate{SerialNumber: big.NewInt(0x87654321), AuthorityKeyId: []byte{0x69, 0x88, 0x5b, 0x6b, 0x87, 0x46, 0x40, 0x41,
		0xe1, 0xb3, 0x7b, 0x84, 0x7b, 0xa0, 0xae, 0x2c, 0xde, 0x01, 0xc8, 0xd4}}
	if id, err := CertificateID(leaf); err != nil || id != "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE" {
		t.Errorf("the id is %q (%v), want aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE", id, err)
	}
}

func TestAnAuthorityMayNotSayWhenToRenew(t *testing.T) {
	t.Parallel()
	leaf := issued(t, "Root X1", newKey(t))
	unnamed := *leaf
	unnamed.AuthorityKeyId = nil
	without := newAuthority(t)
	delete(without.directory, "renewalInfo")
	for name, test := range map[string]struct {
		authority *authority
		leaf      *x509.Certificate
	}{"a directory without it": {without, leaf}, "a certificate that names no issuer": {newAuthority(t), &unnamed}} {
		if _, err := test.authority.client().RenewalInfo(t.Context(), test.leaf); !errors.Is(err, ErrNoRenewalInfo) {
			t.Errorf("%s: the error is %v, want that there is no renewal information", name, err)
		}
	}
}

func TestRenewalInformationThatMakesNoSenseIsAnError(t *testing.T) {
	t.Parallel()
	leaf := issued(t, "Root X1", newKey(t))
	at := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	for name, answer := range map[string]func(http.ResponseWriter, message){
		"a window without length": func(w http.ResponseWriter, _ message) {
			reply(w, http.StatusOK, map[string]any{"suggestedWindow": map[string]any{"start": at, "end": at}})
		},
		"a window backwards": func(w http.ResponseWriter, _ message) {
			reply(w, http.StatusOK, map[string]any{"suggestedWindow": map[string]any{"start": at, "end": at.Add(-time.Hour)}})
		},
		"no window": func(w http.ResponseWriter, _ message) { reply(w, http.StatusOK, map[string]any{}) },
		"no JSON":   func(w http.ResponseWriter, _ message) { _, _ = w.Write([]byte("soon")) },
		"not this one": func(w http.ResponseWriter, _ message) {
			problem(w, http.StatusNotFound, "malformed", "no such certificate")
		},
		"too many looks": func(w http.ResponseWriter, _ message) { problem(w, http.StatusTooManyRequests, "rateLimited", "later") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAuthority(t)
			a.on("/renewal", answer)
			_, err := a.client().RenewalInfo(t.Context(), leaf)
			if _, ok := errors.AsType[*Error](err); !ok {
				t.Errorf("the error is %v, want one of the authority's", err)
			}
		})
	}
}
