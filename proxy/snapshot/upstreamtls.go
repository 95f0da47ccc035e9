// SPDX-License-Identifier: Apache-2.0

package snapshot

// UpstreamTLS says how a pool's endpoints are spoken to over TLS, and what they have to prove. Its zero value is no
// TLS.
type UpstreamTLS struct {
	// ServerName is the name or IP address that an endpoint's certificate has to be for. A name is sent along, so that the
	// endpoint can choose a certificate. It is empty only where there is no TLS.
	ServerName string
	// Authorities are the certificates, as PEM, to one of which an endpoint's has to lead. Empty: those that the system
	// trusts.
	Authorities string
	// SkipVerify takes every certificate.
	SkipVerify bool
}
