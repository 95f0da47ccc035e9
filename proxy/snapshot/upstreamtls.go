// SPDX-License-Identifier: Apache-2.0

package snapshot

// UpstreamTLS says how a pool's endpoints are spoken to over TLS, and what they have to prove. The zero value is no
// TLS.
type UpstreamTLS struct {
	// ServerName is the name or IP address that an endpoint's certificate has to be for. A name is also sent, so that the
	// endpoint can choose a certificate. It is empty only if there is no TLS.
	ServerName string
	// ServerNameFromRequest puts the host of each request in the place of ServerName. ServerName stays for the requests
	// whose host can be none.
	ServerNameFromRequest bool
	// Authorities are certificates in PEM. An endpoint's certificate has to lead to one of them. Empty means those that
	// the system trusts.
	Authorities string
	// SkipVerify is set if every certificate is taken.
	SkipVerify bool
	// AltNames are the names of which a certificate has to be for one, in place of ServerName, which then is only asked
	// for. There is a space between two of them. One with a colon is a URI, and others are DNS names. Empty for none.
	AltNames string
	// ClientChain and ClientKey are the certificate that is shown to endpoints that ask for one, as PEM. Empty for none.
	ClientChain, ClientKey string
	// Obsolete allows TLS 1.0 and 1.1, and cipher suites that are no longer thought secure.
	Obsolete bool
}
