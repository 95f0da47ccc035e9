// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// What the schema fills in where a Task, or its health check, leaves a field out.
const (
	DefaultTaskWeight         = int32(1)
	DefaultHealthCheckPath    = "/"
	DefaultExpectedStatuses   = "200-399"
	DefaultCheckInterval      = 10 * time.Second
	DefaultCheckTimeout       = time.Second
	DefaultHealthyThreshold   = int32(1)
	DefaultUnhealthyThreshold = int32(3)
)

// The bounds of a health check. The schema has them too, but for objects that are older than it.
const (
	LeastCheckInterval  = time.Second
	LongestCheckTimeout = time.Minute
)

// Task is one running instance of a service that is no Pod: on a virtual machine, or in a container elsewhere.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=tasks,singular=task,scope=Namespaced,shortName=wtask,categories=warren
// +kubebuilder:printcolumn:name="Service",type=string,JSONPath=".spec.serviceName"
// +kubebuilder:printcolumn:name="Address",type=string,JSONPath=".spec.address"
// +kubebuilder:printcolumn:name="Desired",type=string,JSONPath=".spec.desiredState"
// +kubebuilder:printcolumn:name="Healthy",type=string,JSONPath=".status.conditions[?(@.type=='Healthy')].status"
// +kubebuilder:printcolumn:name="Weight",type=integer,JSONPath=".spec.weight",priority=1
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=".status.conditions[?(@.type=='Healthy')].reason",priority=1,description="Why it is healthy or not"
// +kubebuilder:printcolumn:name="Message",type=string,JSONPath=".status.message",priority=1
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=".metadata.creationTimestamp"
type Task struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what is wanted.
	// +required
	Spec TaskSpec `json:"spec"`

	// status is what is known of it.
	// +kubebuilder:default={}
	// +optional
	Status TaskStatus `json:"status,omitzero"`
}

// TaskList is a list of Tasks.
//
// +kubebuilder:object:root=true
type TaskList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []Task `json:"items"`
}

// DesiredState is what a Task should be doing.
//
// +kubebuilder:validation:Enum=Running;Draining
type DesiredState string

const (
	// DesiredStateRunning takes requests.
	DesiredStateRunning DesiredState = "Running"
	// DesiredStateDraining takes no new requests; running ones finish.
	DesiredStateDraining DesiredState = "Draining"
)

// Address is an IP address, IPv4 or IPv6, without brackets or port.
//
// +kubebuilder:validation:MinLength=2
// +kubebuilder:validation:MaxLength=64
// +kubebuilder:validation:XValidation:rule=`isIP(self)`,message=`address must be an IPv4 or IPv6 address such as 192.168.1.10 or 2001:db8::10, without brackets, port or zone; names are not resolved`
// +kubebuilder:validation:XValidation:rule=`!isIP(self) || !(ip(self).isUnspecified() || cidr('224.0.0.0/4').containsIP(self) || cidr('ff00::/8').containsIP(self) || self == '255.255.255.255')`,message=`address must be that of one instance, not the unspecified (0.0.0.0, ::), a multicast or the broadcast address`
type Address string

// TaskSpec is where an instance runs and how much of the work it takes.
//
// +kubebuilder:validation:XValidation:rule=`!has(self.healthCheck) || has(self.healthCheck.port) || (has(self.ports) && size(self.ports) > 0)`,message=`healthCheck needs port, since the Task lists no ports to take it from`
// +kubebuilder:validation:XValidation:rule=`!has(self.healthCheck) || !has(self.healthCheck.port) || !has(self.ports) || size(self.ports) == 0 || self.ports.exists(p, p.port == self.healthCheck.port)`,message=`healthCheck port must be one of ports, which say where it is on the instance: list it there too`
type TaskSpec struct {
	// serviceName that Ingress backends reach this instance under.
	// +required
	ServiceName ServiceName `json:"serviceName"`

	// address of the instance: IPv4 or IPv6.
	// +required
	Address Address `json:"address"`

	// ports of the service and where they are on the instance. Absent: a backend's port is taken as it is.
	// +kubebuilder:validation:MaxItems=32
	// +listType=map
	// +listMapKey=port
	// +optional
	Ports []TaskPort `json:"ports,omitempty"`

	// weight is the share of the requests, beside the weights of the service's other instances. 0: no new requests.
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000
	// +optional
	Weight *int32 `json:"weight,omitempty"`

	// desiredState is Running, or Draining for no new requests while running ones finish.
	// +kubebuilder:default=Running
	// +optional
	DesiredState DesiredState `json:"desiredState,omitempty"`

	// healthCheck probes the instance. Absent: it is healthy unless another controller wrote status.health: Unhealthy.
	// +optional
	HealthCheck *HealthCheck `json:"healthCheck,omitempty"`
}

// TaskPort says where a service's port is on an instance.
type TaskPort struct {
	// port of the service, as an Ingress's backend names it.
	// +required
	Port Port `json:"port"`

	// targetPort is where the instance listens for it.
	// +required
	TargetPort Port `json:"targetPort"`
}

// HealthCheckType is a way to probe an instance.
//
// +kubebuilder:validation:Enum=HTTP;HTTPS;TCP;GRPC;GRPCS
type HealthCheckType string

const (
	// HealthCheckHTTP sends GET and looks at the status of the answer.
	HealthCheckHTTP HealthCheckType = "HTTP"
	// HealthCheckHTTPS does so over TLS, with whatever certificate the instance has.
	HealthCheckHTTPS HealthCheckType = "HTTPS"
	// HealthCheckTCP takes an accepted connection as healthy.
	HealthCheckTCP HealthCheckType = "TCP"
	// HealthCheckGRPC asks by gRPC's health protocol, over HTTP/2 without TLS, whether a service is served.
	HealthCheckGRPC HealthCheckType = "GRPC"
	// HealthCheckGRPCS does so over TLS, with whatever certificate the instance has.
	HealthCheckGRPCS HealthCheckType = "GRPCS"
)

// StatusRange is one HTTP status such as "204", or those from one to another such as "200-299".
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=16
// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[2-5][0-9][0-9](-[2-5][0-9][0-9])?$')`,message=`expectedStatuses must be statuses such as "204", or ranges such as "200-299", from 200 to 599`
// +kubebuilder:validation:XValidation:rule=`!self.matches(r'^[2-5][0-9][0-9]-[2-5][0-9][0-9]$') || self.substring(0, 3) <= self.substring(4)`,message=`a range of expectedStatuses must begin with its lower end: write "200-299", not "299-200"`
type StatusRange string

// HealthCheck probes an instance at an interval.
//
// +kubebuilder:validation:XValidation:rule=`!has(self.path) || self.type != 'TCP'`,message=`path belongs to type HTTP or HTTPS: leave it out`
// +kubebuilder:validation:XValidation:rule=`!has(self.path) || !(self.type in ['GRPC', 'GRPCS'])`,message=`path belongs to type HTTP or HTTPS: leave it out; what gRPC's health protocol is asked about is written in service`
// +kubebuilder:validation:XValidation:rule=`!has(self.expectedStatuses) || self.type in ['HTTP', 'HTTPS']`,message=`expectedStatuses belong to type HTTP or HTTPS: leave them out`
// +kubebuilder:validation:XValidation:rule=`!has(self.service) || self.type in ['GRPC', 'GRPCS']`,message=`service belongs to type GRPC or GRPCS: write one of these, or leave service out`
// +kubebuilder:validation:XValidation:rule=`!has(self.interval) || !has(self.timeout) || !self.interval.matches(r'^([0-9]{1,5}([.][0-9]{1,9})?(h|m|s|ms))+$') || !self.timeout.matches(r'^([0-9]{1,5}([.][0-9]{1,9})?(h|m|s|ms))+$') || duration(self.timeout) <= duration(self.interval)`,message=`healthCheck timeout must not be longer than interval`
type HealthCheck struct {
	// type of the probe: HTTP for a GET, GRPC for gRPC's health protocol (grpc.health.v1.Health/Check), HTTPS and GRPCS for these over
	// TLS, whose certificate is not verified, or TCP for a connection alone.
	// +kubebuilder:default=HTTP
	// +optional
	Type HealthCheckType `json:"type,omitempty"`

	// path to get, for HTTP and HTTPS. Absent: "/".
	// +optional
	Path CanonicalPath `json:"path,omitempty"`

	// expectedStatuses of a healthy answer, for HTTP and HTTPS: statuses such as "204" and ranges such as "200-299". Absent: "200-399".
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +listType=atomic
	// +optional
	ExpectedStatuses []StatusRange `json:"expectedStatuses,omitempty"`

	// service that gRPC's health protocol is asked about, for GRPC and GRPCS, by the name that the server has for it there, such as
	// shop.v1.Orders. Absent: the server as a whole.
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[!-~]*$')`,message=`service must be a name as gRPC's health protocol has it, such as shop.v1.Orders: printable ASCII without spaces`
	// +optional
	Service string `json:"service,omitempty"`

	// port of the service to probe; ports says where it is on the instance. Absent: the first of ports.
	// +optional
	Port Port `json:"port,omitempty"`

	// interval between the beginnings of two probes; at least 1s.
	// +kubebuilder:default="10s"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule=`!self.matches(r'^([0-9]{1,5}([.][0-9]{1,9})?(h|m|s|ms))+$') || duration(self) >= duration('1s')`,message=`interval must be at least 1s`
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^([0-9]{1,5}([.][0-9]{1,9})?(h|m|s|ms))+$')`,message=`interval must be a duration of zero or more in h, m, s and ms, such as 10s or 1m30s`
	// +optional
	Interval *metav1.Duration `json:"interval,omitempty"`

	// timeout of one probe; no longer than interval, and at most 60s.
	// +kubebuilder:default="1s"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule=`!self.matches(r'^([0-9]{1,5}([.][0-9]{1,9})?(h|m|s|ms))+$') || duration(self) > duration('0s')`,message=`timeout must be above zero`
	// +kubebuilder:validation:XValidation:rule=`!self.matches(r'^([0-9]{1,5}([.][0-9]{1,9})?(h|m|s|ms))+$') || duration(self) <= duration('60s')`,message=`timeout must be at most 60s`
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^([0-9]{1,5}([.][0-9]{1,9})?(h|m|s|ms))+$')`,message=`timeout must be a duration of zero or more in h, m, s and ms, such as 500ms or 1s`
	// +optional
	Timeout *metav1.Duration `json:"timeout,omitempty"`

	// healthyThreshold is how many probes in a row must succeed before an instance that was not healthy is.
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	// +optional
	HealthyThreshold int32 `json:"healthyThreshold,omitempty"`

	// unhealthyThreshold is how many probes in a row must fail before an instance that was not unhealthy is.
	// +kubebuilder:default=3
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	// +optional
	UnhealthyThreshold int32 `json:"unhealthyThreshold,omitempty"`
}

// Health is what is known of an instance.
//
// +kubebuilder:validation:Enum=Healthy;Unhealthy;Unknown
type Health string

const (
	// HealthHealthy takes requests.
	HealthHealthy Health = "Healthy"
	// HealthUnhealthy takes none.
	HealthUnhealthy Health = "Unhealthy"
	// HealthUnknown has not been probed yet. It takes requests while no instance of its service is known to be healthy.
	HealthUnknown Health = "Unknown"
)

// TaskStatus is what is known of an instance. Where the Task has no healthCheck, another controller may write health,
// message and lastTransitionTime; where it has one, what they say is what the probes found.
type TaskStatus struct {
	// observedGeneration is the metadata.generation that this status speaks of, -1 before a controller has written it.
	// +kubebuilder:default=-1
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// health of the instance.
	// +optional
	Health Health `json:"health,omitempty"`

	// message says why, for people.
	// +kubebuilder:validation:MaxLength=1024
	// +optional
	Message string `json:"message,omitempty"`

	// lastTransitionTime is when health last changed.
	// +optional
	LastTransitionTime *metav1.Time `json:"lastTransitionTime,omitempty"`

	// conditions are Accepted, Healthy, Ready, and Stalled or Reconciling where it is not Ready.
	// +kubebuilder:validation:MaxItems=8
	// +listType=map
	// +listMapKey=type
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}
