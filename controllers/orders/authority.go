// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"context"
	"crypto"
	"crypto/x509"

	"github.com/warren-dev/ingress/controllers/acme"
)

// Authority is a certificate authority that speaks ACME. Each call is one request, or one look at what there is.
type Authority interface {
	Register(ctx context.Context, key crypto.Signer, email string, external *acme.ExternalAccount) (url string, err error)
	FindAccount(ctx context.Context, key crypto.Signer) (url string, closed bool, err error)
	NewOrder(ctx context.Context, account acme.Account, request acme.OrderRequest) (acme.Order, error)
	FindOrder(ctx context.Context, account acme.Account, hosts []string, skip func(url string) bool) (order acme.Order, ok bool, err error)
	Order(ctx context.Context, account acme.Account, url string) (acme.Order, error)
	Authorization(ctx context.Context, account acme.Account, url string) (acme.Authorization, error)
	Accept(ctx context.Context, account acme.Account, challenge acme.Challenge) error
	Finalize(ctx context.Context, account acme.Account, order acme.Order, request []byte) (acme.Order, error)
	Certificate(ctx context.Context, account acme.Account, order acme.Order, preferred string) (chain []byte, err error)
	RenewalInfo(ctx context.Context, leaf *x509.Certificate) (acme.Window, error)
}
