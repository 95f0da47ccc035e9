// SPDX-License-Identifier: Apache-2.0

package sources

import (
	"bytes"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/test/fixture"
)

func TestWhatListsOfRevocationsAreRead(t *testing.T) {
	t.Parallel()
	a := fixture.NewAuthority(t, "a")
	soon, later := time.Now().Add(time.Hour).UTC().Truncate(time.Second), time.Now().Add(2*time.Hour).UTC().Truncate(time.Second)
	one, other := a.Revoke(t, later, 1), a.Revoke(t, soon, 2)
	for name, test := range map[string]struct {
		data    map[string][]byte
		none    bool
		lists   string
		expires time.Time
		fault   string
	}{
		"no key":             {data: map[string][]byte{"ca.crt": a.PEM}, none: true},
		"ours":               {data: map[string][]byte{"crl.pem": one}, lists: string(one), expires: later},
		"ingress-nginx's":    {data: map[string][]byte{"ca.crl": one}, lists: string(one), expires: later},
		"both":               {data: map[string][]byte{"crl.pem": one, "ca.crl": other}, lists: string(one) + string(other), expires: soon},
		"without line break": {data: map[string][]byte{"crl.pem": bytes.TrimSpace(one), "ca.crl": other}, lists: string(one) + string(other), expires: soon},
		"beside others":      {data: map[string][]byte{"crl.pem": append(bytes.Clone(a.PEM), one...)}, lists: string(one), expires: later},
		"an empty key":       {data: map[string][]byte{"crl.pem": nil}, fault: "there is no list of revocations: put one there as PEM, which begins with BEGIN X509 CRL"},
		"one that was cut":   {data: map[string][]byte{"crl.pem": append(bytes.Clone(one), other[:len(other)/2]...)}, fault: "a list of revocations is damaged or cut short: put it there anew"},
		"too long": {data: map[string][]byte{"crl.pem": bytes.Repeat([]byte(" "), revocationLimit+1)},
			fault: "the lists of revocations are more than 512 KiB, which is the most that is read: take out the certificates that have expired"},
	} {
		kept := keepAuthoritySecret(&corev1.Secret{Data: test.data})
		got := parseRevocations(revocationsIn(kept.Data))
		if test.none {
			if got != nil {
				t.Errorf("%s: got %+v, want nothing", name, got)
			}
			continue
		}
		if got == nil || got.Lists != test.lists || got.Fault != test.fault || !got.Expires.Equal(test.expires) {
			t.Errorf("%s: got %+v, want %q, %q, %v", name, got, test.lists, test.fault, test.expires)
		}
	}
}

func TestTheEndOfAListOfRevocationsIsAwaited(t *testing.T) {
	t.Parallel()
	now := time.Now()
	in := &translate.Input{Now: now, Authorities: []*translate.Authority{
		{}, {Revocations: &translate.Revocations{Expires: now.Add(time.Minute)}}, {Revocations: &translate.Revocations{Expires: now.Add(-time.Minute)}}, {Revocations: &translate.Revocations{}},
	}}
	if got := UntilValidityChanges(in, time.Hour); got != time.Minute {
		t.Errorf("got %v, want a minute", got)
	}
}
