// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	stdlog "log"
	"net/mail"
	"os"

	legolog "github.com/go-acme/lego/v4/log"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/warren-dev/ingress/controllers/acme"
	"github.com/warren-dev/ingress/controllers/orders"
)

// letsEncrypt is the directory of Let's Encrypt for certificates that browsers trust.
const letsEncrypt = "https://acme-v02.api.letsencrypt.org/directory"

// acmeFlags is what the command line says of ordering certificates.
type acmeFlags struct {
	orders                              bool
	namespaces                          []string
	directory, email, caFile, eabSecret string
	httpPort, ordersPerDay              int
	accountPerEmail                     bool
}

func (f *acmeFlags) bind(set *flag.FlagSet) {
	set.Var(boolFlag(&f.orders, true), "acme", "order and renew certificates; if false, none is ordered and no Secret written that a certificate would be kept in")
	set.Func("acme-namespaces", "comma-separated `namespaces` whose certificates are ordered, and whose Secrets are written for that (default all)",
		list(&f.namespaces, parseNamespace))
	set.StringVar(&f.directory, "acme-directory", letsEncrypt, "`URL` of the directory of the ACME authority that certificates are ordered from; to order is to agree to its terms of service")
	set.StringVar(&f.email, "acme-email", "", "`address` that the authority may write to")
	set.StringVar(&f.caFile, "acme-ca-file", "", "`file` of PEM certificates that are trusted for the authority's own, instead of the system's")
	set.StringVar(&f.eabSecret, "acme-eab-secret", "", "`name` of a Secret in --namespace with keyID and hmacKey, for an authority that wants new accounts bound to one that it knows")
	set.Var(boolFlag(&f.accountPerEmail, false), "acme-account-per-email", "order a certificate that names an address by an account of its own, with that address as its contact")
	set.Var(intFlag(&f.httpPort, 0, 0, 65535), "acme-http-port", "`port` at which replicas are seen to answer challenges before the authority is asked to look; 0 for that of --http-address")
	set.Var(intFlag(&f.ordersPerDay, 200, 0, unbounded), "acme-orders-per-day", "largest `number` of orders within a day; 0 for no bound")
}

// options reads what the flags name.
func (f *acmeFlags) options() (orders.ACMEOptions, error) {
	o := orders.ACMEOptions{Directory: f.directory, Email: f.email, AccountPerEmail: f.accountPerEmail, ExternalAccount: f.eabSecret, OrdersPerDay: f.ordersPerDay,
		HTTPPort: uint16(f.httpPort)}
	if f.email != "" {
		if _, err := mail.ParseAddress(f.email); err != nil {
			return o, fmt.Errorf("--acme-email is %q: write one address such as admin@example.com", f.email)
		}
	}
	if f.eabSecret != "" && len(validation.IsDNS1123Subdomain(f.eabSecret)) > 0 {
		return o, fmt.Errorf("--acme-eab-secret is %q: write the name of a Secret in the namespace of --namespace", f.eabSecret)
	}
	var roots *x509.CertPool
	if f.caFile != "" {
		content, err := os.ReadFile(f.caFile)
		if err != nil {
			return o, fmt.Errorf("reading --acme-ca-file: %w", err)
		}
		if roots = x509.NewCertPool(); !roots.AppendCertsFromPEM(content) {
			return o, errors.New("--acme-ca-file holds no certificate: write the name of a file with PEM certificates")
		}
	}
	// Lego writes every refused nonce to standard error, in a form of its own.
	legolog.Logger = stdlog.New(io.Discard, "", 0)
	var err error
	if o.Client, err = acme.New(acme.Options{Directory: f.directory, Roots: roots, UserAgent: "warren-ingress/" + version}); err != nil {
		return o, fmt.Errorf("--acme-directory: %w", err)
	}
	return o, nil
}
