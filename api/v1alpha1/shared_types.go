// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// ServiceName is what Tasks and Ingress backends meet under. It is a DNS label because a Kubernetes Service of the same
// name joins in.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=63
type ServiceName string

// SecretName is the name of a Secret in the namespace of the object that names it.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=253
type SecretName string

// Port is a TCP port, 1 to 65535.
//
// +kubebuilder:validation:Minimum=1
// +kubebuilder:validation:Maximum=65535
type Port int32

// CertificateHost is a name that a certificate covers: a DNS name, or "*." before one.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=253
type CertificateHost string

// Email is the address that a certificate authority may write to.
//
// +kubebuilder:validation:MinLength=3
// +kubebuilder:validation:MaxLength=254
type Email string
