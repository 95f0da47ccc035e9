// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"k8s.io/apimachinery/pkg/types"
)

// ServiceTLS is what others than the author of a rule say of TLS with a Service: the author of a policy for the
// Service, and that of a Gateway. It is immutable.
type ServiceTLS struct {
	// Ports has the policies for single ports, by the ports' names. All is for the others, nil for none.
	Ports map[string]*TLSPolicy
	All   *TLSPolicy
	// ClientCertificate is the Secret with the certificate that is shown to endpoints that ask for one. It has no name for
	// none.
	ClientCertificate types.NamespacedName
}

// TLSPolicy has a port of a Service spoken to over TLS, and says what its endpoints have to prove. It is immutable.
type TLSPolicy struct {
	// Name is the policy's. It is in the Service's namespace.
	Name string
	// ServerName is the name that is asked for, and that a certificate is for unless there are AltNames.
	ServerName string
	// AltNames are as in [snapshot.UpstreamTLS].
	AltNames string
	// Authorities are those that a certificate may come from. If none of them can be read, no endpoint is spoken to. Empty
	// is for those that the system trusts.
	Authorities []AuthorityName
	// Fault says why no endpoint can be spoken to. Empty for none.
	Fault string
}
