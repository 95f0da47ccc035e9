// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// ServiceName is what Tasks and Ingress backends meet under. It is a DNS label because a Kubernetes Service of the same
// name joins in.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=63
// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')`,message=`serviceName must be one DNS label of lower-case letters, digits and hyphens, such as api-v1`
type ServiceName string

// SecretName is the name of a Secret in the namespace of the object that names it.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=253
// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')`,message=`secretName must be the name of a Secret, in lower-case letters, digits, hyphens and dots, such as api-tls`
type SecretName string

// ConfigMapName is the name of a ConfigMap in the namespace of the object that names it.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=253
// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')`,message=`it must be the name of a ConfigMap, in lower-case letters, digits, hyphens and dots, such as api-ca`
type ConfigMapName string

// Port is a TCP port, 1 to 65535.
//
// +kubebuilder:validation:XValidation:rule=`self >= 1 && self <= 65535`,message=`a port must be a number from 1 to 65535`
type Port int32

// CertificateHost is a name that a certificate covers: a DNS name, or "*." before one.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=253
// +kubebuilder:validation:XValidation:rule=`self == self.lowerAscii()`,message=`host must be in lower case`,messageExpression=`'host must be in lower case: write ' + self.lowerAscii()`
// +kubebuilder:validation:XValidation:rule=`!isIP(self) && !self.startsWith('[')`,message=`host must be a DNS name, not an address`
// +kubebuilder:validation:XValidation:rule=`isIP(self) || self.startsWith('[') || !(self.contains(':') || self.contains('/'))`,message=`host is a name alone, without scheme, port or path: write api.example.com, not https://api.example.com:443/`
// +kubebuilder:validation:XValidation:rule=`self.contains(':') || self.contains('/') || self.startsWith('[') || self.lowerAscii().matches(r'^([*][.])?[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?([.][a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$')`,message=`host must be a DNS name such as api.example.com, or *.example.com for exactly one label`
type CertificateHost string

// Email is the address that a certificate authority may write to.
//
// +kubebuilder:validation:MinLength=3
// +kubebuilder:validation:MaxLength=254
// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[^@\s:,<>]+@[^@\s:,<>.]+([.][^@\s:,<>.]+)+$')`,message=`email must be one address such as admin@example.com, without a name or mailto:`
type Email string
