// SPDX-License-Identifier: Apache-2.0

package gateways

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/controllers/gatewayapi"
	"github.com/warren-dev/ingress/controllers/replicas"
	"github.com/warren-dev/ingress/controllers/sources"
)

// settleSlices has the ready replicas be behind a Service, in one EndpointSlice for each family of addresses. A replica
// that ends is not ready from the beginning of its drain on, and takes connections until the drain's delay is over. The
// slices go with the Service. It returns what is in the way of one.
func (r *ServiceReconciler) settleSlices(ctx context.Context, service *corev1.Service, plan *gatewayapi.ServicePlan) (fault serviceFault, err error) {
	ready := r.Replicas.Ready()
	for _, family := range service.Spec.IPFamilies {
		wanted := sliceOf(service, plan, discoveryv1.AddressType(family), ready)
		have, err := r.findSlice(ctx, client.ObjectKeyFromObject(wanted))
		switch {
		case err != nil:
		case have != nil && !isOwnSlice(have, service):
			fault = serviceFault{reason: gatewayv1.GatewayReasonInvalid, text: "EndpointSlice " + wanted.Name +
				" is there and is not this Gateway's own: delete it, or give the Gateway another name"}
		default:
			err = r.settleSlice(ctx, service, have, wanted)
		}
		if err != nil {
			return fault, fmt.Errorf("writing an EndpointSlice: %w", err)
		}
	}
	return fault, nil
}

// isOwnSlice returns whether an EndpointSlice was made for a Service of this name by a controller of ours. Its label
// says so, and so does its owner: somebody may have changed one of both.
func isOwnSlice(slice *discoveryv1.EndpointSlice, service *corev1.Service) bool {
	owner := metav1.GetControllerOfNoCopy(slice)
	return slice.Labels[discoveryv1.LabelManagedBy] == sources.GatewaySliceManager ||
		owner != nil && owner.APIVersion == corev1.SchemeGroupVersion.String() && owner.Kind == "Service" && owner.Name == service.Name
}

// settleSlice makes an EndpointSlice of a Service what it should be. have is nil if there is none.
func (r *ServiceReconciler) settleSlice(ctx context.Context, service *corev1.Service, have, wanted *discoveryv1.EndpointSlice) error {
	if have == nil {
		return r.createSlice(ctx, wanted)
	}
	anew := have.AddressType != wanted.AddressType || !equality.Semantic.DeepEqual(have.OwnerReferences, wanted.OwnerReferences)
	next := have.DeepCopy()
	if next.Labels == nil {
		next.Labels = make(map[string]string, len(wanted.Labels))
	}
	maps.Copy(next.Labels, wanted.Labels)
	next.Ports = wanted.Ports
	if len(wanted.Endpoints) > 0 { // If none is ready, those that were take requests until they end.
		next.Endpoints = wanted.Endpoints
	}
	if !anew && equality.Semantic.DeepEqual(have, next) {
		return nil
	}
	name, plan := client.ObjectKeyFromObject(wanted), wanted.DeepCopy() // What is sent is filled in with what comes back.
	if wait := r.sliceRewrites.wait(name, plan, time.Now()); wait > 0 {
		r.again(client.ObjectKeyFromObject(service), wait)
		return nil
	}
	var err error
	if anew { // It is that of a Service that is gone, or what it is cannot be changed.
		if err = r.Client.Delete(ctx, have, client.Preconditions{UID: &have.UID}); client.IgnoreNotFound(err) == nil {
			err = r.createSlice(ctx, wanted)
		}
	} else {
		err = r.Client.Update(ctx, next)
	}
	if err == nil {
		r.sliceRewrites.wrote(name, plan, time.Now())
	}
	return err
}

func (r *ServiceReconciler) createSlice(ctx context.Context, wanted *discoveryv1.EndpointSlice) error {
	if len(wanted.Endpoints) == 0 {
		return nil // No replica is known yet, or none has an address of the family.
	}
	return r.Client.Create(ctx, wanted)
}

// findSlice returns an EndpointSlice, nil if there is none. One that has lost its label is not in the cache.
func (r *ServiceReconciler) findSlice(ctx context.Context, name types.NamespacedName) (*discoveryv1.EndpointSlice, error) {
	slice := new(discoveryv1.EndpointSlice)
	err := r.Services.Get(ctx, name, slice)
	if !apierrors.IsNotFound(err) {
		return slice, err
	}
	var list discoveryv1.EndpointSliceList // The right to list them is there anyway.
	if err := r.Reader.List(ctx, &list, client.InNamespace(name.Namespace), client.MatchingFields{metav1.ObjectNameField: name.Name}); err != nil {
		return nil, fmt.Errorf("looking for an EndpointSlice: %w", err)
	}
	if len(list.Items) == 0 {
		return nil, nil
	}
	return &list.Items[0], nil
}

// sliceName returns the name of the EndpointSlice of one family of a Service.
func sliceName(service string, family discoveryv1.AddressType) string {
	return service + "-" + strings.ToLower(string(family))
}

// sliceOf returns the EndpointSlice of one family of a Service.
func sliceOf(service *corev1.Service, plan *gatewayapi.ServicePlan, family discoveryv1.AddressType, ready []replicas.Replica) *discoveryv1.EndpointSlice {
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: service.Namespace, Name: sliceName(service.Name, family),
			Labels: map[string]string{
				discoveryv1.LabelServiceName: service.Name, discoveryv1.LabelManagedBy: sources.GatewaySliceManager,
				gatewayv1.GatewayNameLabelKey: plan.Labels[gatewayv1.GatewayNameLabelKey],
			},
			OwnerReferences: []metav1.OwnerReference{cluster.OwnedBy(service, corev1.SchemeGroupVersion.WithKind("Service"))},
		},
		AddressType: family,
	}
	for _, p := range plan.Ports {
		slice.Ports = append(slice.Ports, discoveryv1.EndpointPort{Name: new(portName(p.Port)), Protocol: new(corev1.ProtocolTCP), Port: new(int32(p.Target))})
	}
	var known []netip.Addr
	for i := range ready {
		address := addressOf(&ready[i], family)
		if !address.IsValid() || slices.Contains(known, address) {
			continue
		}
		known = append(known, address)
		endpoint := discoveryv1.Endpoint{Addresses: []string{address.String()},
			Conditions: discoveryv1.EndpointConditions{Ready: new(true), Serving: new(true), Terminating: new(false)}}
		if node := ready[i].Node; node != "" {
			endpoint.NodeName = &node
		}
		slice.Endpoints = append(slice.Endpoints, endpoint)
	}
	return slice
}

// addressOf returns the address of a replica of a family: the one that the other replicas reach it at, or else the
// first of its machine.
func addressOf(replica *replicas.Replica, family discoveryv1.AddressType) netip.Addr {
	for _, address := range append([]netip.Addr{replica.Address.Unmap()}, replicas.ParseMachine(replica.Machine)...) {
		if address.Is4() == (family == discoveryv1.AddressTypeIPv4) && address.IsGlobalUnicast() {
			return address
		}
	}
	return netip.Addr{}
}
