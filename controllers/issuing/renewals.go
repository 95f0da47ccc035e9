// SPDX-License-Identifier: Apache-2.0

package issuing

import (
	"context"
	"crypto/x509"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/acme"
	"github.com/warren-dev/ingress/controllers/orders"
)

const (
	// An authority says how long to wait before asking again when to renew. renewalAskShortest and renewalAskLongest bound
	// that pause.
	renewalAskShortest = time.Minute
	renewalAskLongest  = 24 * time.Hour
	// renewalAskDefault is the pause if the authority asks for none, or does not answer.
	renewalAskDefault = 6 * time.Hour
)

// renewals remembers when the authority wants certificates to be renewed.
type renewals struct {
	authority orders.Authority
	mu        sync.Mutex
	known     map[types.NamespacedName]renewal
}

func newRenewals(authority orders.Authority) *renewals {
	return &renewals{authority: authority, known: map[types.NamespacedName]renewal{}}
}

type renewal struct {
	uid    types.UID
	serial string
	window *acme.Window
	next   time.Time
}

// window finds out when the authority wants a certificate to be renewed, and for how long that answer holds. The window
// is nil if the authority does not say.
func (r *renewals) window(
	ctx context.Context, of *v1alpha1.TLSCertificate, leaf *x509.Certificate, now time.Time,
) (*acme.Window, time.Duration) {
	name, serial := client.ObjectKeyFromObject(of), leaf.SerialNumber.String()
	r.mu.Lock()
	known := r.known[name]
	r.mu.Unlock()
	same := known.uid == of.UID && known.serial == serial
	if same && now.Before(known.next) {
		return known.window, known.next.Sub(now)
	}
	if !same {
		known = renewal{uid: of.UID, serial: serial}
	}
	wait := renewalAskDefault
	if asked, err := r.authority.RenewalInfo(ctx, leaf); err == nil {
		known.window = &asked
		if asked.RetryAfter > 0 {
			wait = min(max(asked.RetryAfter, renewalAskShortest), renewalAskLongest)
		}
	}
	known.next = now.Add(wait)
	r.mu.Lock()
	r.known[name] = known
	r.mu.Unlock()
	return known.window, wait
}

// forget drops what is known of a TLSCertificate that is gone.
func (r *renewals) forget(name types.NamespacedName) {
	r.mu.Lock()
	delete(r.known, name)
	r.mu.Unlock()
}
