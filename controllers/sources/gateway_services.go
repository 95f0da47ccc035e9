// SPDX-License-Identifier: Apache-2.0

package sources

import (
	"context"
	"fmt"
	"net/netip"
	"reflect"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/selection"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	toolscache "k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/controllers/gatewayapi"
)

// GatewaySliceManager is the value of the label by which EndpointSlices say who manages them, for those of the Services
// of Gateways.
const GatewaySliceManager = "gateways.ingress.warren.dev"

// GatewayServices are the Services that Gateways have for themselves, and their EndpointSlices. Those of other
// controllers' Gateways are among them, and whatever else has the same labels.
type GatewayServices struct {
	cache.Cache
}

// AddGatewayServices has the manager run the cache of these namespaces, or of all.
func AddGatewayServices(mgr ctrl.Manager, namespaces []string) (*GatewayServices, error) {
	labelled, err := labels.NewRequirement(gatewayv1.GatewayNameLabelKey, selection.Exists, nil)
	if err != nil {
		return nil, fmt.Errorf("watching the Services of Gateways: %w", err)
	}
	held, err := cluster.AddCache(mgr, cache.Options{
		DefaultNamespaces: cluster.WatchedNamespaces(namespaces), DefaultTransform: cache.TransformStripManagedFields(),
		ByObject: map[client.Object]cache.ByObject{
			&corev1.Service{}:            {Label: labels.NewSelector().Add(*labelled)},
			&discoveryv1.EndpointSlice{}: {Label: labels.SelectorFromSet(labels.Set{discoveryv1.LabelManagedBy: GatewaySliceManager})},
		},
	})
	if err != nil {
		return nil, fmt.Errorf("watching the Services of Gateways: %w", err)
	}
	return &GatewayServices{held}, nil
}

// Watch has changed called whenever something changes that a snapshot is made from.
func (g *GatewayServices) Watch(ctx context.Context, changed func()) error {
	informer, err := g.GetInformer(ctx, &corev1.Service{}, cache.BlockUntilSynced(false))
	if err != nil {
		return fmt.Errorf("watching the Services of Gateways: %w", err)
	}
	_, err = informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { changed() },
		DeleteFunc: func(any) { changed() },
		UpdateFunc: func(before, after any) {
			old, ok := before.(*corev1.Service)
			updated, ok2 := after.(*corev1.Service)
			if !ok || !ok2 || !reflect.DeepEqual(readGatewayService(old), readGatewayService(updated)) {
				changed()
			}
		},
	})
	if err != nil {
		return fmt.Errorf("watching the Services of Gateways: %w", err)
	}
	return nil
}

// Read returns the Services that are known.
func (g *GatewayServices) Read(ctx context.Context) ([]*corev1.Service, error) {
	var list corev1.ServiceList
	if err := g.List(ctx, &list, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("listing the Services of Gateways from the cache: %w", err)
	}
	return cluster.Pointers(list.Items), nil
}

// Request is a source of what requests returns for the Service of each event: of one about the Service itself, or about
// one of its EndpointSlices.
func (g *GatewayServices) Request(requests func(service types.NamespacedName) []reconcile.Request) source.Source {
	return source.Func(func(ctx context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
		request := func(object any) {
			if gone, ok := object.(toolscache.DeletedFinalStateUnknown); ok {
				object = gone.Obj
			}
			var service types.NamespacedName
			switch o := object.(type) {
			case *corev1.Service:
				service = client.ObjectKeyFromObject(o)
			case *discoveryv1.EndpointSlice:
				service = serviceOf(o)
			}
			for _, r := range requests(service) {
				queue.Add(r)
			}
		}
		for _, object := range []client.Object{&corev1.Service{}, &discoveryv1.EndpointSlice{}} {
			informer, err := g.GetInformer(ctx, object, cache.BlockUntilSynced(false))
			if err != nil {
				return fmt.Errorf("watching %T of Gateways: %w", object, err)
			}
			registration, err := informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
				AddFunc: request, DeleteFunc: request,
				UpdateFunc: func(before, after any) {
					request(before) // whose it may have been
					request(after)
				},
			})
			if err != nil {
				return fmt.Errorf("watching %T of Gateways: %w", object, err)
			}
			context.AfterFunc(ctx, func() { _ = informer.RemoveEventHandler(registration) }) // fails if it has ended too
		}
		return nil
	})
}

// readGatewayService reads what counts of a Service. One that is being deleted is no Gateway's any more.
func readGatewayService(from *corev1.Service) *gatewayapi.Service {
	s := &gatewayapi.Service{NamespacedName: client.ObjectKeyFromObject(from), UID: from.UID, Targets: make(map[uint16]uint16)}
	if from.DeletionTimestamp == nil {
		s.Gateway = GatewayOf(from)
	}
	for i := range from.Spec.Ports {
		p := &from.Spec.Ports[i]
		isTCP := p.Protocol == "" || p.Protocol == corev1.ProtocolTCP
		if isTCP && isPort(p.Port) && p.TargetPort.Type == intstr.Int && isPort(p.TargetPort.IntVal) {
			s.Targets[uint16(p.Port)] = uint16(p.TargetPort.IntVal)
		}
	}
	if from.Spec.Type != corev1.ServiceTypeLoadBalancer {
		for _, ip := range from.Spec.ClusterIPs {
			if address, err := netip.ParseAddr(ip); err == nil { // A headless Service has None.
				s.AddAddress(gatewayv1.IPAddressType, address.String())
			}
		}
		return s
	}
	for i := range from.Status.LoadBalancer.Ingress {
		at := &from.Status.LoadBalancer.Ingress[i]
		if at.IP != "" {
			s.AddAddress(gatewayv1.IPAddressType, at.IP)
		} else {
			s.AddAddress(gatewayv1.HostnameAddressType, at.Hostname)
		}
	}
	return s
}

func isPort(n int32) bool { return 0 < n && n <= 65535 }

// GatewayOf returns the UID of the Gateway that controls an object, and nothing if none does.
func GatewayOf(object metav1.Object) types.UID {
	owner := metav1.GetControllerOfNoCopy(object)
	if owner == nil || owner.Kind != gatewayapi.GatewayKind {
		return ""
	}
	if version, err := schema.ParseGroupVersion(owner.APIVersion); err != nil || version.Group != gatewayv1.GroupName {
		return ""
	}
	return owner.UID
}
