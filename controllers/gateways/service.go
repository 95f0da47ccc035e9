// SPDX-License-Identifier: Apache-2.0

package gateways

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/controllers/gatewayapi"
	"github.com/warren-dev/ingress/controllers/replicas"
	"github.com/warren-dev/ingress/controllers/sources"
)

// The chart gives the rights to write Services and EndpointSlices where Gateways get Services, and nowhere else. So no
// marker here asks for them.

// faultRetry is when to look again at what is in the way of a Service, which may not be watched.
const faultRetry = 30 * time.Second

// ServiceReconciler makes the Services of Gateways, and says in EndpointSlices which replicas are behind them.
type ServiceReconciler struct {
	*Config
	Client client.Client
	// Reader asks the API server, not a cache.
	Reader client.Reader
	// rewrites are those of the Services, and sliceRewrites those of their EndpointSlices. One goroutine at a time
	// reconciles.
	rewrites, sliceRewrites rewrites

	mu sync.Mutex
	// queue is nil before the controller runs.
	queue workqueue.TypedRateLimitingInterface[reconcile.Request]
	// gateways has the Gateway of each Service.
	gateways map[types.NamespacedName]reconcile.Request
}

// Reconcile makes the Service of one Gateway what it should be.
func (r *ServiceReconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var object gatewayv1.Gateway
	if err := r.API.Get(ctx, gatewayapi.GatewayKind, request.NamespacedName, &object); err != nil {
		r.forget(request)
		return ctrl.Result{}, client.IgnoreNotFound(err) // Its Service goes with it.
	}
	if by := replicas.ClaimantsOfClass(r.Class); !r.Peers.Writes(request.Namespace, &by) {
		return ctrl.Result{}, nil
	}
	verdict := r.Snapshots.GatewayVerdict(gatewayapi.GatewayKind, &object)
	switch {
	case verdict == nil:
		return ctrl.Result{}, r.release(ctx, &object)
	case verdict.Service == nil: // A Service that is there keeps its address.
		r.Services.say(request.NamespacedName, serviceFault{})
		return ctrl.Result{}, nil
	}
	plan := verdict.Service
	r.remember(types.NamespacedName{Namespace: object.Namespace, Name: plan.Name}, request) // before asking what may change
	service, fault, err := r.settle(ctx, &object, plan)
	if service != nil && err == nil {
		var ofSlices serviceFault
		if ofSlices, err = r.settleSlices(ctx, service, plan); fault.reason == "" {
			fault = ofSlices
		}
	}
	if err != nil && !apierrors.IsConflict(err) {
		fault = serviceFault{reason: gatewayv1.GatewayReasonAddressNotAssigned,
			text: "its Service cannot be written: " + cluster.ClipMessage(err.Error())}
	}
	fault.generation = object.Generation
	if r.Services.say(request.NamespacedName, fault) {
		r.Snapshots.Again(gatewayapi.GatewayKind, request.NamespacedName)
	}
	switch {
	case apierrors.IsConflict(err): // The event of what is newer is on its way.
		return ctrl.Result{RequeueAfter: time.Second}, nil
	case err != nil:
		return ctrl.Result{}, err
	case fault.reason != "":
		return ctrl.Result{RequeueAfter: faultRetry}, nil
	}
	return ctrl.Result{}, r.removeBut(ctx, &object, plan.Name)
}

// settle makes a Service what the plan says. It returns the Service, nil if there is none, and what is in its way.
func (r *ServiceReconciler) settle(ctx context.Context, g *gatewayv1.Gateway, plan *gatewayapi.ServicePlan) (*corev1.Service, serviceFault, error) {
	have, err := r.find(ctx, types.NamespacedName{Namespace: g.Namespace, Name: plan.Name})
	switch {
	case err != nil:
		return nil, serviceFault{}, err
	case have == nil && (plan.Unusable || len(plan.Ports) == 0):
		return nil, serviceFault{}, nil // The verdict says why.
	case have == nil:
		return r.create(ctx, g, plan)
	case have.DeletionTimestamp != nil:
		return nil, serviceFault{}, nil // The next one is made once it is gone.
	case sources.GatewayOf(have) != g.UID:
		return nil, serviceFault{reason: gatewayv1.GatewayReasonInvalid, text: "Service " + plan.Name +
			" is there and is not this Gateway's own: delete it, or give the Gateway another name"}, nil
	case len(plan.Ports) == 0:
		return have, serviceFault{}, nil
	}
	var fault serviceFault
	if needsOtherAddress(have, plan) {
		// An address cannot be changed. Before the one that it has is given up, ask whether there can be such a one.
		trial := r.form(g, plan)
		trial.Name, trial.GenerateName = "", "trial-"
		if err := r.Client.Create(ctx, trial, client.DryRunAll); err == nil {
			log.FromContext(ctx).Info("the Gateway's Service is made anew, for another address", "service", plan.Name)
			err := r.Client.Delete(ctx, have, client.Preconditions{UID: &have.UID})
			if client.IgnoreNotFound(err) != nil {
				return nil, fault, fmt.Errorf("deleting a Service for another address: %w", err)
			}
			return r.create(ctx, g, plan)
		} else if fault = refusedAddress(err, plan); fault.reason == "" {
			return have, fault, fmt.Errorf("asking whether a Service can have another address: %w", err)
		}
	}
	wanted := have.DeepCopy()
	r.shape(wanted, plan)
	if equality.Semantic.DeepEqual(have, wanted) {
		return have, fault, nil
	}
	name := client.ObjectKeyFromObject(have)
	// A Service that leads to another target is written back at once, each time: while it does so, that target may be
	// opened for nobody.
	if wait := r.rewrites.wait(name, plan, time.Now()); wait > 0 && leadsAsPlanned(have, plan) {
		r.again(name, wait)
		return have, fault, nil
	}
	if err := r.Client.Update(ctx, wanted); err != nil {
		return have, fault, fmt.Errorf("updating a Service: %w", err)
	}
	r.rewrites.wrote(name, plan, time.Now())
	return wanted, fault, nil
}

// leadsAsPlanned returns whether each port of a Service leads to the target of its plan.
func leadsAsPlanned(service *corev1.Service, plan *gatewayapi.ServicePlan) bool {
	targets := make(map[uint16]uint16, len(plan.Ports))
	for _, p := range plan.Ports {
		targets[p.Port] = p.Target
	}
	return !slices.ContainsFunc(service.Spec.Ports, func(p corev1.ServicePort) bool {
		return p.TargetPort.IntValue() != int(targets[uint16(p.Port)])
	})
}

// find returns a Service, nil if there is none. One that has lost its label is not in the cache: somebody has taken the
// label away, or it never was a Gateway's.
func (r *ServiceReconciler) find(ctx context.Context, name types.NamespacedName) (*corev1.Service, error) {
	service := new(corev1.Service)
	err := r.Services.Get(ctx, name, service)
	if !apierrors.IsNotFound(err) {
		return service, err
	}
	var list corev1.ServiceList // The right to list Services is there anyway.
	if err := r.Reader.List(ctx, &list, client.InNamespace(name.Namespace), client.MatchingFields{metav1.ObjectNameField: name.Name}); err != nil {
		return nil, fmt.Errorf("looking for a Service: %w", err)
	}
	if len(list.Items) == 0 {
		return nil, nil
	}
	return &list.Items[0], nil
}

// create makes a Service. It returns why the API server does not give it the address that the Gateway's author asks
// for.
func (r *ServiceReconciler) create(ctx context.Context, g *gatewayv1.Gateway, plan *gatewayapi.ServicePlan) (*corev1.Service, serviceFault, error) {
	service := r.form(g, plan)
	err := r.Client.Create(ctx, service)
	if err == nil {
		return service, serviceFault{}, nil
	}
	if fault := refusedAddress(err, plan); fault.reason != "" {
		return nil, fault, nil
	}
	return nil, serviceFault{}, fmt.Errorf("making a Service: %w", err)
}

// release removes the Services of a Gateway that another controller serves now. It removes nothing if that is not
// certain.
func (r *ServiceReconciler) release(ctx context.Context, g *gatewayv1.Gateway) error {
	var class gatewayv1.GatewayClass
	err := r.API.Get(ctx, gatewayapi.GatewayClassKind, types.NamespacedName{Name: string(g.Spec.GatewayClassName)}, &class)
	if err != nil || class.Spec.ControllerName == r.API.Controller() {
		return client.IgnoreNotFound(err)
	}
	return r.removeBut(ctx, g, "")
}

// removeBut removes the Services that this controller has made for a Gateway under other names: for other classes.
func (r *ServiceReconciler) removeBut(ctx context.Context, g *gatewayv1.Gateway, keep string) error {
	var list corev1.ServiceList
	if err := r.Services.List(ctx, &list, client.InNamespace(g.Namespace)); err != nil {
		return fmt.Errorf("listing the Services of a Gateway: %w", err)
	}
	for i := range list.Items {
		s := &list.Items[i]
		if sources.GatewayOf(s) != g.UID || s.Name == keep || s.DeletionTimestamp != nil || readRecord(s).Controller != string(r.API.Controller()) {
			continue
		}
		if err := r.Client.Delete(ctx, s, client.Preconditions{UID: &s.UID}); client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("deleting a Service that its Gateway has no more: %w", err)
		}
	}
	return nil
}

// Setup has the reconciler run in a manager.
func (r *ServiceReconciler) Setup(mgr ctrl.Manager) error {
	r.gateways, r.rewrites, r.sliceRewrites = make(map[types.NamespacedName]reconcile.Request), make(rewrites), make(rewrites)
	r.Replicas.Subscribe(r.every)
	err := cluster.NewController(mgr, "gatewayservice").
		WatchesRawSource(r.Snapshots.Changes(gatewayapi.GatewayKind)).
		WatchesRawSource(r.API.Request(gatewayapi.GatewayKind)).
		WatchesRawSource(r.Services.Request(r.gatewayOf)).
		WatchesRawSource(source.Func(r.begin)).
		Complete(r)
	if err != nil {
		return fmt.Errorf("setting up the controller of Gateways' Services: %w", err)
	}
	return nil
}

func (r *ServiceReconciler) begin(_ context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.queue = queue
	return nil
}

func (r *ServiceReconciler) remember(service types.NamespacedName, request reconcile.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gateways[service] = request
}

func (r *ServiceReconciler) forget(request reconcile.Request) {
	r.Services.say(request.NamespacedName, serviceFault{})
	r.mu.Lock()
	defer r.mu.Unlock()
	for service, of := range r.gateways {
		if of == request {
			delete(r.gateways, service)
			delete(r.rewrites, service)
			for _, family := range []discoveryv1.AddressType{discoveryv1.AddressTypeIPv4, discoveryv1.AddressTypeIPv6} {
				delete(r.sliceRewrites, types.NamespacedName{Namespace: service.Namespace, Name: sliceName(service.Name, family)})
			}
		}
	}
}

// gatewayOf returns the Gateway of a Service.
func (r *ServiceReconciler) gatewayOf(service types.NamespacedName) []reconcile.Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	if request, ok := r.gateways[service]; ok {
		return []reconcile.Request{request}
	}
	return nil
}

// again has the Gateway of a Service looked at again after a time.
func (r *ServiceReconciler) again(service types.NamespacedName, after time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if request, ok := r.gateways[service]; ok && r.queue != nil {
		r.queue.AddAfter(request, after)
	}
}

// every has all Gateways looked at again. It does not wait.
func (r *ServiceReconciler) every() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.queue == nil {
		return
	}
	for _, request := range r.gateways {
		r.queue.Add(request)
	}
}
