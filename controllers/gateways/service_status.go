// SPDX-License-Identifier: Apache-2.0

package gateways

import (
	"errors"
	"slices"
	"strings"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/controllers/gatewayapi"
	"github.com/warren-dev/ingress/controllers/sources"
)

// Services are the Services of Gateways, with what is in the way of each.
type Services struct {
	*sources.GatewayServices

	mu     sync.Mutex
	faults map[types.NamespacedName]serviceFault // by the Gateway
}

// NewServices returns Services that nothing is in the way of.
func NewServices(from *sources.GatewayServices) *Services {
	return &Services{GatewayServices: from, faults: make(map[types.NamespacedName]serviceFault)}
}

// serviceFault is what is in the way of a Gateway's Service, in one generation of the Gateway. It is of nothing if it
// has no reason.
type serviceFault struct {
	generation int64
	reason     gatewayv1.GatewayConditionReason
	text       string
}

// say notes what is in the way of the Service of a Gateway. It returns whether that is news.
func (s *Services) say(gateway types.NamespacedName, fault serviceFault) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.faults[gateway]
	if fault.reason == "" {
		delete(s.faults, gateway)
		return before.reason != ""
	}
	s.faults[gateway] = fault
	return before != fault
}

// fault returns what is in the way of the Service of a Gateway in this generation.
func (s *Services) fault(gateway types.NamespacedName, generation int64) serviceFault {
	s.mu.Lock()
	defer s.mu.Unlock()
	if fault := s.faults[gateway]; fault.generation == generation {
		return fault
	}
	return serviceFault{}
}

// refusedAddress returns what is in the way of a Service if the API server refuses the addresses that the Gateway's
// author asks for.
func refusedAddress(err error, plan *gatewayapi.ServicePlan) serviceFault {
	var refused apierrors.APIStatus
	if len(plan.Addresses) == 0 || !apierrors.IsInvalid(err) || !errors.As(err, &refused) || refused.Status().Details == nil {
		return serviceFault{}
	}
	for _, cause := range refused.Status().Details.Causes {
		if strings.HasPrefix(cause.Field, "spec.clusterIP") || strings.HasPrefix(cause.Field, "spec.loadBalancerIP") ||
			strings.HasPrefix(cause.Field, "spec.ipFamil") {
			return serviceFault{reason: gatewayv1.GatewayReasonAddressNotUsable, text: cluster.ClipMessage("no Service can have what spec.addresses asks for: " +
				cause.Message + ": write another address, or none")}
		}
	}
	return serviceFault{}
}

// judgeService changes the condition Programmed of a Gateway to what its Service says: whether something is in its way,
// whether it has an address, and whether all replicas have opened what it leads to.
func (c *Config) judgeService(object *gatewayv1.Gateway, verdict *gatewayapi.Verdict, conditions []metav1.Condition) {
	plan := verdict.Service
	if plan == nil {
		return
	}
	is := meta.FindStatusCondition(conditions, string(gatewayv1.GatewayConditionProgrammed))
	set := func(status metav1.ConditionStatus, reason gatewayv1.GatewayConditionReason, message string) {
		is.Status, is.Reason, is.Message = status, string(reason), message
	}
	fault := c.Services.fault(types.NamespacedName{Namespace: object.Namespace, Name: object.Name}, object.Generation)
	has := func(value string) bool {
		return slices.ContainsFunc(object.Status.Addresses, func(a gatewayv1.GatewayStatusAddress) bool { return a.Value == value })
	}
	before := meta.FindStatusCondition(object.Status.Conditions, is.Type)
	told := before != nil && before.Status == metav1.ConditionTrue && before.ObservedGeneration == object.Generation
	switch {
	case fault.reason != "":
		set(metav1.ConditionFalse, fault.reason, fault.text)
	case !meta.IsStatusConditionTrue(verdict.Conditions, is.Type):
	case len(object.Status.Addresses) == 0:
		set(metav1.ConditionFalse, gatewayv1.GatewayReasonAddressNotAssigned, "Service "+plan.Name+" has no address yet: the cluster gives it one")
	case len(plan.Addresses) > 0 && !has(plan.Addresses[0].String()):
		set(metav1.ConditionFalse, gatewayv1.GatewayReasonAddressNotUsable, "Service "+plan.Name+" has not got the address "+plan.Addresses[0].String()+
			" that spec.addresses asks for: write another one, or none")
	case is.Status == metav1.ConditionTrue && !told && len(c.Replicas.Behind(plan.There)) > 0:
		set(metav1.ConditionUnknown, gatewayv1.GatewayReasonPending, "not every ready replica serves at the Service's ports yet")
	}
}
