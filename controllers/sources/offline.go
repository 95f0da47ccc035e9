// SPDX-License-Identifier: Apache-2.0

package sources

import (
	"context"
	"maps"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/gatewayapi"
	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/nginx"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/controllers/translate"
)

// InputOf makes from objects that are in no cluster what a snapshot controller makes from its cache, and says what
// became of those of the Gateway API. If no IngressClass of the controller's class is among them, it counts as
// existing.
func InputOf(
	objects []client.Object, options translate.Options, gateways gatewayapi.Options, forNginx nginx.Options,
) (in translate.Input, attached *gatewayapi.Attached, err error) {
	i := NewInputs(&Manifests{Objects: objects, Class: options.IngressClass, Gateways: gateways, Nginx: forNginx}, options)
	in, err = i.All(context.Background()) // nothing waits
	return in, i.Attached(), err
}

// Manifests are objects that are in no cluster. One goroutine at a time uses them.
type Manifests struct {
	Objects []client.Object
	// Class is the controller's.
	Class string
	// Nginx says which Ingresses were written for ingress-nginx.
	Nginx nginx.Options
	// Gateways are the controller's options for the Gateway API. Without a controller's name nothing of that is served.
	Gateways gatewayapi.Options
	// Listeners are the addresses at which requests are taken, and NoTaskAt those that no Task may be at. Both are empty
	// where nothing is served.
	Listeners []netip.AddrPort
	NoTaskAt  translate.Reserved

	// secrets and authorities have what was parsed, and what was good, of the objects before these.
	secrets     SecretStore
	authorities map[translate.AuthorityName]authorityVersion
	credentials credentialVersions
}

// of returns the objects of a type.
func of[T any](m *Manifests) (objects []T) {
	for _, object := range m.Objects {
		if o, ok := object.(T); ok {
			objects = append(objects, o)
		}
	}
	return objects
}

// Ingresses implements [Origin].
func (m *Manifests) Ingresses(context.Context) ([]*v1alpha1.Ingress, error) {
	return of[*v1alpha1.Ingress](m), nil
}

// Tasks implements [Origin].
func (m *Manifests) Tasks(context.Context) ([]*v1alpha1.Task, error) {
	return of[*v1alpha1.Task](m), nil
}

// TLSCertificates implements [Origin].
func (m *Manifests) TLSCertificates(context.Context) ([]*v1alpha1.TLSCertificate, error) {
	return of[*v1alpha1.TLSCertificate](m), nil
}

// standardClass is the controller's class. If no IngressClass has its name, it counts as existing: it came with the
// controller, and those that are there came with others.
func (m *Manifests) standardClass() kinds.StandardClass {
	var classes []networkingv1.IngressClass
	for _, o := range of[*networkingv1.IngressClass](m) {
		classes = append(classes, *o)
	}
	class := kinds.NewStandardClass(m.Class, classes)
	hasName := func(o networkingv1.IngressClass) bool { return o.Name == m.Class }
	class.Exists = class.Exists || !slices.ContainsFunc(classes, hasName)
	class.Nginx = kinds.NewNginxClass(m.Nginx.Class, classes)
	return class
}

// Standard implements [Origin].
func (m *Manifests) Standard(context.Context) (ours StandardObjects, err error) {
	class := m.standardClass()
	for _, o := range of[*networkingv1.Ingress](m) {
		if class.Claims(o) {
			ours.add(o, class)
		}
	}
	if m.Nginx.Class == "" {
		return ours, nil
	}
	known := NginxMaps(m.Objects)
	_, beyond := nginx.Named(&m.Nginx, known, ours.Nginx)
	maps.Copy(known, beyond)
	ours.Settings = nginx.NewSettings(m.Nginx, known)
	return ours, nil
}

// GatewayAPI implements [Origin]. If no GatewayClass has the usual name, the controller's counts as existing: it is
// made once for a cluster, by others than those who write Gateways.
func (m *Manifests) GatewayAPI(context.Context) (objects GatewayObjects, err error) {
	objects.Options = m.Gateways
	if m.Gateways.Controller == "" {
		return objects, nil
	}
	objects.Classes, objects.Gateways = of[*gatewayv1.GatewayClass](m), of[*gatewayv1.Gateway](m)
	objects.HTTPRoutes, objects.GRPCRoutes = of[*gatewayv1.HTTPRoute](m), of[*gatewayv1.GRPCRoute](m)
	objects.ListenerSets, objects.BackendTLSPolicies = of[*gatewayv1.ListenerSet](m), of[*gatewayv1.BackendTLSPolicy](m)
	objects.Grants = of[*gatewayv1.ReferenceGrant](m)
	objects.RoutePolicies = of[*v1alpha1.RoutePolicy](m)
	if !slices.ContainsFunc(objects.Classes, func(c *gatewayv1.GatewayClass) bool { return c.Name == gatewayapi.DefaultClass }) {
		objects.Classes = append(objects.Classes, gatewayapi.NewClass(m.Gateways.Controller))
	}
	objects.NamespaceLabels = make(map[string]map[string]string)
	for _, o := range of[*corev1.Namespace](m) {
		objects.NamespaceLabels[o.Name] = o.Labels
	}
	return objects, nil
}

// AllowedHosts implements [Origin].
func (m *Manifests) AllowedHosts(context.Context) (map[string]*string, error) {
	allowed := make(map[string]*string)
	for _, object := range m.Objects {
		if namespace := object.GetNamespace(); namespace != "" && allowed[namespace] == nil {
			allowed[namespace] = nil // unless its Namespace is among the objects
		}
		if o, ok := object.(*corev1.Namespace); ok {
			allowed[o.Name] = AllowedHosts(o)
		}
	}
	return allowed, nil
}

// Services implements [Origin].
func (m *Manifests) Services(context.Context, map[types.NamespacedName]struct{}) ([]*corev1.Service, []*discoveryv1.EndpointSlice, error) {
	return of[*corev1.Service](m), of[*discoveryv1.EndpointSlice](m), nil
}

// Secrets implements [Origin].
func (m *Manifests) Secrets(_ context.Context, named map[types.NamespacedName]struct{}) ([]*translate.Secret, error) {
	return m.secrets.Read(of[*corev1.Secret](m), nil, named), nil
}

// Authorities implements [Origin].
func (m *Manifests) Authorities(_ context.Context, named map[translate.AuthorityName]struct{}) (authorities []*translate.Authority, err error) {
	parsed := make(map[translate.AuthorityName]authorityVersion, len(named))
	add := func(inMap bool, object client.Object, text, revocations []byte) {
		name := translate.AuthorityName{NamespacedName: client.ObjectKeyFromObject(object), ConfigMap: inMap}
		if _, ok := named[name]; !ok {
			return
		}
		parsed[name] = m.authorities[name].next(name, object.GetResourceVersion(), text, revocations)
		authorities = append(authorities, parsed[name].content)
	}
	for _, o := range of[*corev1.Secret](m) {
		add(false, o, o.Data[authorityField], revocationsIn(o.Data))
	}
	for _, o := range of[*corev1.ConfigMap](m) {
		add(true, o, []byte(o.Data[authorityField]), revocationsIn(o.Data))
	}
	m.authorities = parsed
	return authorities, nil
}

// Credentials implements [Origin].
func (m *Manifests) Credentials(_ context.Context, named map[rules.CredentialName]struct{}) (known []*translate.Credential, err error) {
	known, m.credentials = m.credentials.read(of[*corev1.Secret](m), named)
	return known, nil
}

// Own implements [Origin].
func (m *Manifests) Own() []netip.AddrPort { return m.Listeners }

// Reserved implements [Origin].
func (m *Manifests) Reserved() translate.Reserved { return m.NoTaskAt }

// Challenges implements [Origin]. There are none: nothing is ordered without a cluster, which keeps the orders.
func (m *Manifests) Challenges(context.Context, []*v1alpha1.TLSCertificate) ([]translate.Challenge, error) {
	return nil, nil
}

// WithPods returns objects and, for each Service among them that has no EndpointSlice there, one with a Pod that is
// ready: manifests have no Pods. A Service of type ExternalName has none in a cluster either.
func WithPods(objects []client.Object) []client.Object {
	m := &Manifests{Objects: objects}
	sliced := make(map[types.NamespacedName]bool)
	for _, o := range of[*discoveryv1.EndpointSlice](m) {
		sliced[types.NamespacedName{Namespace: o.Namespace, Name: o.Labels[discoveryv1.LabelServiceName]}] = true
	}
	all := slices.Clone(objects)
	for _, o := range of[*corev1.Service](m) {
		if o.Spec.Type == corev1.ServiceTypeExternalName || sliced[client.ObjectKeyFromObject(o)] {
			continue
		}
		slice := &discoveryv1.EndpointSlice{AddressType: discoveryv1.AddressTypeIPv4}
		slice.Namespace, slice.Name = o.Namespace, o.Name+"-assumed"
		slice.Labels = map[string]string{discoveryv1.LabelServiceName: o.Name}
		slice.Endpoints = []discoveryv1.Endpoint{{Addresses: []string{assumedAddress}}}
		for i := range o.Spec.Ports {
			p := &o.Spec.Ports[i]
			slice.Ports = append(slice.Ports, discoveryv1.EndpointPort{Name: &p.Name, Port: &p.Port, Protocol: &p.Protocol})
		}
		all = append(all, slice)
	}
	return all
}

// assumedAddress is one for documentation (RFC 5737), which is nobody's.
const assumedAddress = "192.0.2.1"

// ForNginx returns the Ingresses among objects that were written for ingress-nginx, and what they have in common. That
// is nil if none are served.
func ForNginx(objects []client.Object, class string, forNginx nginx.Options) ([]*networkingv1.Ingress, *nginx.Settings) {
	m := &Manifests{Objects: objects, Class: class, Nginx: forNginx}
	ours, _ := m.Standard(context.Background()) // nothing fails without a cluster
	return ours.Nginx, ours.Settings
}

// NginxMaps returns the ConfigMaps among objects.
func NginxMaps(objects []client.Object) nginx.Maps {
	known := nginx.Maps{}
	for _, o := range of[*corev1.ConfigMap](&Manifests{Objects: objects}) {
		known[client.ObjectKeyFromObject(o)] = nginx.Map{Data: o.Data}
	}
	return known
}
