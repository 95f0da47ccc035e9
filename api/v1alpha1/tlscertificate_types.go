// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TLSCertificate keeps one certificate in a Secret: ordered and renewed through ACME, or watched where it is the user's.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=tlscertificates,singular=tlscertificate,scope=Namespaced,shortName=wcert,categories=warren
// +kubebuilder:printcolumn:name="Hosts",type=string,JSONPath=".spec.hosts"
// +kubebuilder:printcolumn:name="Secret",type=string,JSONPath=".spec.secretName"
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=".status.conditions[?(@.type=='Ready')].status"
// +kubebuilder:printcolumn:name="Not After",type=string,JSONPath=".status.notAfter"
// +kubebuilder:printcolumn:name="Issuing",type=string,JSONPath=".status.conditions[?(@.type=='Issuing')].reason",priority=1,description="How far the next certificate is"
// +kubebuilder:printcolumn:name="Renewal",type=string,JSONPath=".status.renewalTime",priority=1
// +kubebuilder:printcolumn:name="Issuer",type=string,JSONPath=".status.issuer",priority=1
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=".metadata.creationTimestamp"
type TLSCertificate struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what is wanted.
	// +required
	Spec TLSCertificateSpec `json:"spec"`

	// status is what the controller made of it.
	// +kubebuilder:default={}
	// +optional
	Status TLSCertificateStatus `json:"status,omitzero"`
}

// TLSCertificateList is a list of TLSCertificates.
//
// +kubebuilder:object:root=true
type TLSCertificateList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []TLSCertificate `json:"items"`
}

// TLSCertificateSpec is the certificate that is wanted.
//
// +kubebuilder:validation:XValidation:rule=`!has(self.autoRenew) || !self.autoRenew || !self.hosts.exists(host, host.startsWith('*'))`,message=`a wildcard host cannot be ordered, since HTTP-01 cannot prove it: list exact hosts, or write autoRenew: false and keep the certificate in the Secret yourself`
type TLSCertificateSpec struct {
	// hosts that the certificate covers.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +listType=set
	// +required
	Hosts []CertificateHost `json:"hosts"`

	// secretName of the kubernetes.io/tls Secret that holds it.
	// +required
	SecretName SecretName `json:"secretName"`

	// autoRenew has the certificate ordered and renewed through ACME. false: the Secret is the user's; it is served and
	// its expiry watched.
	// +kubebuilder:default=true
	// +optional
	AutoRenew *bool `json:"autoRenew,omitempty"`

	// email for the certificate authority to write to.
	// +optional
	Email Email `json:"email,omitempty"`

	// profile is the ACME certificate profile to order; the directory of the authority lists those it has.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[-.\w]+$')`,message=`profile must be a name that the certificate authority's directory lists, such as classic or shortlived`
	// +optional
	Profile string `json:"profile,omitempty"`

	// keyType of the certificate's private key. A change takes effect at once, with a new certificate.
	// +kubebuilder:default=ECDSAP256
	// +optional
	KeyType KeyType `json:"keyType,omitempty"`

	// preferredChain is the common name of an issuer. Where the authority offers several chains, the one that has it is
	// taken. Absent: the authority's own choice.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +optional
	PreferredChain string `json:"preferredChain,omitempty"`

	// challengeTypes are the ways in which the hosts may be proven, in the order in which attempts use them: the first
	// attempt uses the first, the attempt after a failed one the next.
	// +kubebuilder:default={HTTP01,TLSALPN01}
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=2
	// +kubebuilder:validation:XValidation:rule=`self.all(a, self.exists_one(b, a == b))`,message=`challengeTypes names each type once: write [HTTP01], [TLSALPN01] or both`
	// +listType=atomic
	// +optional
	ChallengeTypes []ChallengeType `json:"challengeTypes,omitempty"`
}

// KeyType is the kind and size of a private key.
//
// +kubebuilder:validation:Enum=ECDSAP256;RSA2048
type KeyType string

const (
	// KeyTypeECDSAP256 costs the proxy a fraction of what RSA does in each handshake.
	KeyTypeECDSAP256 KeyType = "ECDSAP256"
	// KeyTypeRSA2048 is for clients that know nothing newer.
	KeyTypeRSA2048 KeyType = "RSA2048"
)

// ChallengeType is a way to prove to a certificate authority that a host is served here.
//
// +kubebuilder:validation:Enum=HTTP01;TLSALPN01
type ChallengeType string

const (
	// ChallengeHTTP01 is a plain HTTP request to port 80 of the host (RFC 8555, section 8.3).
	ChallengeHTTP01 ChallengeType = "HTTP01"
	// ChallengeTLSALPN01 is a TLS handshake on port 443 of the host (RFC 8737).
	ChallengeTLSALPN01 ChallengeType = "TLSALPN01"
)

// TLSCertificateStatus is the certificate that is there, and how far the next one is.
type TLSCertificateStatus struct {
	// observedGeneration is the metadata.generation that this status speaks of, -1 before a controller has written it.
	// +kubebuilder:default=-1
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// issuer of the certificate in the Secret, as a distinguished name.
	// +kubebuilder:validation:MaxLength=1024
	// +optional
	Issuer string `json:"issuer,omitempty"`

	// serialNumber of the certificate in the Secret, in hexadecimal.
	// +kubebuilder:validation:MaxLength=128
	// +optional
	SerialNumber string `json:"serialNumber,omitempty"`

	// notBefore is when the certificate in the Secret begins to be valid.
	// +optional
	NotBefore *metav1.Time `json:"notBefore,omitempty"`

	// notAfter is when the certificate in the Secret ceases to be valid.
	// +optional
	NotAfter *metav1.Time `json:"notAfter,omitempty"`

	// renewalTime is when the next certificate is due to be ordered.
	// +optional
	RenewalTime *metav1.Time `json:"renewalTime,omitempty"`

	// failures in a row since the last success or change of the spec.
	// +kubebuilder:validation:Minimum=0
	// +optional
	Failures int32 `json:"failures,omitempty"`

	// lastFailureTime is when the latest of them was.
	// +optional
	LastFailureTime *metav1.Time `json:"lastFailureTime,omitempty"`

	// nextAttemptTime is when the next attempt is made, after a failure, or when an order goes on that the authority has put off.
	// +optional
	NextAttemptTime *metav1.Time `json:"nextAttemptTime,omitempty"`

	// expiryNoticeDays is how many days before notAfter the latest notice of the certificate's expiry was given: 21, 7 or
	// 1. Only with autoRenew: false.
	// +kubebuilder:validation:Minimum=0
	// +optional
	ExpiryNoticeDays int32 `json:"expiryNoticeDays,omitempty"`

	// conditions are Accepted, Ready, Issuing, and Stalled or Reconciling where it is not as it is meant to be.
	// +kubebuilder:validation:MaxItems=8
	// +listType=map
	// +listMapKey=type
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}
