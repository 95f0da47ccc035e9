// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// What holds where a response's policy leaves something out.
const (
	DefaultHSTSMaxAge       = 365 * 24 * time.Hour
	DefaultCompressionBytes = 1 << 10
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

// LocationRewrite changes the URLs in Location and Refresh of the backend's responses.
type LocationRewrite struct {
	// prefixes are what URLs begin with, and what stands in place of that. The first that a URL begins with counts.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +listType=atomic
	// +required
	Prefixes []URLPrefix `json:"prefixes"`
}

// URLPrefix is what another prefix of a URL is replaced by.
type URLPrefix struct {
	// from is how a URL begins, as the backend writes it, such as http://shop.internal:8080/.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:Pattern=`^[!-~]+$`
	// +required
	From string `json:"from"`

	// to stands in place of that, such as / or https://shop.example.com/.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:Pattern=`^[!-~]+$`
	// +required
	To string `json:"to"`
}

// CookieRewrite changes attributes of the cookies that the backend sets.
//
// +kubebuilder:validation:MinProperties=1
type CookieRewrite struct {
	// domains are values of the attribute Domain, and what stands in place of them.
	// +kubebuilder:validation:MaxItems=16
	// +listType=atomic
	// +optional
	Domains []CookieDomain `json:"domains,omitempty"`

	// paths are what the attribute Path begins with, and what stands in place of that. The first that it begins with counts.
	// +kubebuilder:validation:MaxItems=16
	// +listType=atomic
	// +optional
	Paths []CookiePath `json:"paths,omitempty"`
}

// CookieDomain is what another domain of cookies is replaced by.
type CookieDomain struct {
	// from is the domain that the backend writes, in any case and with or without a dot before it.
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[-.0-9A-Za-z]+$`
	// +required
	From string `json:"from"`

	// to stands in place of it.
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[-.0-9A-Za-z]+$`
	// +required
	To string `json:"to"`
}

// CookiePath is what another prefix of the path of cookies is replaced by.
type CookiePath struct {
	// from is how the path begins.
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:Pattern=`^/[!-:<-~]*$`
	// +required
	From string `json:"from"`

	// to stands in place of that.
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:Pattern=`^/[!-:<-~]*$`
	// +required
	To string `json:"to"`
}

// Compression sends responses as gzip, br or zstd, by what the client accepts.
type Compression struct {
	// types are the media types of what is compressed, without parameters. A subtype may be *. Absent: text, and data that is
	// written as text.
	// +kubebuilder:validation:MaxItems=64
	// +listType=set
	// +optional
	Types []MediaType `json:"types,omitempty"`

	// minBytes is how long a response has to be, if it says its length. Absent: 1Ki.
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:Pattern=`^[0-9]{1,7}(Ki|Mi|k|M)?$`
	// +optional
	MinBytes *resource.Quantity `json:"minBytes,omitempty"`
}

// MediaType is a media type in lower case, such as application/json or text/*.
//
// +kubebuilder:validation:MaxLength=128
// +kubebuilder:validation:Pattern=`^[a-z0-9][-a-z0-9.+_]*/([*]|[a-z0-9][-a-z0-9.+_]*)$`
type MediaType string
