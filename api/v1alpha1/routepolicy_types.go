// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// PathPolicies are what becomes of the requests to a path besides where they go. A path of an Ingress has them as its
// own fields, and a RoutePolicy has them for rules of the Gateway API's routes.
type PathPolicies struct {
	// fixedResponse answers in place of a backend.
	// +optional
	FixedResponse *FixedResponse `json:"fixedResponse,omitempty"`

	// rateLimit bounds the requests of each client address on this path.
	// +optional
	RateLimit *RateLimit `json:"rateLimit,omitempty"`

	// connectionLimit bounds the requests that each client address has under way at once on this path.
	// +optional
	ConnectionLimit *ConnectionLimit `json:"connectionLimit,omitempty"`

	// accessControl admits or refuses clients by their address.
	// +optional
	AccessControl *AccessControl `json:"accessControl,omitempty"`

	// auth says who gets in, by what a client proves: a password, a token, or what a service says of it.
	// +optional
	Auth *Auth `json:"auth,omitempty"`

	// hsts has browsers come to the host over HTTPS alone.
	// +optional
	HSTS *HSTS `json:"hsts,omitempty"`

	// cors says which pages of other origins may read the answers.
	// +optional
	CORS *CORS `json:"cors,omitempty"`

	// maxRequestBytes bounds the content of requests, such as 8Mi. What is longer gets 413.
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:Pattern=`^[1-9][0-9]{0,11}(Ki|Mi|Gi|k|M|G)?$`
	// +optional
	MaxRequestBytes *resource.Quantity `json:"maxRequestBytes,omitempty"`

	// requestBuffering gathers a request's content before a task is asked.
	// +optional
	RequestBuffering *RequestBuffering `json:"requestBuffering,omitempty"`

	// headers changes header fields of the request and of the response.
	// +optional
	Headers *Headers `json:"headers,omitempty"`

	// rewrite changes the path that the backend sees.
	// +optional
	Rewrite *Rewrite `json:"rewrite,omitempty"`

	// compression sends responses as gzip, br or zstd, by what the client accepts.
	// +optional
	Compression *Compression `json:"compression,omitempty"`

	// locationRewrite changes the URLs that the backend sends clients to.
	// +optional
	LocationRewrite *LocationRewrite `json:"locationRewrite,omitempty"`

	// cookieRewrite changes domains and paths of the backend's cookies.
	// +optional
	CookieRewrite *CookieRewrite `json:"cookieRewrite,omitempty"`

	// errorPages are services whose pages stand in place of responses with certain statuses.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	// +listType=atomic
	// +optional
	ErrorPages []ErrorPage `json:"errorPages,omitempty"`

	// loadBalancing chooses among the backend's tasks.
	// +optional
	LoadBalancing *LoadBalancing `json:"loadBalancing,omitempty"`

	// sessionPersistence keeps the requests of a client with one task, for as long as that takes requests.
	// +optional
	SessionPersistence *SessionPersistence `json:"sessionPersistence,omitempty"`

	// timeouts towards the backend.
	// +optional
	Timeouts *Timeouts `json:"timeouts,omitempty"`

	// retries on another task of the backend.
	// +optional
	Retries *Retries `json:"retries,omitempty"`

	// pathSpelling says in which spelling the backend gets the path: AsSent (the default) or Canonical, with repeated
	// slashes merged and escapes that are not needed decoded. Dot segments are resolved in both.
	// +optional
	PathSpelling PathSpelling `json:"pathSpelling,omitempty"`
}

// RoutePolicy has policies for rules of the Gateway API's routes, which have no fields for them. A rule names it in a
// filter of type ExtensionRef.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=routepolicies,singular=routepolicy,scope=Namespaced,shortName=wpolicy,categories=warren
// +kubebuilder:printcolumn:name="Accepted",type=string,JSONPath=".status.conditions[?(@.type=='Accepted')].status"
// +kubebuilder:printcolumn:name="Routes",type=integer,JSONPath=".status.attachedRoutes",description="How many routes use it"
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=".status.conditions[?(@.type=='Accepted')].reason",priority=1,description="Why it is accepted or not"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=".metadata.creationTimestamp"
type RoutePolicy struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what becomes of requests.
	// +required
	Spec RoutePolicySpec `json:"spec"`

	// status is what is known of it.
	// +kubebuilder:default={}
	// +optional
	Status RoutePolicyStatus `json:"status,omitzero"`
}

// RoutePolicyList is a list of RoutePolicies.
//
// +kubebuilder:object:root=true
type RoutePolicyList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []RoutePolicy `json:"items"`
}

// RoutePolicySpec has the policies. Each means what it means in a path of an Ingress.
//
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:XValidation:rule=`!has(self.fixedResponse) || !(has(self.rewrite) || has(self.requestBuffering) || has(self.loadBalancing) || has(self.timeouts) || has(self.retries) || has(self.pathSpelling))`,message=`fixedResponse asks no backend: leave out rewrite, requestBuffering, loadBalancing, timeouts, retries and pathSpelling`
type RoutePolicySpec struct {
	PathPolicies `json:",inline"`
}

// RoutePolicyStatus is what is known of a RoutePolicy.
type RoutePolicyStatus struct {
	// observedGeneration is the generation that all of the status is about.
	// +kubebuilder:default=-1
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// attachedRoutes is how many routes use the policy, at Gateways of the controller.
	// +optional
	AttachedRoutes int32 `json:"attachedRoutes,omitempty"`

	// routes are these, or the first of them by kind and name.
	// +kubebuilder:validation:MaxItems=16
	// +listType=atomic
	// +optional
	Routes []PolicyUser `json:"routes,omitempty"`

	// conditions are Accepted, and for tools that know nothing of it Ready and Stalled.
	// +kubebuilder:validation:MaxItems=8
	// +listType=map
	// +listMapKey=type
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// MaxPolicyUsers is how many routes a RoutePolicy's status lists.
const MaxPolicyUsers = 16

// PolicyUser is a route that uses a RoutePolicy. It is in the same namespace.
type PolicyUser struct {
	// kind of the route, such as HTTPRoute.
	// +kubebuilder:validation:MaxLength=63
	// +required
	Kind string `json:"kind"`

	// name of the route.
	// +kubebuilder:validation:MaxLength=253
	// +required
	Name string `json:"name"`
}
