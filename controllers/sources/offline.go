// SPDX-License-Identifier: Apache-2.0

package sources

import (
	"context"
	"net/netip"
	"reflect"
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/translate"
)

// InputOf makes from objects that are in no cluster what a snapshot controller makes from its cache. If no IngressClass
// is among them, the one of the controller's class counts as existing. others are the objects that no snapshot is made
// from.
func InputOf(objects []client.Object, options translate.Options) (in translate.Input, others []client.Object, err error) {
	for _, object := range objects {
		if sourceOf(object) == nil {
			others = append(others, object)
		}
		if secret, ok := object.(*corev1.Secret); ok {
			withStringData(secret)
		}
	}
	i := NewInputs(manifests{objects, options.IngressClass}, options)
	in, err = i.All(context.Background()) // nothing waits
	return in, others, err
}

// manifests are objects that are in no cluster.
type manifests struct {
	objects []client.Object
	class   string
}

// of returns the objects of a type.
func of[T any](m manifests) (objects []T) {
	for _, object := range m.objects {
		if o, ok := object.(T); ok {
			objects = append(objects, o)
		}
	}
	return objects
}

func (m manifests) List(_ context.Context, list client.ObjectList) error {
	items := reflect.ValueOf(list).Elem().FieldByName("Items")
	for _, object := range m.objects {
		if item := reflect.ValueOf(object).Elem(); item.Type() == items.Type().Elem() {
			items.Set(reflect.Append(items, item))
		}
	}
	return nil
}

// standardClass is the controller's class. If there is no IngressClass, it counts as existing.
func (m manifests) standardClass() kinds.StandardClass {
	var classes []networkingv1.IngressClass
	for _, o := range of[*networkingv1.IngressClass](m) {
		classes = append(classes, *o)
	}
	class := kinds.NewStandardClass(m.class, classes)
	class.Exists = class.Exists || len(classes) == 0
	return class
}

func (m manifests) Standard(context.Context) (ours []*networkingv1.Ingress, err error) {
	class := m.standardClass()
	for _, o := range of[*networkingv1.Ingress](m) {
		if class.Claims(o) {
			ours = append(ours, o)
		}
	}
	return ours, nil
}

func (m manifests) AllowedHosts(context.Context) (map[string]*string, error) {
	allowed := make(map[string]*string)
	for _, object := range m.objects {
		if namespace := object.GetNamespace(); namespace != "" && allowed[namespace] == nil {
			allowed[namespace] = nil // unless its Namespace is among the objects
		}
		if o, ok := object.(*corev1.Namespace); ok {
			allowed[o.Name] = AllowedHosts(o)
		}
	}
	return allowed, nil
}

func (m manifests) Services(context.Context, map[types.NamespacedName]struct{}) ([]*corev1.Service, []*discoveryv1.EndpointSlice, error) {
	return of[*corev1.Service](m), of[*discoveryv1.EndpointSlice](m), nil
}

func (m manifests) Secrets(_ context.Context, named map[types.NamespacedName]struct{}) (secrets []*translate.Secret, err error) {
	for _, o := range of[*corev1.Secret](m) {
		if _, ok := named[client.ObjectKeyFromObject(o)]; ok {
			secrets = append(secrets, ParseSecret(o))
		}
	}
	return secrets, nil
}

func (m manifests) Authorities(_ context.Context, named map[translate.AuthorityName]struct{}) (authorities []*translate.Authority, err error) {
	texts := make(map[translate.AuthorityName][]byte)
	for _, o := range of[*corev1.Secret](m) {
		texts[translate.AuthorityName{NamespacedName: client.ObjectKeyFromObject(o)}] = o.Data[authorityField]
	}
	for _, o := range of[*corev1.ConfigMap](m) {
		texts[translate.AuthorityName{NamespacedName: client.ObjectKeyFromObject(o), ConfigMap: true}] = []byte(o.Data[authorityField])
	}
	for name := range named {
		if text, ok := texts[name]; ok {
			authority, _ := parseAuthority(name, text)
			authorities = append(authorities, authority)
		}
	}
	return authorities, nil
}

// Own, Reserved and Challenges return nothing: no replica runs, and none orders.
func (m manifests) Own() []netip.AddrPort { return nil }

func (m manifests) Reserved() translate.Reserved { return translate.Reserved{} }

func (m manifests) Challenges(context.Context, []*v1alpha1.TLSCertificate) ([]translate.Challenge, error) {
	return nil, nil
}

// WithPods returns objects and, for each Service among them that has no EndpointSlice there, one with a Pod that is
// ready: manifests have no Pods. A Service of type ExternalName has none in a cluster either.
func WithPods(objects []client.Object) []client.Object {
	m := manifests{objects: objects}
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

// withStringData moves a manifest's stringData into data, as the API server does.
func withStringData(secret *corev1.Secret) {
	for key, text := range secret.StringData {
		if secret.Data == nil {
			secret.Data = make(map[string][]byte, len(secret.StringData))
		}
		secret.Data[key] = []byte(text)
	}
	secret.StringData = nil
}
