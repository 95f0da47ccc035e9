// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// What holds where a response's policy leaves something out.
const (
	DefaultHSTSMaxAge = 365 * 24 * time.Hour
)

// HSTS has browsers come to the host over HTTPS alone.
type HSTS struct {
	// maxAge is for how long, in whole seconds. 0s has browsers forget it. Absent: 8760h, which is a year.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}(h|m|s))+$`
	// +optional
	MaxAge *metav1.Duration `json:"maxAge,omitempty"`

	// includeSubDomains says the same of all hosts below this one, whoever serves them.
	// +optional
	IncludeSubDomains bool `json:"includeSubDomains,omitempty"`

	// preload lets the lists that browsers come with have the host.
	// +optional
	Preload bool `json:"preload,omitempty"`
}
