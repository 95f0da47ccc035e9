// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// What a path of an Ingress may have besides one backend. These types have no rules in CEL but for has: below a list of
// a list of paths each would count so often that the API server refuses the schema. What a pattern cannot say, the
// controller checks, and its condition says it.

// Method is the method of a request. Case matters.
//
// +kubebuilder:validation:MaxLength=32
// +kubebuilder:validation:Pattern=`^[A-Z][-_A-Z]*$`
type Method string

// Match is what a request has to have besides its method and its path: everything that is listed.
//
// +kubebuilder:validation:MinProperties=1
type Match struct {
	// headers are header fields of the request. If a field occurs several times, its values count as one, with a comma and a
	// space between them.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +listType=atomic
	// +optional
	Headers []HeaderMatch `json:"headers,omitempty"`

	// query has parameters of the query, decoded. If a parameter occurs several times, the first counts.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +listType=atomic
	// +optional
	Query []QueryMatch `json:"query,omitempty"`
}

// ValueMatchType says how a value is compared.
//
// +kubebuilder:validation:Enum=Exact;RegularExpression
type ValueMatchType string

const (
	// ValueMatchExact compares the whole value.
	ValueMatchExact ValueMatchType = "Exact"
	// ValueMatchRegularExpression takes the value for an expression (RE2) that has to match the whole value.
	ValueMatchRegularExpression ValueMatchType = "RegularExpression"
)

// HeaderMatch asks for a header field with a certain value.
type HeaderMatch struct {
	// name of the field, in any case.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^[-!#$%&'*+.^_|~0-9A-Za-z\x60]+$`
	// +required
	Name string `json:"name"`

	// value that the field has to have.
	// +kubebuilder:validation:MaxLength=1024
	// +required
	Value string `json:"value"`

	// type says how the value is compared. Absent: Exact.
	// +optional
	Type ValueMatchType `json:"type,omitempty"`
}

// QueryMatch asks for a parameter of the query with a certain value.
type QueryMatch struct {
	// name of the parameter. Case matters.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +required
	Name string `json:"name"`

	// value that the parameter has to have.
	// +kubebuilder:validation:MaxLength=1024
	// +required
	Value string `json:"value"`

	// type says how the value is compared. Absent: Exact.
	// +optional
	Type ValueMatchType `json:"type,omitempty"`
}

// WeightedBackend is a service that takes a share of the requests.
type WeightedBackend struct {
	// serviceName of the Tasks, or the name of the Service.
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	// +required
	ServiceName string `json:"serviceName"`

	// port of the service.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	// +required
	Port int32 `json:"port"`

	// weight is the share of the requests, relative to the other weights. 0: none. Absent: 1.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000000
	// +optional
	Weight *int32 `json:"weight,omitempty"`

	// protocol that the backend speaks. Absent: as in backend.
	// +optional
	Protocol Protocol `json:"protocol,omitempty"`

	// tls says what a backend that speaks HTTPS has to prove. Absent: as in backend.
	// +optional
	TLS *WeightedBackendTLS `json:"tls,omitempty"`

	// headers changes header fields of the requests that this backend gets, and of its responses.
	// +optional
	Headers *WeightedBackendHeaders `json:"headers,omitempty"`
}

// WeightedBackendTLS has the fields of backend.tls.
type WeightedBackendTLS struct {
	// caSecretName is the Secret whose ca.crt has the authorities.
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	// +optional
	CASecretName string `json:"caSecretName,omitempty"`

	// caConfigMapName is a ConfigMap in place of a Secret.
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	// +optional
	CAConfigMapName string `json:"caConfigMapName,omitempty"`

	// serverName is what the backend's certificate has to be for: a DNS name or an IP address.
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[0-9a-z:.]([-a-z0-9:.]*[0-9a-z:])?$`
	// +optional
	ServerName string `json:"serverName,omitempty"`

	// serverNameFromRequest puts the host that each request is for in the place of serverName.
	// +optional
	ServerNameFromRequest bool `json:"serverNameFromRequest,omitempty"`

	// insecureSkipVerify takes every certificate.
	// +optional
	InsecureSkipVerify bool `json:"insecureSkipVerify,omitempty"`

	// allowObsolete also allows TLS 1.0 and 1.1, and old cipher suites.
	// +optional
	AllowObsolete bool `json:"allowObsolete,omitempty"`
}

// WeightedBackendHeaders has the fields of headers.
//
// +kubebuilder:validation:MinProperties=1
type WeightedBackendHeaders struct {
	// add gives the request a field where it has none of that name.
	// +kubebuilder:validation:MaxProperties=16
	// +optional
	Add map[string]HeaderValue `json:"add,omitempty"`

	// set gives the request a field, in place of any it has of that name.
	// +kubebuilder:validation:MaxProperties=16
	// +optional
	Set map[string]HeaderValue `json:"set,omitempty"`

	// remove takes fields from the request and from the response.
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=64
	// +listType=atomic
	// +optional
	Remove []string `json:"remove,omitempty"`

	// response changes the response alone.
	// +optional
	Response *WeightedBackendResponseHeaders `json:"response,omitempty"`
}

// WeightedBackendResponseHeaders has the fields of headers.response.
//
// +kubebuilder:validation:MinProperties=1
type WeightedBackendResponseHeaders struct {
	// add gives the response a field where it has none of that name.
	// +kubebuilder:validation:MaxProperties=16
	// +optional
	Add map[string]HeaderValue `json:"add,omitempty"`

	// set gives the response a field, in place of any it has of that name.
	// +kubebuilder:validation:MaxProperties=16
	// +optional
	Set map[string]HeaderValue `json:"set,omitempty"`

	// remove takes fields from the response.
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=64
	// +listType=atomic
	// +optional
	Remove []string `json:"remove,omitempty"`
}

// Redirect sends clients to another URL. What is absent stays as in the request, and so does the query.
//
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:XValidation:rule=`!has(self.path) || !has(self.replacePrefix)`,message=`write path or replacePrefix, not both`
type Redirect struct {
	// scheme of the URL.
	// +kubebuilder:validation:Enum=http;https
	// +optional
	Scheme string `json:"scheme,omitempty"`

	// host of the URL, without a port.
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	// +optional
	Host string `json:"host,omitempty"`

	// port of the URL. Absent: the usual one of scheme, or the client's where scheme is absent too.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	// +optional
	Port int32 `json:"port,omitempty"`

	// path stands in place of the whole path.
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:Pattern=`^/[!"$->@-\[\]-~]*$`
	// +optional
	Path string `json:"path,omitempty"`

	// replacePrefix stands in place of what the rule's path is the prefix of; pathType has to be Prefix.
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:Pattern=`^/[!"$->@-\[\]-~]*$`
	// +optional
	ReplacePrefix string `json:"replacePrefix,omitempty"`

	// statusCode of the answer. Absent: 302.
	// +kubebuilder:validation:Enum=301;302;303;307;308
	// +optional
	StatusCode int32 `json:"statusCode,omitempty"`
}

// FixedResponse is what is answered in place of a backend.
type FixedResponse struct {
	// statusCode of the answer.
	// +kubebuilder:validation:Minimum=200
	// +kubebuilder:validation:Maximum=599
	// +required
	StatusCode int32 `json:"statusCode"`

	// contentType is the media type of body. Absent: text/plain; charset=utf-8.
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:Pattern=`^[!-~]+/[!-~]+( *;[ !-~]+)?$`
	// +optional
	ContentType string `json:"contentType,omitempty"`

	// body is the content, at most 16 KiB.
	// +kubebuilder:validation:MaxLength=16384
	// +optional
	Body string `json:"body,omitempty"`
}

// Substitution replaces the first part of a path that an expression matches.
type Substitution struct {
	// pattern is an expression (RE2). Case matters. It matches anywhere, unless ^ and $ say otherwise.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +required
	Pattern string `json:"pattern"`

	// substitution stands in place of what pattern matches. $1 and ${name} stand for what a group has matched.
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:Pattern=`^[!"$->@-\[\]-~]*$`
	// +required
	Substitution string `json:"substitution"`
}

// Mirror is a service that gets copies of requests. What it answers is dropped.
type Mirror struct {
	// serviceName of the Tasks, or the name of the Service.
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	// +required
	ServiceName string `json:"serviceName"`

	// port of the service.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	// +required
	Port int32 `json:"port"`

	// percent of the requests that are copied. Absent: 100.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	// +optional
	Percent int32 `json:"percent,omitempty"`
}

// ErrorPage is a service with a page for responses with certain statuses, whether they are a task's or the proxy's own.
// The client gets the page in their place, and their status.
type ErrorPage struct {
	// statusCodes of the responses. No other of the error pages may have one of them.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:Minimum=400
	// +kubebuilder:validation:items:Maximum=599
	// +listType=set
	// +required
	StatusCodes []int32 `json:"statusCodes"`

	// serviceName of the Tasks, or the name of the Service.
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	// +required
	ServiceName string `json:"serviceName"`

	// port of the service.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	// +required
	Port int32 `json:"port"`

	// path that the service is asked for. {status} stands for the status. Absent: /.
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:Pattern=`^/[!"$->@-\[\]-~]*$`
	// +optional
	Path string `json:"path,omitempty"`

	// protocol that the service speaks. Absent: as in backend.
	// +optional
	Protocol Protocol `json:"protocol,omitempty"`

	// tls says what a service that speaks HTTPS has to prove. Absent: as in backend.
	// +optional
	TLS *WeightedBackendTLS `json:"tls,omitempty"`
}

// SessionPersistence keeps the requests of a client with one task, and so with one of several backends.
type SessionPersistence struct {
	// cookieName is the name of the cookie that tells the client's session.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^[-!#$%&'*+.^_|~0-9A-Za-z\x60]+$`
	// +required
	CookieName string `json:"cookieName"`

	// absoluteTimeout is how long a session lasts. Absent: until the client forgets the cookie.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}(h|m|s))+$`
	// +optional
	AbsoluteTimeout *metav1.Duration `json:"absoluteTimeout,omitempty"`
}

// CORSOrigin is an origin, such as https://a.example.com. A host may begin with "*", which stands for any number of
// labels, or be "*". "*" alone stands for every origin.
//
// +kubebuilder:validation:MaxLength=253
// +kubebuilder:validation:Pattern=`^([*]|https?://([*]|([*][.])?[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*)(:[1-9][0-9]{0,4})?)$`
type CORSOrigin string

// CORSMethod is a method, or "*" for all.
//
// +kubebuilder:validation:MaxLength=32
// +kubebuilder:validation:Pattern=`^([*]|[A-Z][-_A-Z]*)$`
type CORSMethod string

// CORSHeader is the name of a header field, or "*" for all.
//
// +kubebuilder:validation:MaxLength=64
// +kubebuilder:validation:Pattern=`^[-!#$%&'*+.^_|~0-9A-Za-z\x60]+$`
type CORSHeader string

// CORS says which pages of other origins may read the answers.
type CORS struct {
	// allowOrigins are the origins whose pages may.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +listType=set
	// +required
	AllowOrigins []CORSOrigin `json:"allowOrigins"`

	// allowMethods are the methods that such pages may use besides GET, HEAD and POST.
	// +kubebuilder:validation:MaxItems=16
	// +listType=set
	// +optional
	AllowMethods []CORSMethod `json:"allowMethods,omitempty"`

	// allowHeaders are the header fields that such pages may send besides those that every page may.
	// +kubebuilder:validation:MaxItems=64
	// +listType=set
	// +optional
	AllowHeaders []CORSHeader `json:"allowHeaders,omitempty"`

	// exposeHeaders are the header fields of responses that such pages may read besides those that every page may.
	// +kubebuilder:validation:MaxItems=64
	// +listType=set
	// +optional
	ExposeHeaders []CORSHeader `json:"exposeHeaders,omitempty"`

	// allowCredentials has browsers send cookies, and lets pages read what comes back.
	// +optional
	AllowCredentials bool `json:"allowCredentials,omitempty"`

	// maxAge is how long a browser may remember what it was told, in whole seconds. Absent: 5s.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}(h|m|s))+$`
	// +optional
	MaxAge *metav1.Duration `json:"maxAge,omitempty"`
}
