// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// ClientCertificate is what the clients of an Ingress's hosts have to show when they connect. It holds for every path of
// these hosts, those of other Ingresses too.
//
// +kubebuilder:validation:XValidation:rule=`has(self.caSecretName) != has(self.caConfigMapName)`,message=`clientCertificate needs the authorities that certificates of clients may come from: write caSecretName or caConfigMapName, and not both`
// +kubebuilder:validation:XValidation:rule=`!has(self.headers) || has(self.forward) && self.forward`,message=`headers says how a certificate is forwarded: write forward: true with it, or leave it out`
type ClientCertificate struct {
	// caSecretName is the Secret of the Ingress's namespace whose key ca.crt has the certificates of the authorities, as PEM,
	// that the certificates of clients may come from. It may be of any type. If its key crl.pem or ca.crl has lists of
	// revocations, as PEM, no certificate passes that they have, or whose issuer has no list there.
	// +optional
	CASecretName SecretName `json:"caSecretName,omitempty"`

	// caConfigMapName is a ConfigMap in place of a Secret.
	// +optional
	CAConfigMapName ConfigMapName `json:"caConfigMapName,omitempty"`

	// crlSecretName is a Secret that has the lists of revocations, under the same keys, in place of the object that has the
	// authorities.
	// +optional
	CRLSecretName SecretName `json:"crlSecretName,omitempty"`

	// mode is Require, which lets in nobody without a certificate, or Optional, which does. A certificate that does not pass
	// is refused either way. Absent: Require.
	// +optional
	Mode ClientCertificateMode `json:"mode,omitempty"`

	// depth is how many certificates may stand between the client's and the authority's. Absent: 1.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=10
	// +optional
	Depth *int32 `json:"depth,omitempty"`

	// subjects are the distinguished names that may come in, each as openssl x509 -subject -nameopt RFC2253 prints it, such as
	// CN=robot,O=Example. Absent: all.
	// +kubebuilder:validation:MaxItems=64
	// +listType=set
	// +optional
	Subjects []ClientSubject `json:"subjects,omitempty"`

	// sans are the subject alternative names that may come in: DNS names, which may begin with "*." for one label, URIs, mail
	// addresses and IP addresses. A certificate needs one of them. With subjects, it needs both. Absent: all.
	// +kubebuilder:validation:MaxItems=64
	// +listType=set
	// +optional
	SANs []ClientAltName `json:"sans,omitempty"`

	// forward tells backends of the certificate, in header fields. What clients send in fields of these names is taken off,
	// whether this is set or not.
	// +optional
	Forward bool `json:"forward,omitempty"`

	// headers says in which fields: RFC9440, Client-Cert and Client-Cert-Chain; Nginx, ssl-client-verify,
	// ssl-client-subject-dn, ssl-client-issuer-dn and ssl-client-cert; or Envoy, X-Forwarded-Client-Cert. Absent: RFC9440.
	// +optional
	Headers ClientCertificateHeaders `json:"headers,omitempty"`
}

// ClientCertificateMode says whether a client has to have a certificate.
//
// +kubebuilder:validation:Enum=Require;Optional
type ClientCertificateMode string

const (
	// ClientCertificateRequire lets in nobody without a certificate.
	ClientCertificateRequire ClientCertificateMode = "Require"
	// ClientCertificateOptional lets in clients without one too.
	ClientCertificateOptional ClientCertificateMode = "Optional"
)

// ClientCertificateHeaders says in which fields backends are told of a certificate.
//
// +kubebuilder:validation:Enum=RFC9440;Nginx;Envoy
type ClientCertificateHeaders string

const (
	// ClientCertificateHeadersRFC9440 is Client-Cert and Client-Cert-Chain.
	ClientCertificateHeadersRFC9440 ClientCertificateHeaders = "RFC9440"
	// ClientCertificateHeadersNginx is the fields of ingress-nginx.
	ClientCertificateHeadersNginx ClientCertificateHeaders = "Nginx"
	// ClientCertificateHeadersEnvoy is X-Forwarded-Client-Cert.
	ClientCertificateHeadersEnvoy ClientCertificateHeaders = "Envoy"
)

// ClientSubject is the distinguished name of a client.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=512
// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[A-Za-z0-9.]+=')`,message=`a subject is a distinguished name: write it as openssl x509 -noout -subject -nameopt RFC2253 prints it, such as CN=robot,O=Example`
// +kubebuilder:validation:XValidation:rule=`!self.matches(r'[^\\][,+] ')`,message=`a subject has no spaces between its parts: write it as openssl x509 -noout -subject -nameopt RFC2253 prints it, such as CN=robot,O=Example`
type ClientSubject string

// ClientAltName is a subject alternative name of a client.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=512
// +kubebuilder:validation:XValidation:rule=`self.matches(r'^([*][.])?[!-)+-~]+$')`,message=`a subject alternative name is printable ASCII, with a star as its first label at most: write robot.example.com, *.clients.example.com, spiffe://example.com/robot, robot@example.com or 192.0.2.1`
type ClientAltName string
