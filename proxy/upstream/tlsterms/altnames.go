// SPDX-License-Identifier: Apache-2.0

package tlsterms

import (
	"crypto/tls"
	"crypto/x509"
	"net/url"
	"slices"
	"strings"
)

// verifyAltNames has a certificate be for one of some names, and not for the server name. It is verified in all else as
// crypto/tls would, with each connection, also if that resumes a session.
func verifyAltNames(config *tls.Config, names []string) {
	config.InsecureSkipVerify = true // VerifyConnection verifies
	config.VerifyConnection = func(state tls.ConnectionState) error {
		leaf := state.PeerCertificates[0] // TLS has no server without one
		options := x509.VerifyOptions{Roots: config.RootCAs, Intermediates: x509.NewCertPool()}
		for _, other := range state.PeerCertificates[1:] {
			options.Intermediates.AddCert(other)
		}
		_, err := leaf.Verify(options)
		if err == nil && !slices.ContainsFunc(names, func(name string) bool { return isFor(leaf, name) }) {
			err = x509.HostnameError{Certificate: leaf, Host: strings.Join(names, " ")}
		}
		if err != nil {
			return &tls.CertificateVerificationError{UnverifiedCertificates: state.PeerCertificates, Err: err}
		}
		return nil
	}
}

// isFor returns whether a certificate is for a name: a URI if it has a colon, which a DNS name never has.
func isFor(leaf *x509.Certificate, name string) bool {
	if strings.Contains(name, ":") {
		return slices.ContainsFunc(leaf.URIs, func(u *url.URL) bool { return u.String() == name })
	}
	return leaf.VerifyHostname(name) == nil
}
