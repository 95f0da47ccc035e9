// SPDX-License-Identifier: Apache-2.0

package status

import (
	"cmp"
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
	"k8s.io/apimachinery/pkg/util/intstr"
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
	// Lacking returns which of these ports of the controller clients do not reach at the same port of the Service that
	// they come by, and that Service. It returns none if no such Service is known.
	Lacking(ctx context.Context, ports []uint16) (service string, lacking []uint16, err error)
	// Changes returns a source of these requests whenever the addresses change, nil if they never do.
	Changes(requests func(context.Context) []reconcile.Request) source.Source
}

// maxAddresses is how many addresses a status may have, as the schema says.
const maxAddresses = 16

// PublishedAddresses returns the addresses of --publish-address, with commas between them, or of --publish-service. At
// least one of the two is empty.
func PublishedAddresses(mgr ctrl.Manager, addresses, service string) (Addresses, error) {
	if service == "" {
		return parsePublishAddresses(addresses)
	}
	if addresses != "" {
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

// Lacking returns none: what is in front of the controller is not known.
func (f fixedAddresses) Lacking(context.Context, []uint16) (service string, lacking []uint16, err error) {
	return "", nil, nil
}

// Changes returns nil: they never change.
func (f fixedAddresses) Changes(func(context.Context) []reconcile.Request) source.Source { return nil }

// parsePublishAddresses reads the IP addresses and host names of --publish-address, with commas between them.
func parsePublishAddresses(text string) (fixedAddresses, error) {
	var addresses fixedAddresses
	for one := range strings.SplitSeq(text, ",") {
		if one = strings.TrimSpace(one); one == "" {
			continue
		}
		if ip, err := netip.ParseAddr(one); err == nil && ip.Zone() == "" {
			addresses = append(addresses, v1alpha1.LoadBalancerIngress{IP: ip.Unmap().String()})
			continue
		}
		if len(validation.IsDNS1123Subdomain(one)) > 0 {
			return nil, fmt.Errorf("publish address %q is neither an IP address nor a host name: write one such as 203.0.113.7 or lb.example.com, "+
				"and a comma between two", one)
		}
		addresses = append(addresses, v1alpha1.LoadBalancerIngress{Hostname: one})
	}
	if addresses = each(addresses); len(addresses) > maxAddresses {
		return nil, fmt.Errorf("there are %d publish addresses: write at most %d", len(addresses), maxAddresses)
	}
	return addresses, nil
}

// each returns each of the addresses once, in their order.
func each(addresses []v1alpha1.LoadBalancerIngress) []v1alpha1.LoadBalancerIngress {
	var once []v1alpha1.LoadBalancerIngress
	for _, address := range addresses {
		if !slices.Contains(once, address) {
			once = append(once, address)
		}
	}
	return once
}

// serviceAddresses are the addresses of the Service that --publish-service names. The Service has its own cache,
// because it may be in a namespace that is not watched, and because the other cache keeps no Service's status.
type serviceAddresses struct {
	cache cache.Cache
	name  types.NamespacedName
}

// Read returns none while the Service does not exist or has none.
func (s *serviceAddresses) Read(ctx context.Context) ([]v1alpha1.LoadBalancerIngress, error) {
	service, err := s.get(ctx)
	if service == nil || err != nil {
		return nil, err
	}
	return addressesOf(service), nil
}

// get returns nil while the Service does not exist.
func (s *serviceAddresses) get(ctx context.Context) (*corev1.Service, error) {
	service := new(corev1.Service)
	if err := s.cache.Get(ctx, s.name, service); err != nil {
		if apierrors.IsNotFound(err) {
			return nil, nil
		}
		return nil, fmt.Errorf("reading the Service %s whose addresses are published: %w", s.name, err)
	}
	return service, nil
}

// Lacking returns none while the Service does not exist.
func (s *serviceAddresses) Lacking(ctx context.Context, ports []uint16) (of string, lacking []uint16, err error) {
	service, err := s.get(ctx)
	if service == nil || err != nil {
		return "", nil, err
	}
	for _, port := range ports {
		if !slices.ContainsFunc(service.Spec.Ports, func(p corev1.ServicePort) bool { return leadsTo(&p, int32(port)) }) {
			lacking = append(lacking, port)
		}
	}
	return s.name.String(), lacking, nil
}

// leadsTo returns whether a port of a Service leads to the same port of its Pods. Which port of theirs has a name is
// not known: it may be that one.
func leadsTo(p *corev1.ServicePort, port int32) bool {
	if p.Port != port || cmp.Or(p.Protocol, corev1.ProtocolTCP) != corev1.ProtocolTCP {
		return false
	}
	return p.TargetPort.Type == intstr.String || cmp.Or(p.TargetPort.IntVal, p.Port) == port
}

// addressesOf returns the addresses at which clients reach a Service, as ingress-nginx publishes them
// (statusAddressFromService): those of its load balancer and its external ones. A Service that can have neither has the
// addresses within the cluster, and one of type ExternalName its name.
func addressesOf(service *corev1.Service) (addresses []v1alpha1.LoadBalancerIngress) {
	for _, at := range service.Status.LoadBalancer.Ingress {
		addresses = append(addresses, v1alpha1.LoadBalancerIngress{IP: at.IP, Hostname: at.Hostname})
	}
	ips := service.Spec.ExternalIPs
	switch service.Spec.Type {
	case corev1.ServiceTypeExternalName:
		return []v1alpha1.LoadBalancerIngress{{Hostname: service.Spec.ExternalName}}
	case corev1.ServiceTypeLoadBalancer: // Without an address, it is going to get one.
	default:
		if len(addresses) == 0 && len(ips) == 0 {
			ips = service.Spec.ClusterIPs
		}
	}
	for _, ip := range ips {
		// A headless Service has None.
		if address, err := netip.ParseAddr(ip); err == nil {
			addresses = append(addresses, v1alpha1.LoadBalancerIngress{IP: address.Unmap().String()})
		}
	}
	addresses = each(addresses)
	return addresses[:min(len(addresses), maxAddresses)]
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

// parsePublishService reads the "namespace/name" of --publish-service. A Service's name may begin with a digit since
// Kubernetes 1.36.
func parsePublishService(text string) (types.NamespacedName, error) {
	namespace, name, ok := strings.Cut(text, "/")
	if !ok || len(validation.IsDNS1123Label(namespace)) > 0 || len(validation.IsDNS1123Label(name)) > 0 {
		return types.NamespacedName{}, fmt.Errorf("publish service %q is no Service: write its namespace and name, such as warren-system/warren-ingress",
			text)
	}
	return types.NamespacedName{Namespace: namespace, Name: name}, nil
}
