// SPDX-License-Identifier: Apache-2.0

package sources

import (
	"context"
	"net/netip"
	"reflect"

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

func (m manifests) Standard(context.Context) (ours []*networkingv1.Ingress, err error) {
	var classes []networkingv1.IngressClass
	for _, o := range of[*networkingv1.IngressClass](m) {
		classes = append(classes, *o)
	}
	class := kinds.NewStandardClass(m.class, classes)
	class.Exists = class.Exists || len(classes) == 0
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
