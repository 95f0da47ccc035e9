// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// What applies where an Ingress leaves a field, or the whole object around it, out. The schema fills in nothing below
// rules: kubectl, Argo CD and others replace a list as a whole, so that an item that the API server adds a field to is
// never again the one that was applied.
const (
	DefaultIngressClassName = "warren"
	DefaultRequestTimeout   = time.Duration(0)
	DefaultConnectTimeout   = 5 * time.Second
	DefaultIdleTimeout      = time.Minute
	DefaultResponseTimeout  = time.Duration(0)
	DefaultRetryAttempts    = int32(1)
	DefaultRetryBackoff     = 25 * time.Millisecond
	DefaultMaxPending       = int32(100)
	DefaultCORSMaxAge       = 5 * time.Second
)

// Ingress routes HTTP requests by host and path to services.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=ingresses,singular=ingress,scope=Namespaced,shortName=wing;wingress,categories=warren
// +kubebuilder:printcolumn:name="Hosts",type=string,JSONPath=".status.hosts",description="The first host, and how many others there are"
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=".status.conditions[?(@.type=='Ready')].status",description="Whether every path of it is served"
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=".status.conditions[?(@.type=='Ready')].reason",description="What keeps it from being ready"
// +kubebuilder:printcolumn:name="Address",type=string,JSONPath=".status.loadBalancer.ingress[0]['ip','hostname']"
// +kubebuilder:printcolumn:name="Class",type=string,JSONPath=".spec.ingressClassName",priority=1
// +kubebuilder:printcolumn:name="Accepted",type=string,JSONPath=".status.conditions[?(@.type=='Accepted')].status",priority=1
// +kubebuilder:printcolumn:name="Programmed",type=string,JSONPath=".status.conditions[?(@.type=='Programmed')].status",priority=1
// +kubebuilder:printcolumn:name="Refs",type=string,JSONPath=".status.conditions[?(@.type=='ResolvedRefs')].reason",priority=1,description="Whether its backends are there"
// +kubebuilder:printcolumn:name="Certificate",type=string,JSONPath=".status.conditions[?(@.type=='CertificateReady')].status",priority=1
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=".metadata.creationTimestamp"
// +kubebuilder:validation:XValidation:rule=`!has(self.spec.tls) || has(self.spec.tls.secretName) || size(self.metadata.name) <= 249`,message=`the name of this Ingress is too long to derive the name of a Secret from: write tls.secretName`
type Ingress struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what is wanted.
	// +required
	Spec IngressSpec `json:"spec"`

	// status is what the controller made of it.
	// +kubebuilder:default={}
	// +optional
	Status IngressStatus `json:"status,omitzero"`
}

// IngressList is a list of Ingresses.
//
// +kubebuilder:object:root=true
type IngressList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []Ingress `json:"items"`
}

// IngressSpec is what an Ingress wants routed, and under which certificate.
//
// +kubebuilder:validation:XValidation:rule=`!has(self.tls) || !has(self.tls.autoSSL) || !self.tls.autoSSL || (has(self.tls.hosts) && size(self.tls.hosts) > 0) || !self.rules.exists(rule, has(rule.host) && rule.host.startsWith('*'))`,message=`autoSSL cannot order a certificate for a wildcard host, which HTTP-01 cannot prove: list the hosts to order under tls.hosts, or leave autoSSL out and name a Secret`
// +kubebuilder:validation:XValidation:rule=`!has(self.tls) || !has(self.tls.autoSSL) || !self.tls.autoSSL || (has(self.tls.hosts) && size(self.tls.hosts) > 0) || self.rules.exists(rule, has(rule.host) && rule.host != "")`,message=`autoSSL needs a host to order a certificate for: list it under tls.hosts`
type IngressSpec struct {
	// ingressClassName names the controller that serves this Ingress. Absent or "warren" (what --ingress-class says) is
	// this controller; it ignores every other class wholly.
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule=`self == "" || self.matches(r'^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')`,message=`ingressClassName must be a class name such as warren, or absent`
	// +optional
	IngressClassName string `json:"ingressClassName,omitempty"`

	// rules are the hosts and paths to serve. Their order means nothing.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +listType=atomic
	// +required
	Rules []IngressRule `json:"rules"`

	// tls serves the hosts over HTTPS.
	// +optional
	TLS *IngressTLS `json:"tls,omitempty"`
}

// Host is what a rule matches the request's host with: a DNS name, "*." before one for exactly one more label, or empty
// for every host.
//
// +kubebuilder:validation:MaxLength=253
// +kubebuilder:validation:XValidation:rule=`self == self.lowerAscii()`,message=`host must be in lower case`,messageExpression=`'host must be in lower case: write ' + self.lowerAscii()`
// +kubebuilder:validation:XValidation:rule=`!isIP(self) && !self.startsWith('[')`,message=`host must be a DNS name, not an address; leave it empty to serve requests to any address`
// +kubebuilder:validation:XValidation:rule=`isIP(self) || self.startsWith('[') || !(self.contains(':') || self.contains('/'))`,message=`host is a name alone, without scheme, port or path: write api.example.com, not https://api.example.com:443/`
// +kubebuilder:validation:XValidation:rule=`self == "" || self.contains(':') || self.contains('/') || self.startsWith('[') || self.lowerAscii().matches(r'^([*][.])?[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?([.][a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$')`,message=`host must be a DNS name such as api.example.com, *.example.com for exactly one label, or empty for every host`
type Host string

// IngressRule is one host and its paths.
//
// +kubebuilder:validation:XValidation:rule=`has(self.paths) && size(self.paths) > 0`,message=`a rule needs paths: write at least one, such as {path: /, backend: {serviceName: web, port: 8080}}`
type IngressRule struct {
	// host is an exact name (api.example.com), a wildcard for exactly one label (*.example.com), or empty for every
	// host that no other rule names.
	// +optional
	Host Host `json:"host,omitempty"`

	// paths of this host, at least one. A path and pathType are served once: the first of several has them.
	// +kubebuilder:validation:MaxItems=32
	// +listType=atomic
	// +optional
	Paths []IngressPath `json:"paths,omitempty"`
}

// Path is what a rule matches the path of a request with. With pathType RegularExpression it is an expression, and
// otherwise a canonical path: what a request's path looks like once escapes, dot segments and repeated slashes are
// resolved, so that a rule matches what is forwarded.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=512
type Path string

// CanonicalPath is a canonical path: what a request's path looks like once escapes, dot segments and repeated slashes are
// resolved.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=512
// +kubebuilder:validation:XValidation:rule=`self.startsWith('/')`,message=`path must begin with a slash`,messageExpression=`'path must begin with a slash: write /' + self`
// +kubebuilder:validation:XValidation:rule=`!self.contains('//')`,message=`path must not repeat a slash: requests are matched with repeated slashes merged, so write one`
// +kubebuilder:validation:XValidation:rule=`!self.matches(r'/[.][.]?(/|$)')`,message=`path must not hold the segments . or ..: requests are matched with those resolved, so write the path that they lead to`
// +kubebuilder:validation:XValidation:rule=`!self.contains('?') && !self.contains('#')`,message=`path is matched without query and fragment: leave out ? or # and what follows`
// +kubebuilder:validation:XValidation:rule=`self.matches(r'^([^%]|%(2[\dA-CF]|3[A-F]|[46]0|5[B-E]|7[B-D]|[89A-F][\dA-F]))*$')`,message=`a percent escape in path must be two upper-case hexadecimal digits of a character that needs it: write %2F, not %2f; a, not %61; %25 for the percent sign; and no control character such as %00`
// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[!-\[\]-~]*$')`,message=`path may hold printable ASCII: percent-encode everything else, a space as %20 and é as %C3%A9, and write a slash for a backslash`
type CanonicalPath string

// PathType says how a rule's path is compared with the request's.
//
// +kubebuilder:validation:Enum=Prefix;Exact;RegularExpression
type PathType string

const (
	// PathTypePrefix matches the path and everything below it, by whole segments; a trailing slash of the rule does not
	// count.
	PathTypePrefix PathType = "Prefix"
	// PathTypeExact matches that path alone, byte for byte.
	PathTypeExact PathType = "Exact"
	// PathTypeRegularExpression matches the paths that an expression (RE2) matches from beginning to end. Case matters.
	PathTypeRegularExpression PathType = "RegularExpression"
)

// PathSpelling says in which spelling the backend gets a path.
//
// +kubebuilder:validation:Enum=AsSent;Canonical
type PathSpelling string

const (
	// PathSpellingAsSent keeps repeated slashes and escapes as the client sent them, where rules and policies make the same
	// of both spellings.
	PathSpellingAsSent PathSpelling = "AsSent"
	// PathSpellingCanonical is the path that rules are matched with.
	PathSpellingCanonical PathSpelling = "Canonical"
)

// IngressPath sends the requests for one path to a backend, with the policies that apply on the way.
//
// +kubebuilder:validation:XValidation:fieldPath=`.path`,rule=`has(self.pathType) && self.pathType == 'RegularExpression' || self.path.startsWith('/')`,message=`path must begin with a slash`,messageExpression=`'path must begin with a slash: write /' + self.path`
// +kubebuilder:validation:XValidation:fieldPath=`.path`,rule=`has(self.pathType) && self.pathType == 'RegularExpression' || !self.path.contains('//')`,message=`path must not repeat a slash: requests are matched with repeated slashes merged, so write one`
// +kubebuilder:validation:XValidation:fieldPath=`.path`,rule=`has(self.pathType) && self.pathType == 'RegularExpression' || !self.path.matches(r'/[.][.]?(/|$)')`,message=`path must not hold the segments . or ..: requests are matched with those resolved, so write the path that they lead to`
// +kubebuilder:validation:XValidation:fieldPath=`.path`,rule=`has(self.pathType) && self.pathType == 'RegularExpression' || (!self.path.contains('?') && !self.path.contains('#'))`,message=`path is matched without query and fragment: leave out ? or # and what follows`
// +kubebuilder:validation:XValidation:fieldPath=`.path`,rule=`has(self.pathType) && self.pathType == 'RegularExpression' || self.path.matches(r'^([^%]|%(2[\dA-CF]|3[A-F]|[46]0|5[B-E]|7[B-D]|[89A-F][\dA-F]))*$')`,message=`a percent escape in path must be two upper-case hexadecimal digits of a character that needs it: write %2F, not %2f; a, not %61; %25 for the percent sign; and no control character such as %00`
// +kubebuilder:validation:XValidation:fieldPath=`.path`,rule=`has(self.pathType) && self.pathType == 'RegularExpression' || self.path.matches(r'^[!-\[\]-~]*$')`,message=`path may hold printable ASCII: percent-encode everything else, a space as %20 and é as %C3%A9, and write a slash for a backslash`
// +kubebuilder:validation:XValidation:rule=`(has(self.backend) ? 1 : 0) + (has(self.backends) ? 1 : 0) + (has(self.redirect) ? 1 : 0) + (has(self.fixedResponse) ? 1 : 0) == 1`,message=`a path needs exactly one of backend, backends, redirect and fixedResponse`
// +kubebuilder:validation:XValidation:rule=`has(self.backend) || has(self.backends) || !(has(self.rewrite) || has(self.requestBuffering) || has(self.mirror) || has(self.loadBalancing) || has(self.sessionPersistence) || has(self.timeouts) || has(self.retries) || has(self.pathSpelling))`,message=`redirect and fixedResponse ask no backend: leave out rewrite, requestBuffering, mirror, loadBalancing, sessionPersistence, timeouts, retries and pathSpelling`
// +kubebuilder:validation:XValidation:rule=`!has(self.sessionPersistence) || !has(self.loadBalancing) || !has(self.loadBalancing.policy) || self.loadBalancing.policy != 'Hash'`,message=`sessionPersistence and loadBalancing.policy Hash both keep clients with a task: leave one of them out`
type IngressPath struct {
	// path to match; it begins with a slash, unless it is an expression.
	// +required
	Path Path `json:"path"`

	// pathType says how: Prefix compares whole segments, Exact the whole path, RegularExpression takes path for an expression
	// (RE2) that has to match the whole path. Absent: Prefix.
	// +optional
	PathType PathType `json:"pathType,omitempty"`

	// methods of the requests that the path is for. Absent: all.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +listType=set
	// +optional
	Methods []Method `json:"methods,omitempty"`

	// match is what else a request has to have. A path whose requests have to have more goes before one of the same path and
	// pathType.
	// +optional
	Match *Match `json:"match,omitempty"`

	// backend answers the requests.
	// +optional
	Backend IngressBackend `json:"backend,omitzero"`

	// backends share the requests by their weights, in place of backend.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +listType=atomic
	// +optional
	Backends []WeightedBackend `json:"backends,omitempty"`

	// mirror gets copies of requests, and its answers are dropped. No client waits for it.
	// +optional
	Mirror *Mirror `json:"mirror,omitempty"`

	// redirect sends clients to another URL, in place of a backend.
	// +optional
	Redirect *Redirect `json:"redirect,omitempty"`

	PathPolicies `json:",inline"`
}

// Protocol is what the proxy speaks to a backend.
//
// +kubebuilder:validation:Enum=HTTP;HTTPS;H2C
type Protocol string

const (
	// ProtocolHTTP is HTTP/1.1 without TLS.
	ProtocolHTTP Protocol = "HTTP"
	// ProtocolHTTPS is HTTP over TLS: of HTTP/2 and HTTP/1.1, what the backend chooses.
	ProtocolHTTPS Protocol = "HTTPS"
	// ProtocolH2C is HTTP/2 without TLS, known to be spoken beforehand.
	ProtocolH2C Protocol = "H2C"
)

// IngressBackend is the service that answers: every Task of that serviceName in the Ingress's namespace, and the
// endpoints of the Kubernetes Service of that name there.
//
// +kubebuilder:validation:XValidation:rule=`!has(self.tls) || (has(self.protocol) && self.protocol == 'HTTPS')`,message=`tls is for a backend that speaks HTTPS: write protocol: HTTPS, or leave tls out`
type IngressBackend struct {
	// serviceName of the Tasks, or the name of the Service.
	// +required
	ServiceName ServiceName `json:"serviceName"`

	// port of the service. A Task's ports, and a Service's, say what port it is on the instance.
	// +required
	Port Port `json:"port"`

	// protocol that the backend speaks. Absent: what appProtocol of the Service's port says, or HTTP.
	// +optional
	Protocol Protocol `json:"protocol,omitempty"`

	// tls says what a backend that speaks HTTPS has to prove. Absent: a certificate for <serviceName>.<namespace>.svc from an
	// authority that the controller's system trusts.
	// +optional
	TLS *BackendTLS `json:"tls,omitempty"`
}

// BackendServerName is what a backend's certificate is for: a DNS name or an IP address.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=253
// +kubebuilder:validation:XValidation:rule=`isIP(self) || self.matches(r'^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?([.][a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$')`,message=`serverName must be a DNS name in lower case such as api.internal, or an IP address, as the backend's certificate has it, without scheme or port`
type BackendServerName string

// BackendTLS says what a backend that speaks HTTPS has to prove before it gets a request.
//
// +kubebuilder:validation:XValidation:rule=`!has(self.caSecretName) || !has(self.caConfigMapName)`,message=`write caSecretName or caConfigMapName, not both`
// +kubebuilder:validation:XValidation:rule=`!has(self.insecureSkipVerify) || !self.insecureSkipVerify || !(has(self.caSecretName) || has(self.caConfigMapName))`,message=`insecureSkipVerify takes every certificate, so an authority has no part in it: leave out one of the two`
// +kubebuilder:validation:XValidation:rule=`!has(self.serverName) || !has(self.serverNameFromRequest) || !self.serverNameFromRequest`,message=`write serverName or serverNameFromRequest, not both`
type BackendTLS struct {
	// caSecretName is the Secret of the Ingress's namespace whose key ca.crt has the certificates of the authorities, as PEM,
	// that the backend's certificate may come from. It may be of any type. Absent, as caConfigMapName: those that the
	// controller's system trusts.
	// +optional
	CASecretName SecretName `json:"caSecretName,omitempty"`

	// caConfigMapName is a ConfigMap in place of a Secret.
	// +optional
	CAConfigMapName ConfigMapName `json:"caConfigMapName,omitempty"`

	// serverName is what the backend's certificate has to be for; a DNS name is also sent to the backend (SNI). Absent:
	// <serviceName>.<namespace>.svc.
	// +optional
	ServerName BackendServerName `json:"serverName,omitempty"`

	// serverNameFromRequest puts the host that each request is for in the place of serverName, for a backend that serves
	// several hosts and answers 421 where the connection's name is another one. Connections are not shared across names.
	// +optional
	ServerNameFromRequest bool `json:"serverNameFromRequest,omitempty"`

	// insecureSkipVerify takes every certificate: who can get between the controller and the backend can read and change
	// everything.
	// +optional
	InsecureSkipVerify bool `json:"insecureSkipVerify,omitempty"`

	// allowObsolete also allows TLS 1.0 and 1.1, and cipher suites with RSA key exchange, CBC or 3DES, which can be attacked:
	// for appliances that know nothing newer.
	// +optional
	AllowObsolete bool `json:"allowObsolete,omitempty"`
}

// RequestBuffering gathers a request's content, so that the task gets it at once and with its length.
type RequestBuffering struct {
	// maxBytes is how much is gathered, from 1 to 1Mi. What is longer goes on as it comes after that, or is refused if it came
	// without a length.
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:Pattern=`^[1-9][0-9]{0,6}(Ki|Mi|k|M)?$`
	// +required
	MaxBytes resource.Quantity `json:"maxBytes"`
}

// RateLimit is a token bucket for each client address.
type RateLimit struct {
	// requestsPerSecond is the lasting rate: a number above zero, fractions as a string ("0.5"). Exponents are refused: a
	// large one would take every reader seconds to work out.
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule=`type(self) == int ? int(self) > 0 && int(self) <= 1000000 : string(self).matches(r'^[0-9]{1,7}([.][0-9]{1,9})?[mkM]?$') && quantity(string(self)).isGreaterThan(quantity('0')) && !quantity(string(self)).isGreaterThan(quantity('1000000'))`,message=`requestsPerSecond must be a number above zero and at most 1000000: write 100, or a fraction as a string such as '0.5'`
	// +required
	RequestsPerSecond resource.Quantity `json:"requestsPerSecond"`

	// burst is how many requests may come at once. Absent: what requestsPerSecond allows in one second, at least one.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	// +optional
	Burst int32 `json:"burst,omitempty"`

	// scope says what the limit is for: Cluster, all replicas of the controller together, each of which allows its share; or
	// Replica, each of them alone. Absent: Cluster.
	// +optional
	Scope RateLimitScope `json:"scope,omitempty"`

	// exempt are clients that the limit is not for.
	// +kubebuilder:validation:MaxItems=32
	// +listType=atomic
	// +optional
	Exempt []ExemptRange `json:"exempt,omitempty"`
}

// ExemptRange is an IP address or a CIDR block, IPv4 or IPv6, that a limit is not for.
//
// +kubebuilder:validation:MaxLength=50
// +kubebuilder:validation:Pattern=`^[.:0-9A-Fa-f]+(/[0-9]{1,3})?$`
type ExemptRange string

// ConnectionLimit bounds the requests that each client address has under way at once.
type ConnectionLimit struct {
	// connections is how many there may be. Each stream of HTTP/2 is one, and so is a WebSocket until it ends.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	// +required
	Connections int32 `json:"connections"`

	// exempt are clients that the limit is not for.
	// +kubebuilder:validation:MaxItems=32
	// +listType=atomic
	// +optional
	Exempt []ExemptRange `json:"exempt,omitempty"`
}

// RateLimitScope is what a rate limit is for.
//
// +kubebuilder:validation:Enum=Cluster;Replica
type RateLimitScope string

const (
	// RateLimitCluster limits what all ready replicas together let through.
	RateLimitCluster RateLimitScope = "Cluster"
	// RateLimitReplica limits what each replica lets through.
	RateLimitReplica RateLimitScope = "Replica"
)

// AddressRange is an IP address or a CIDR block, IPv4 or IPv6.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=50
// +kubebuilder:validation:XValidation:rule=`isIP(self) || isCIDR(self)`,message=`must be an IP address such as 10.0.50.7 or 2001:db8::1, or a CIDR such as 10.0.0.0/8 or 2001:db8::/32`
type AddressRange string

// AccessControl admits or refuses clients by their address. What is denied stays denied where it is also allowed.
//
// +kubebuilder:validation:XValidation:rule=`!has(self.allowedIPs) || size(self.allowedIPs) > 0`,message=`allowedIPs is empty: leave it out to admit everybody, or list 0.0.0.0/0 and ::/0 under deniedIPs to admit nobody`
// +kubebuilder:validation:XValidation:rule=`has(self.allowedIPs) || (has(self.deniedIPs) && size(self.deniedIPs) > 0)`,message=`accessControl keeps nobody out: list addresses under allowedIPs or deniedIPs, which are its only fields, or leave accessControl out`
type AccessControl struct {
	// allowedIPs are the only clients let in. Absent: everybody.
	// +kubebuilder:validation:MaxItems=100
	// +listType=atomic
	// +optional
	AllowedIPs []AddressRange `json:"allowedIPs,omitempty"`

	// deniedIPs are kept out, even those that allowedIPs holds.
	// +kubebuilder:validation:MaxItems=100
	// +listType=atomic
	// +optional
	DeniedIPs []AddressRange `json:"deniedIPs,omitempty"`
}

// HeaderName is the name of a header field, in any case; a name is the same in every case.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=64
// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[-\w!#$%&*+.^|~\x27\x60]+$')`,message=`a header or cookie name may hold letters, digits and any of ! # $ % & ' * + - . ^ _ | ~, such as X-App-Version`
type HeaderName string

// HeaderValue is the value of a header field; it may be empty.
//
// +kubebuilder:validation:MaxLength=4096
// +kubebuilder:validation:Pattern=`^[^\x00-\x08\x0A-\x1F\x7F]*$`
type HeaderValue string

// HeaderFields are header fields by their name, each with one value.
//
// +kubebuilder:validation:MaxProperties=16
// +kubebuilder:validation:XValidation:rule=`self.all(name, name.matches(r'^[-\w!#$%&*+.^|~\x27\x60]+$'))`,message=`a header name may hold letters, digits and any of ! # $ % & ' * + - . ^ _ | ~, such as X-App-Version`
// +kubebuilder:validation:XValidation:rule=`!self.exists(name, name.matches(r'(?i)^(host|content-length|t(ransfer-encoding|e|railer)|(proxy-)?connection|keep-alive|upgrade|x-(real-ip|forwarded-(for|host|port|proto)))$'))`,message=`Host, X-Forwarded-For, -Host, -Port and -Proto, X-Real-IP and the fields that frame a message (Content-Length, Transfer-Encoding, Connection, Keep-Alive, TE, Trailer, Upgrade, Proxy-Connection) are the proxy's own: leave them out`
// +kubebuilder:validation:XValidation:rule=`self.all(name, self.exists_one(other, other.lowerAscii() == name.lowerAscii()))`,message=`header names are the same in every case: write each once`
type HeaderFields map[string]HeaderValue

// HeaderNames are the names of header fields that are taken out.
//
// +kubebuilder:validation:MaxItems=16
// +kubebuilder:validation:XValidation:rule=`self.all(name, !(name.lowerAscii() in ['host', 'content-length', 'transfer-encoding', 'connection', 'keep-alive', 'te', 'trailer', 'upgrade', 'proxy-connection', 'x-real-ip', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-port', 'x-forwarded-proto']))`,message=`Host, X-Forwarded-For, -Host, -Port and -Proto, X-Real-IP and the fields that frame a message (Content-Length, Transfer-Encoding, Connection, Keep-Alive, TE, Trailer, Upgrade, Proxy-Connection) are the proxy's own: leave them out`
type HeaderNames []HeaderName

// Headers changes header fields: first remove, then set, then add.
//
// +kubebuilder:validation:XValidation:rule=`(has(self.add) && size(self.add) > 0) || (has(self.set) && size(self.set) > 0) || (has(self.remove) && size(self.remove) > 0) || has(self.response)`,message=`headers changes nothing: write fields under add, set, remove or response, which are its only fields, or leave headers out`
type Headers struct {
	// add gives the request a field where it has none of that name.
	// +optional
	Add HeaderFields `json:"add,omitempty"`

	// set gives the request a field, in place of any it has of that name.
	// +optional
	Set HeaderFields `json:"set,omitempty"`

	// remove takes fields from the request and from the response.
	// +listType=atomic
	// +optional
	Remove HeaderNames `json:"remove,omitempty"`

	// response changes the response alone.
	// +optional
	Response *ResponseHeaders `json:"response,omitempty"`
}

// ResponseHeaders changes header fields of the response: first remove, then set, then add.
//
// +kubebuilder:validation:XValidation:rule=`(has(self.add) && size(self.add) > 0) || (has(self.set) && size(self.set) > 0) || (has(self.remove) && size(self.remove) > 0)`,message=`headers.response changes nothing: write fields under add, set or remove, which are its only fields, or leave response out`
type ResponseHeaders struct {
	// add gives the response a field where it has none of that name.
	// +optional
	Add HeaderFields `json:"add,omitempty"`

	// set gives the response a field, in place of any it has of that name.
	// +optional
	Set HeaderFields `json:"set,omitempty"`

	// remove takes fields from the response.
	// +listType=atomic
	// +optional
	Remove HeaderNames `json:"remove,omitempty"`
}

// Rewrite changes the path that the backend sees, in at most one of four ways, and the host. The query stays as it is.
//
// +kubebuilder:validation:XValidation:rule=`(has(self.stripPrefix) ? 1 : 0) + (has(self.replacePath) ? 1 : 0) + (has(self.replacePrefix) ? 1 : 0) + (has(self.regex) ? 1 : 0) + (has(self.host) ? 10 : 0) in [1, 10, 11]`,message=`rewrite needs one of stripPrefix, replacePath, replacePrefix and regex, or host, and not two of the first four`
type Rewrite struct {
	// stripPrefix is taken off the front of the path, by whole segments; what is left begins with a slash.
	// +optional
	StripPrefix CanonicalPath `json:"stripPrefix,omitempty"`

	// replacePath stands in place of the whole path.
	// +optional
	ReplacePath CanonicalPath `json:"replacePath,omitempty"`

	// replacePrefix stands in place of what the rule's path is the prefix of; pathType has to be Prefix.
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:Pattern=`^/[!"$->@-\[\]-~]*$`
	// +optional
	ReplacePrefix string `json:"replacePrefix,omitempty"`

	// regex replaces what an expression matches.
	// +optional
	Regex *Substitution `json:"regex,omitempty"`

	// host stands in place of the request's, with an optional port.
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*(:[1-9][0-9]{0,4})?$`
	// +optional
	Host string `json:"host,omitempty"`
}

// LoadBalancingPolicy is a way to choose a task.
//
// +kubebuilder:validation:Enum=RoundRobin;LeastRequest;Hash
type LoadBalancingPolicy string

const (
	// LoadBalancingRoundRobin takes the tasks in turn, by weight.
	LoadBalancingRoundRobin LoadBalancingPolicy = "RoundRobin"
	// LoadBalancingLeastRequest takes the task with the fewest requests under way.
	LoadBalancingLeastRequest LoadBalancingPolicy = "LeastRequest"
	// LoadBalancingHash keeps what hashOn names on one task for as long as that task is there, unless it has far more
	// requests under way than the others.
	LoadBalancingHash LoadBalancingPolicy = "Hash"
)

// HashOn is what the Hash policy tells clients apart by.
//
// +kubebuilder:validation:Enum=ClientIP;Header;Cookie
type HashOn string

const (
	// HashOnClientIP is the client's address.
	HashOnClientIP HashOn = "ClientIP"
	// HashOnHeader is the value of the request's header field of that name; requests without it go to any task.
	HashOnHeader HashOn = "Header"
	// HashOnCookie is the value of the request's cookie of that name; who has none is given one.
	HashOnCookie HashOn = "Cookie"
)

// LoadBalancing chooses among the tasks of a backend.
//
// +kubebuilder:validation:XValidation:rule=`!has(self.policy) || self.policy != 'Hash' || has(self.hashOn)`,message=`policy Hash needs hashOn: write ClientIP, Header or Cookie`
// +kubebuilder:validation:XValidation:rule=`!has(self.hashOn) || (has(self.policy) && self.policy == 'Hash')`,message=`hashOn belongs to policy Hash: write policy: Hash, or leave hashOn out`
// +kubebuilder:validation:XValidation:rule=`!has(self.hashOn) || self.hashOn == 'ClientIP' || has(self.name)`,message=`hashOn Header or Cookie needs name: write the header's or the cookie's`
// +kubebuilder:validation:XValidation:rule=`!has(self.name) || (has(self.hashOn) && self.hashOn != 'ClientIP')`,message=`name belongs to hashOn Header or Cookie: leave it out`
// +kubebuilder:validation:XValidation:rule=`!has(self.maxPending) || has(self.maxConnectionsPerEndpoint)`,message=`maxPending belongs to maxConnectionsPerEndpoint, without which nothing waits: write both, or leave it out`
type LoadBalancing struct {
	// policy to choose by. Absent: RoundRobin.
	// +optional
	Policy LoadBalancingPolicy `json:"policy,omitempty"`

	// hashOn is what the Hash policy tells clients apart by; no other policy has it.
	// +optional
	HashOn HashOn `json:"hashOn,omitempty"`

	// name of the header field or cookie, where hashOn is Header or Cookie.
	// +optional
	Name HeaderName `json:"name,omitempty"`

	// maxConnectionsPerEndpoint bounds the connections that each replica has in use to one task or Pod: the requests that it
	// works on at once, and WebSockets. Absent: no bound.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	// +optional
	MaxConnectionsPerEndpoint int32 `json:"maxConnectionsPerEndpoint,omitempty"`

	// maxPending is how many requests may wait, in each replica and as long as timeouts.connect, while every task has as many
	// connections as it may have; further ones get 503. Absent: 100.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000000
	// +optional
	MaxPending *int32 `json:"maxPending,omitempty"`
}

// Timeouts bound how long the proxy waits for a backend. "0s" is no bound.
type Timeouts struct {
	// request is how long the whole exchange may take, from the request's head to the response's end. Absent: 0s.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^([0-9]{1,5}([.][0-9]{1,9})?(h|m|s|ms))+$')`,message=`request must be a duration of zero or more in h, m, s and ms, such as 500ms, 30s or 1h30m, or 0s for none`
	// +optional
	Request *metav1.Duration `json:"request,omitempty"`

	// connect is how long a new connection to a task may take, and how long a request may wait for one where
	// loadBalancing.maxConnectionsPerEndpoint bounds them. Absent: 5s.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^([0-9]{1,5}([.][0-9]{1,9})?(h|m|s|ms))+$')`,message=`connect must be a duration of zero or more in h, m, s and ms, such as 500ms, 5s or 1m, or 0s for none`
	// +optional
	Connect *metav1.Duration `json:"connect,omitempty"`

	// response is how long a task may take to begin its answer to a request that it got whole. A request that may be sent
	// twice is then tried on another task. Absent: 0s.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^([0-9]{1,5}([.][0-9]{1,9})?(h|m|s|ms))+$')`,message=`response must be a duration of zero or more in h, m, s and ms, such as 500ms, 5s or 1m, or 0s for none`
	// +optional
	Response *metav1.Duration `json:"response,omitempty"`

	// idle is how long an exchange may pass without a byte in either direction. Event streams, gRPC calls and WebSockets
	// may be silent for any time once the task has begun to answer. Absent: 60s.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^([0-9]{1,5}([.][0-9]{1,9})?(h|m|s|ms))+$')`,message=`idle must be a duration of zero or more in h, m, s and ms, such as 500ms, 30s or 1h30m, or 0s for none`
	// +optional
	Idle *metav1.Duration `json:"idle,omitempty"`
}

// RetryCode is a status of a response.
//
// +kubebuilder:validation:Minimum=400
// +kubebuilder:validation:Maximum=599
type RetryCode int32

// Retries sends a request to another task where nothing of it could be sent to the first. A request that is idempotent
// and has no content is sent once more, beyond these attempts, where a connection that had been idle turned out to be closed.
// With codes or backoff, tasks that were tried are tried again if there is no other.
type Retries struct {
	// attempts is how many more tasks are tried after the first. 0: none. Absent: 1.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=10
	// +optional
	Attempts *int32 `json:"attempts,omitempty"`

	// codes are the statuses of responses after which an idempotent request is tried again. The last attempt's response
	// goes to the client. Absent: none.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +listType=set
	// +optional
	Codes []RetryCode `json:"codes,omitempty"`

	// backoff is the least time between two attempts. It doubles with each, up to ten times as much. Absent: none, or 25ms
	// with codes.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}(h|m|s|ms))+$`
	// +optional
	Backoff *metav1.Duration `json:"backoff,omitempty"`
}

// IngressTLS serves an Ingress's hosts over HTTPS, with a certificate from a Secret or, with autoSSL, one that is ordered.
//
// +kubebuilder:validation:XValidation:rule=`has(self.secretName) || (has(self.autoSSL) && self.autoSSL)`,message=`tls needs secretName, the Secret that holds the certificate, or autoSSL: true to have one ordered`
// +kubebuilder:validation:XValidation:rule=`!has(self.autoSSL) || !self.autoSSL || !has(self.hosts) || !self.hosts.exists(host, host.startsWith('*'))`,message=`autoSSL cannot order a certificate for a wildcard host, which HTTP-01 cannot prove: list exact hosts, or leave autoSSL out and name a Secret`
type IngressTLS struct {
	// hosts that the certificate is for. Absent: the rules' hosts.
	// +kubebuilder:validation:MaxItems=64
	// +listType=set
	// +optional
	Hosts []CertificateHost `json:"hosts,omitempty"`

	// secretName of the kubernetes.io/tls Secret. Absent with autoSSL: the Ingress's name and "-tls".
	// +optional
	SecretName SecretName `json:"secretName,omitempty"`

	// autoSSL has a TLSCertificate made for the hosts, owned by this Ingress, that is ordered and renewed through ACME.
	// +optional
	AutoSSL bool `json:"autoSSL,omitempty"`

	// email for the certificate authority to write to.
	// +optional
	Email Email `json:"email,omitempty"`

	// redirectHTTP answers plain HTTP with a redirect to HTTPS, once a certificate covers the host. ACME challenges are
	// never redirected.
	// +kubebuilder:default=true
	// +optional
	RedirectHTTP *bool `json:"redirectHTTP,omitempty"`

	// clientCertificate has the clients of these hosts asked for a certificate. Plain requests for them are redirected or
	// refused. Absent: nobody is asked.
	// +optional
	ClientCertificate *ClientCertificate `json:"clientCertificate,omitempty"`
}

// IngressStatus is what the controller made of an Ingress.
type IngressStatus struct {
	// observedGeneration is the metadata.generation that this status speaks of, -1 before a controller has written it.
	// +kubebuilder:default=-1
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// hosts is for people: the first host of the rules, and how many others there are, such as "shop.example.com +8".
	// +kubebuilder:validation:MaxLength=272
	// +optional
	Hosts string `json:"hosts,omitempty"`

	// conditions are Accepted, ResolvedRefs, Programmed, Ready, CertificateReady where tls is set, and Stalled or
	// Reconciling where it is not Ready.
	// +kubebuilder:validation:MaxItems=8
	// +listType=map
	// +listMapKey=type
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// loadBalancer is where the Ingress is served.
	// +optional
	LoadBalancer LoadBalancerStatus `json:"loadBalancer,omitzero"`
}

// LoadBalancerStatus is where an Ingress is served.
type LoadBalancerStatus struct {
	// ingress are the addresses that clients reach the proxy under.
	// +kubebuilder:validation:MaxItems=16
	// +listType=atomic
	// +optional
	Ingress []LoadBalancerIngress `json:"ingress,omitempty"`
}

// LoadBalancerIngress is one address that clients reach the proxy under: an IP address or a host name.
type LoadBalancerIngress struct {
	// ip is an IPv4 or IPv6 address.
	// +kubebuilder:validation:MaxLength=64
	// +optional
	IP string `json:"ip,omitempty"`

	// hostname is a DNS name.
	// +kubebuilder:validation:MaxLength=253
	// +optional
	Hostname string `json:"hostname,omitempty"`
}
