// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// What applies where an auth leaves a field out.
const (
	DefaultAuthTimeout = 5 * time.Second
	DefaultAuthLeeway  = 30 * time.Second
)

// Auth says who gets in, by what a client proves. Of several that it asks for, a client has to prove all. These types
// have no rules in CEL, as those of what a path has besides one backend: what a pattern cannot say, the controller
// checks, and its condition says it.
//
// +kubebuilder:validation:MinProperties=1
type Auth struct {
	// satisfy All asks for everything: an address that accessControl admits, and all that is below. Any has one of the two
	// suffice: an address that accessControl.allowedIPs lists, or all that is below. Absent: All.
	// +optional
	Satisfy AuthSatisfy `json:"satisfy,omitempty"`

	// basic asks for a user's name and password. It does not go with jwt: a request has one field Authorization.
	// +optional
	Basic *BasicAuth `json:"basic,omitempty"`

	// jwt asks for a token that an issuer has signed.
	// +optional
	JWT *JWTAuth `json:"jwt,omitempty"`

	// external asks a service.
	// +optional
	External *ExternalAuth `json:"external,omitempty"`
}

// AuthSatisfy says whether a client's address may stand for what it would have to prove.
//
// +kubebuilder:validation:Enum=All;Any
type AuthSatisfy string

const (
	// AuthSatisfyAll asks for an address that is admitted and for all else.
	AuthSatisfyAll AuthSatisfy = "All"
	// AuthSatisfyAny has one of the two suffice.
	AuthSatisfyAny AuthSatisfy = "Any"
)

// BasicAuth asks for a user's name and password, by the scheme Basic of HTTP.
type BasicAuth struct {
	// secretName is the Secret of the same namespace with the users: as a file of htpasswd under the key auth, or without
	// that key a user in each key, with the hash of the password as its value. Hashes are of bcrypt, of Apache's MD5 (apr1) or
	// of SHA-1.
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	// +required
	SecretName string `json:"secretName"`

	// realm is what a browser says that the password is for.
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:Pattern=`^[ !#-\[\]-~]*$`
	// +optional
	Realm string `json:"realm,omitempty"`
}

// JWTAuth asks for a JSON Web Token in the field Authorization, by the scheme Bearer. Exactly one of jwksURL and
// secretName says which keys may have signed it.
type JWTAuth struct {
	// issuer is what the token has to have as iss.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:Pattern=`^[!-~]+$`
	// +required
	Issuer string `json:"issuer"`

	// audiences are what the token may be for: its aud has to have one of them. Absent: any. An issuer that signs tokens for
	// others with the same keys makes this needed.
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=256
	// +listType=set
	// +optional
	Audiences []string `json:"audiences,omitempty"`

	// jwksURL has the issuer's keys as a JSON Web Key Set. They are fetched again when they may have changed.
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:Pattern=`^https?://[^\s#/?@]+(/[!"$-~]*)?$`
	// +optional
	JWKSURL string `json:"jwksURL,omitempty"`

	// secretName is the Secret of the same namespace whose key jwks.json has the keys as a JSON Web Key Set.
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	// +optional
	SecretName string `json:"secretName,omitempty"`

	// leeway is by how much clocks may differ where a token begins or ends to be good, at most 5m. Absent: 30s.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}(m|s|ms))+$`
	// +optional
	Leeway *metav1.Duration `json:"leeway,omitempty"`

	// forwardClaims tells the backend what the token says, in header fields. Nobody else can set these.
	// +kubebuilder:validation:MaxItems=16
	// +listType=atomic
	// +optional
	ForwardClaims []ForwardedClaim `json:"forwardClaims,omitempty"`
}

// ForwardedClaim is a claim of a token that the backend is told.
type ForwardedClaim struct {
	// claim is its name in the token, such as sub.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +required
	Claim string `json:"claim"`

	// header is the field that has it.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^[-!#$%&'*+.^_|~0-9A-Za-z\x60]+$`
	// +required
	Header string `json:"header"`
}

// AuthProtocol is how a service is asked whether a request may pass.
//
// +kubebuilder:validation:Enum=HTTP;GRPC
type AuthProtocol string

const (
	// AuthProtocolHTTP asks by a request whose answer counts by its status: 200 to 299 let the client's request pass.
	AuthProtocolHTTP AuthProtocol = "HTTP"
	// AuthProtocolGRPC asks by envoy.service.auth.v3.
	AuthProtocolGRPC AuthProtocol = "GRPC"
)

// AuthHeader is the name of a header field.
//
// +kubebuilder:validation:MaxLength=64
// +kubebuilder:validation:Pattern=`^[-!#$%&'*+.^_|~0-9A-Za-z\x60]+$`
type AuthHeader string

// ExternalAuth asks a service whether a request may pass.
type ExternalAuth struct {
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

	// path that the service is asked for, over HTTP. Absent: /.
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:Pattern=`^/[!"$->@-\[\]-~]*$`
	// +optional
	Path string `json:"path,omitempty"`

	// protocol that the service is asked by. Absent: HTTP.
	// +optional
	Protocol AuthProtocol `json:"protocol,omitempty"`

	// forwardHeaders are the header fields of the client's request that the service gets, "*" for all. Absent: Authorization
	// and Cookie over HTTP, and all over GRPC.
	// +kubebuilder:validation:MaxItems=32
	// +listType=set
	// +optional
	ForwardHeaders []AuthHeader `json:"forwardHeaders,omitempty"`

	// responseHeaders are the header fields of the service's answer that the backend gets. Nobody else can set these.
	// +kubebuilder:validation:MaxItems=32
	// +listType=set
	// +optional
	ResponseHeaders []AuthHeader `json:"responseHeaders,omitempty"`

	// signInURL is where a client is sent that the service answers with 401: a URL, or a path of the same host. What it asked
	// for follows as the parameter rd.
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:Pattern=`^(https?://[^\s#/?@]+([/?][!"$-~]*)?|/([!"$-.0-\[\]-~][!"$-~]*)?)$`
	// +optional
	SignInURL string `json:"signInURL,omitempty"`

	// timeout of the question, at most 1m. A service that has not answered by then lets nobody pass. Absent: 5s.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}(m|s|ms))+$`
	// +optional
	Timeout *metav1.Duration `json:"timeout,omitempty"`

	// cacheKey says by what of a request the service's answer is kept, as a text with variables: $http_cookie, $cookie_session,
	// $http_authorization and the like. It has to hold all that the answer depends on. Absent: none is kept.
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:Pattern=`^[ -~]*$`
	// +optional
	CacheKey string `json:"cacheKey,omitempty"`

	// cacheFor is how long an answer is kept, at most 1h. It goes with cacheKey.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}(h|m|s|ms))+$`
	// +optional
	CacheFor *metav1.Duration `json:"cacheFor,omitempty"`

	// maxBodyBytes is how much of the request's content the service gets, at most 1Mi. A longer content gets 413. Absent:
	// none of it.
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:Pattern=`^[1-9][0-9]{0,6}(Ki|Mi|k|M)?$`
	// +optional
	MaxBodyBytes *resource.Quantity `json:"maxBodyBytes,omitempty"`
}
