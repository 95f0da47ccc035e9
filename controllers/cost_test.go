// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unsafe"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/test/fixture"
)

// heldBytes returns how much memory a value holds, with everything that it points to.
func heldBytes(v reflect.Value, seen map[any]bool) int {
	switch v.Kind() {
	case reflect.String:
		return v.Len()
	case reflect.Pointer:
		if v.IsNil() || seen[v.Pointer()] {
			return 0
		}
		seen[v.Pointer()] = true
		return int(v.Type().Elem().Size()) + heldBytes(v.Elem(), seen)
	case reflect.Interface:
		if v.IsNil() {
			return 0
		}
		return heldBytes(v.Elem(), seen)
	case reflect.Slice:
		size := v.Cap() * int(v.Type().Elem().Size())
		for i := range v.Len() {
			size += heldBytes(v.Index(i), seen)
		}
		return size
	case reflect.Map:
		size := 0
		for key, value := range v.Seq2() {
			size += int(v.Type().Key().Size()+v.Type().Elem().Size()) + heldBytes(key, seen) + heldBytes(value, seen)
		}
		return size
	case reflect.Struct:
		size := 0
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				size += heldBytes(v.Field(i), seen)
			}
		}
		return size
	}
	return 0
}

// inside returns a field of what a pointer points to, even an unexported one.
func inside[T any](of any, field string) T {
	v := reflect.ValueOf(of).Elem().FieldByName(field)
	return *(*T)(unsafe.Pointer(v.UnsafeAddr()))
}

// Whoever may write objects in a namespace must not exhaust the memory of all replicas. This is what each kind costs at
// its largest in the replica's caches. docs/operating.md has the table.
func TestWhatAnObjectCostsAtItsLargest(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	k.Make(fixture.Ingress(k.Blue, "names", "names.io", "named"), verifiedBy(fixture.Ingress(k.Blue, "verifies", "v.io", "v"), v1alpha1.BackendTLS{CAConfigMapName: "named-ca"}),
		secured(fixture.Ingress(k.Blue, "secures", "s.io", "s"), "named-tls"), protected(fixture.Ingress(k.Blue, "asks", "asks.io", "asks"), "named-users"))
	r := k.start()
	r.isReady(t)
	services := inside[cache.Cache](r.Discovery, "cache")
	namedMaps := inside[*cluster.NamedObjects[*corev1.ConfigMap]](r.Authorities, "configMaps")
	credentials := inside[*cluster.NamedObjects[*corev1.Secret]](r.Credentials, "secrets")
	secrets, configMaps := r.Certificates.Metadata.(*cluster.MetadataCache), namedMaps.Metadata.(*cluster.MetadataCache)

	const large = 1000 << 10 // of the 1 MiB that a Secret may hold, and the 1.5 MiB that any object may be
	filler := func(size int) string { return strings.Repeat("x", size) }
	annotated := func(name string) metav1.ObjectMeta {
		labels := map[string]string{}
		for i := range 1000 {
			labels[fmt.Sprintf("label-%d", i)] = filler(63)
		}
		return metav1.ObjectMeta{Namespace: k.Blue, Name: name, Labels: labels, Annotations: map[string]string{"note": filler(250 << 10)}}
	}
	plain := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: k.Blue, Name: name} }
	manyKeys := map[string][]byte{}
	for i := range 4000 {
		manyKeys[fmt.Sprintf("%0240d", i)] = nil
	}
	tlsData := func(size int) map[string][]byte {
		return map[string][]byte{"tls.crt": []byte(filler(size)), "tls.key": nil}
	}
	largeIngress := func(name, class string) *v1alpha1.Ingress {
		ing := fixture.Ingress(k.Blue, name, name+".io")
		ing.Spec.IngressClassName = class
		for i := range 30 {
			path := v1alpha1.IngressPath{Path: v1alpha1.Path(fmt.Sprintf("/%d", i)), Backend: v1alpha1.IngressBackend{ServiceName: "none", Port: 80}, PathPolicies: v1alpha1.PathPolicies{Headers: &v1alpha1.Headers{Set: v1alpha1.HeaderFields{}}}}
			for j := range 8 {
				path.Headers.Set[fmt.Sprintf("X-%d", j)] = v1alpha1.HeaderValue(filler(4000))
			}
			ing.Spec.Rules[0].Paths = append(ing.Spec.Rules[0].Paths, path)
		}
		return ing
	}
	service, slice := fixture.KubernetesService(k.Blue, "other", "10.1.0.1")
	service.ObjectMeta, slice.ObjectMeta = annotated("other"), annotated("other-1")
	slice.Labels[discoveryv1.LabelServiceName] = "other"
	for i := range 999 {
		slice.Endpoints = append(slice.Endpoints, discoveryv1.Endpoint{Addresses: []string{fmt.Sprintf("10.2.%d.%d", i/250, i%250)}})
		service.Spec.Ports = append(service.Spec.Ports, corev1.ServicePort{Name: fmt.Sprintf("port-%d", i), Port: int32(1000 + i)})
	}
	namedService, _ := fixture.KubernetesService(k.Blue, "named", "10.1.0.1")
	namedService.ObjectMeta = annotated("named")
	owned := annotated("owned")
	owned.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "ConfigMap", Name: filler(400 << 10), UID: "u", Controller: new(true)}}
	standard := func(meta metav1.ObjectMeta, class string, paths int) *networkingv1.Ingress {
		object := &networkingv1.Ingress{ObjectMeta: meta, Spec: networkingv1.IngressSpec{IngressClassName: &class,
			Rules: []networkingv1.IngressRule{{Host: "y.io", IngressRuleValue: networkingv1.IngressRuleValue{HTTP: &networkingv1.HTTPIngressRuleValue{}}}}}}
		for i := range paths {
			http := object.Spec.Rules[0].HTTP
			http.Paths = append(http.Paths, networkingv1.HTTPIngressPath{Path: fmt.Sprintf("/%d/%s", i, filler(1000)), PathType: new(networkingv1.PathTypePrefix),
				Backend: networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{Name: "a", Port: networkingv1.ServiceBackendPort{Number: 80}}}})
		}
		return object
	}
	const little, chainLimit, authorityLimit = 4 << 10, 64 << 10, 256 << 10
	kind := func(name string) client.Object {
		object := &metav1.PartialObjectMetadata{}
		object.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind(name))
		return object
	}
	tests := map[string]struct {
		object client.Object
		// from and as are where a replica has it, or held returns what it has.
		from client.Reader
		as   client.Object
		held func(types.NamespacedName) (client.Object, bool)
		most int
	}{
		"a Secret that nothing names": {object: &corev1.Secret{ObjectMeta: plain("a"), Type: corev1.SecretTypeTLS, Data: tlsData(large)},
			from: secrets, as: kind("Secret"), most: little},
		"a Secret that nothing names, with many keys": {object: &corev1.Secret{ObjectMeta: plain("b"), Data: manyKeys},
			from: secrets, as: kind("Secret"), most: little},
		"a Secret that nothing names, with annotations": {object: &corev1.Secret{ObjectMeta: annotated("c")}, from: secrets, as: kind("Secret"), most: little},
		"a Secret that is named": {object: &corev1.Secret{ObjectMeta: annotated("named-tls"), Type: corev1.SecretTypeTLS, Data: tlsData(large)},
			held: func(name types.NamespacedName) (client.Object, bool) { return r.Certificates.Get(name) }, most: chainLimit + 3*little},
		"a Secret that clients prove something by": {object: &corev1.Secret{ObjectMeta: annotated("named-users"), Data: map[string][]byte{"auth": []byte(filler(large))}},
			held: func(name types.NamespacedName) (client.Object, bool) { return credentials.Get(name) }, most: little},
		"a ConfigMap that nothing names": {object: &corev1.ConfigMap{ObjectMeta: annotated("a"), Data: map[string]string{"a": filler(large)}},
			from: configMaps, as: kind("ConfigMap"), most: little},
		"a ConfigMap that is named": {object: &corev1.ConfigMap{ObjectMeta: annotated("named-ca"), Data: map[string]string{"ca.crt": filler(large)}},
			held: func(name types.NamespacedName) (client.Object, bool) { return namedMaps.Get(name) }, most: authorityLimit + 8*little},
		"a Service that nothing names":        {object: service, from: services, as: &corev1.Service{}, most: little},
		"a Service that is named":             {object: namedService, from: services, as: &corev1.Service{}, most: little},
		"an EndpointSlice that nothing names": {object: slice, from: services, as: &discoveryv1.EndpointSlice{}, most: little},
		"an Ingress: annotations": {object: &v1alpha1.Ingress{ObjectMeta: annotated("a"), Spec: fixture.Ingress("", "", "a.io", "a").Spec},
			from: r.Cache, as: &v1alpha1.Ingress{}, most: 2 * little},
		"an Ingress of another class": {object: largeIngress("b", "other"), from: r.Cache, as: &v1alpha1.Ingress{}, most: 2 * little},
		"an Ingress that is served":   {object: largeIngress("c", "warren"), from: r.Cache, as: &v1alpha1.Ingress{}, most: 2 * large},
		"a Task": {object: &v1alpha1.Task{ObjectMeta: annotated("a"), Spec: fixture.Task("", "", "named", "10.0.0.1").Spec},
			from: r.Cache, as: &v1alpha1.Task{}, most: 2 * little},
		"a TLSCertificate": {object: &v1alpha1.TLSCertificate{ObjectMeta: owned, Spec: v1alpha1.TLSCertificateSpec{
			Hosts: []v1alpha1.CertificateHost{"z.io"}, SecretName: "z", AutoRenew: new(false)}}, from: r.Cache, as: &v1alpha1.TLSCertificate{}, most: 2 * little},
		"a standard Ingress: annotations that are nobody's": {object: standard(annotated("a"), "warren", 1), from: r.Standard.Ingresses, as: &networkingv1.Ingress{}, most: little},
		"a standard Ingress of another class":               {object: standard(annotated("b"), "other", 500), from: r.Standard.Ingresses, as: &networkingv1.Ingress{}, most: little},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if err := k.Create(t.Context(), test.object); err != nil {
				t.Fatal(err)
			}
			key := client.ObjectKeyFromObject(test.object)
			var held client.Object
			fixture.Eventually(t, func() error {
				if test.held != nil {
					var ok bool
					if held, ok = test.held(key); !ok {
						return fmt.Errorf("%s is not held", key)
					}
					return nil
				}
				held = test.as.DeepCopyObject().(client.Object)
				return test.from.Get(t.Context(), key, held)
			})
			if got := heldBytes(reflect.ValueOf(held), map[any]bool{}); got > test.most {
				t.Errorf("it takes %d bytes, at most %d are its due", got, test.most)
			}
		})
	}
}
