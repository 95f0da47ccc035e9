// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"k8s.io/apimachinery/pkg/types"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/controllers/translate"
)

// backendCertificate is the certificate that a Gateway's author has backends shown.
type backendCertificate struct {
	// asked is set if there is to be one.
	asked bool
	// secret has it. It has no name if the Gateway may not refer to it.
	secret types.NamespacedName
	// unresolved is why the Gateway may not.
	unresolved finding
}

func readBackendCertificate(of *gatewayv1.Gateway, grants grants) (c backendCertificate) {
	if of.Spec.TLS == nil || of.Spec.TLS.Backend == nil || of.Spec.TLS.Backend.ClientCertificateRef == nil {
		return c
	}
	c.asked = true
	ref := of.Spec.TLS.Backend.ClientCertificateRef
	at := types.NamespacedName{Namespace: string(or(ref.Namespace, gatewayv1.Namespace(of.Namespace))), Name: string(ref.Name)}
	switch {
	case !isSecret(ref):
		c.unresolved = finding{string(gatewayv1.GatewayReasonInvalidClientCertificateRef), "tls.backend.clientCertificateRef is a " +
			rules.Clip(string(or(ref.Kind, "Secret"))) + ", and certificates are in Secrets of the core group: write the name of one"}
	case !grants.permit(reference{GatewayKind, of.Namespace, "", "Secret", at.Namespace, at.Name}):
		c.unresolved = finding{string(gatewayv1.GatewayReasonRefNotPermitted), "Secret " + rules.Clip(at.String()) +
			" is in another namespace, and no ReferenceGrant there lets Gateways of this one refer to it: make one"}
	default:
		c.secret = at
	}
	return c
}

// fault returns why backends are shown no certificate. Its reason is empty if they are.
func (c *backendCertificate) fault(secrets map[types.NamespacedName]*translate.Secret) finding {
	if c.unresolved.reason != "" {
		return c.unresolved
	}
	if text := secretFault(c.secret, secrets[c.secret]); text != "" {
		return finding{string(gatewayv1.GatewayReasonInvalidClientCertificateRef), text}
	}
	return finding{}
}

// secretFault says why the certificate of a Secret is not to be had, empty for nothing.
func secretFault(at types.NamespacedName, s *translate.Secret) string {
	switch {
	case s == nil || s.Gone:
		return "there is no Secret " + rules.Clip(at.String()) + ": make it, with kubectl create secret tls for instance"
	case s.Fault != "":
		return "Secret " + rules.Clip(at.String()) + " cannot be served: " + s.Fault
	}
	return ""
}
