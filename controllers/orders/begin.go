// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"time"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/certificates"
	"github.com/warren-dev/ingress/controllers/ledger"
)

// begin decides upon an attempt, after the one before has been cleaned up. It writes the key and the answers of the
// trial before anything else happens.
func (j *Job) begin(ctx context.Context) (time.Duration, error) {
	if err := j.settle(ctx); err != nil {
		return 0, err
	}
	chosen, err := j.solvers.asked(challengeTypeOf(&j.certificate.Spec, j.State().Failures))
	if err != nil {
		return 0, err
	}
	a := &attempt{ID: newToken(), Began: j.Now(), Hosts: certificates.HostsOf(&j.certificate.Spec), Email: j.contact(&j.certificate.Spec),
		Method: chosen.method, PresentedAt: j.Now(), Renewal: j.renewal}
	if a.Lifetime, err = j.Ledger.Lifetime(ctx, ledger.NamesAt(j.Directory, a.Hosts)); err != nil {
		return 0, err
	}
	if begun, err := j.takeOver(ctx, a); begun || err != nil {
		return AtOnce, err
	}
	key, err := newPrivateKey(certificates.KeyTypeWanted(&j.certificate.Spec))
	if err != nil {
		return 0, err
	}
	if by, ok := chosen.by.(trialSolver); ok {
		a.Presented = by.trial(a.Hosts)
	}
	j.State().Attempt = a
	return AtOnce, j.Orders.write(ctx, j.working, key)
}

// contact returns the address whose account orders a certificate. There is one account, unless the operator allows one
// for each address.
func (i *Issuance) contact(spec *v1alpha1.TLSCertificateSpec) string {
	if i.accountPerEmail && spec.Email != "" {
		return string(spec.Email)
	}
	return i.email
}

// Ignores returns what to say of the parts of a spec that have no effect, or nothing.
func (i *Issuance) Ignores(spec *v1alpha1.TLSCertificateSpec) string {
	if spec.Email == "" || string(spec.Email) == i.email || i.accountPerEmail {
		return ""
	}
	return "email has no effect, since one account orders all certificates: leave it out, or have the controller run with --acme-account-per-email"
}

// newToken returns a name that nobody can guess, of 128 bits as RFC 8555, section 8.1, asks for.
func newToken() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // It never fails: the process ends instead.
	return base64.RawURLEncoding.EncodeToString(b)
}
