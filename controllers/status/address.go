// SPDX-License-Identifier: Apache-2.0

package status

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/cluster"
)

// Addresses knows the addresses at which clients reach the data plane.
type Addresses interface {
	Read(context.Context) ([]v1alpha1.LoadBalancerIngress, error)
	// Changes returns a source of these requests whenever the addresses change, nil if they never do.
	Changes(requests func(context.Context) []reconcile.Request) source.Source
}

// PublishedAddresses returns the addresses of --publish-address or of --publish-service. At least one of the two is
// empty.
func PublishedAddresses(mgr ctrl.Manager, address, service string) (Addresses, error) {
	if service == "" {
		return parsePublishAddress(address)
	}
	if address != "" {
		return nil, errors.New("a publish address and a publish service are given: leave one of them out")
	}
	name, err := parsePublishService(service)
	if err != nil {
		return nil, err
	}
	held, err := cluster.AddCache(mgr, serviceCacheOptions(name))
	if err != nil {
		return nil, fmt.Errorf("watching the Service %s whose addresses are published: %w", name, err)
	}
	return &serviceAddresses{cache: held, name: name}, nil
}

// fixedAddresses are the addresses of --publish-address, or none.
type fixedAddresses []v1alpha1.LoadBalancerIngress

// Read returns a copy: an object that gets the addresses may be decoded into, which overwrites them.
func (f fixedAddresses) Read(context.Context) ([]v1alpha1.LoadBalancerIngress, error) {
	return slices.Clone(f), nil
}

// Changes returns nil: they never change.
func (f fixedAddresses) Changes(func(context.Context) []reconcile.Request) source.Source { return nil }

// parsePublishAddress reads the IP address or host name of --publish-address.
func parsePublishAddress(text string) (fixedAddresses, error) {
	if text == "" {
		return nil, nil
	}
	if address, err := netip.ParseAddr(text); err == nil && address.Zone() == "" {
		return fixedAddresses{{IP: address.Unmap().String()}}, nil
	}
	if len(validation.IsDNS1123Subdomain(text)) > 0 {
		return nil, fmt.Errorf("publish address %q is neither an IP address nor a host name: write one such as 203.0.113.7 or lb.example.com",
			text)
	}
	return fixedAddresses{{Hostname: text}}, nil
}

// serviceAddresses are the addresses of the Service that --publish-service names. The Service has its own cache,
// because it may be in a namespace that is not watched, and because the other cache keeps no Service's status.
type serviceAddresses struct {
	cache cache.Cache
	name  types.NamespacedName
}

// Read returns none while the Service does not exist or has none.
func (s *serviceAddresses) Read(ctx context.Context) ([]v1alpha1.LoadBalancerIngress, error) {
	var service corev1.Service
	if err := s.cache.Get(ctx, s.name, &service); err != nil {
		if apierrors.IsNotFound(err) {
			return nil, nil
		}
		return nil, fmt.Errorf("reading the Service %s whose addresses are published: %w", s.name, err)
	}
	var addresses []v1alpha1.LoadBalancerIngress
	for _, at := range service.Status.LoadBalancer.Ingress {
		addresses = append(addresses, v1alpha1.LoadBalancerIngress{IP: at.IP, Hostname: at.Hostname})
	}
	return addresses, nil
}

// Changes is a source of requests whenever the Service changes.
func (s *serviceAddresses) Changes(requests func(context.Context) []reconcile.Request) source.Source {
	return source.Kind(s.cache, &corev1.Service{}, handler.TypedEnqueueRequestsFromMapFunc(
		func(ctx context.Context, _ *corev1.Service) []reconcile.Request { return requests(ctx) }))
}

// serviceCacheOptions returns the options of a cache of one Service.
func serviceCacheOptions(name types.NamespacedName) cache.Options {
	return cache.Options{
		ByObject: map[client.Object]cache.ByObject{
			&corev1.Service{}: {Namespaces: map[string]cache.Config{
				name.Namespace: {FieldSelector: fields.OneTermEqualSelector(metav1.ObjectNameField, name.Name)},
			}},
		},
	}
}

// parsePublishService reads the "namespace/name" of --publish-service.
func parsePublishService(text string) (types.NamespacedName, error) {
	namespace, name, ok := strings.Cut(text, "/")
	if !ok || len(validation.IsDNS1123Label(namespace)) > 0 || len(validation.IsDNS1035Label(name)) > 0 {
		return types.NamespacedName{}, fmt.Errorf("publish service %q is no Service: write its namespace and name, such as warren-system/warren-ingress",
			text)
	}
	return types.NamespacedName{Namespace: namespace, Name: name}, nil
}
