// SPDX-License-Identifier: Apache-2.0

package gateways

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/intstr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/controllers/gatewayapi"
)

// recordAnnotation on a Gateway's Service says who has made it, and which of its labels and annotations come from the
// Gateway. Those go if the Gateway has them no more. Others may be those of whoever makes load balancers.
const recordAnnotation = "ingress.warren.dev/gateway-service"

// record is the value of that annotation.
type record struct {
	// Controller is the name by which GatewayClasses name the controller.
	Controller  string   `json:"controller"`
	Labels      []string `json:"labels,omitempty"`
	Annotations []string `json:"annotations,omitempty"`
}

// readRecord returns the record of a Service. It is empty if somebody has spoilt it.
func readRecord(service *corev1.Service) (r record) {
	if err := json.Unmarshal([]byte(service.Annotations[recordAnnotation]), &r); err != nil {
		return record{}
	}
	return r
}

// gatewayKind is the kind of the owners of Services.
var gatewayKind = schema.GroupVersionKind{Group: gatewayv1.GroupName, Version: gatewayv1.GroupVersion.Version, Kind: gatewayapi.GatewayKind}

// form returns the Service of a Gateway as it is made.
func (r *ServiceReconciler) form(g *gatewayv1.Gateway, plan *gatewayapi.ServicePlan) *corev1.Service {
	service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: g.Namespace, Name: plan.Name,
		OwnerReferences: []metav1.OwnerReference{cluster.OwnedBy(g, gatewayKind)}}}
	r.shape(service, plan)
	if plan.Type == gatewayapi.ClusterIPServices {
		for _, address := range plan.Addresses {
			service.Spec.ClusterIPs = append(service.Spec.ClusterIPs, address.String())
		}
		if len(plan.Addresses) > 0 {
			service.Spec.ClusterIP = service.Spec.ClusterIPs[0]
		}
	}
	return service
}

// shape writes into a Service what it has to say. It leaves alone what cannot be changed, and what is for others to
// say: node ports, traffic policies and classes of load balancers.
func (r *ServiceReconciler) shape(service *corev1.Service, plan *gatewayapi.ServicePlan) {
	before := readRecord(service)
	for _, key := range before.Labels {
		delete(service.Labels, key)
	}
	for _, key := range before.Annotations {
		delete(service.Annotations, key)
	}
	if service.Labels == nil {
		service.Labels = make(map[string]string, len(plan.Labels))
	}
	if service.Annotations == nil {
		service.Annotations = make(map[string]string, len(plan.Annotations)+1)
	}
	maps.Copy(service.Labels, plan.Labels)
	maps.Copy(service.Annotations, plan.Annotations)
	text, err := json.Marshal(record{string(r.API.Controller()), slices.Sorted(maps.Keys(plan.Labels)), slices.Sorted(maps.Keys(plan.Annotations))})
	if err != nil {
		panic(err) // It has texts alone.
	}
	service.Annotations[recordAnnotation] = string(text)

	ports := make([]corev1.ServicePort, len(plan.Ports))
	for i, p := range plan.Ports {
		ports[i] = corev1.ServicePort{Name: portName(p.Port), Protocol: corev1.ProtocolTCP, Port: int32(p.Port), TargetPort: intstr.FromInt32(int32(p.Target))}
		for n := range service.Spec.Ports {
			if of := &service.Spec.Ports[n]; of.Port == ports[i].Port && of.Protocol == corev1.ProtocolTCP {
				ports[i].NodePort = of.NodePort
			}
		}
	}
	spec := &service.Spec
	spec.Type, spec.Ports = corev1.ServiceType(plan.Type), ports
	spec.Selector, spec.ExternalIPs, spec.ExternalName = nil, nil, ""
	if plan.Type == gatewayapi.LoadBalancerServices && !plan.Unusable {
		spec.LoadBalancerIP = ""
		if len(plan.Addresses) > 0 {
			spec.LoadBalancerIP = plan.Addresses[0].String()
		}
	}
}

// portName returns the name of a port in a Service and in its EndpointSlices.
func portName(port uint16) string { return "port-" + strconv.Itoa(int(port)) }

// needsOtherAddress returns whether a Service has not got the addresses that its Gateway's author asks for, and cannot
// get them as it is.
func needsOtherAddress(service *corev1.Service, plan *gatewayapi.ServicePlan) bool {
	if plan.Type != gatewayapi.ClusterIPServices {
		return false
	}
	for _, address := range plan.Addresses {
		if !slices.Contains(service.Spec.ClusterIPs, address.String()) {
			return true
		}
	}
	return false
}
