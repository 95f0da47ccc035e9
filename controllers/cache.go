// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// CacheOptions returns the options of the cache that Setup's controllers read from. It holds the objects of these
// namespaces, or of all if there are none, without the parts that nothing here reads: a cluster has many more
// Services and EndpointSlices than routes, and their metadata weighs more than they do.
func CacheOptions(watchNamespaces []string) cache.Options {
	options := cache.Options{
		DefaultTransform: func(object any) (any, error) {
			if o, ok := object.(metav1.Object); ok {
				o.SetManagedFields(nil)
			}
			return object, nil
		},
		ByObject: map[client.Object]cache.ByObject{
			&v1alpha1.Ingress{}:          {Transform: trimIngress},
			&v1alpha1.Task{}:             {Transform: trimTask},
			&corev1.Service{}:            {Transform: trimService},
			&discoveryv1.EndpointSlice{}: {Transform: trimEndpointSlice},
			// Of a cluster's secrets only those are asked for that a certificate can be in.
			&corev1.Secret{}: {Transform: trimSecret,
				Field: secretsOfType(corev1.SecretTypeTLS)},
		},
	}
	for _, namespace := range watchNamespaces {
		if options.DefaultNamespaces == nil {
			options.DefaultNamespaces = map[string]cache.Config{}
		}
		options.DefaultNamespaces[namespace] = cache.Config{}
	}
	return options
}

func secretsOfType(kind corev1.SecretType) fields.Selector {
	return fields.OneTermEqualSelector("type", string(kind))
}

// serviceCacheOptions are for a cache that holds one Service.
func serviceCacheOptions(name types.NamespacedName) cache.Options {
	return cache.Options{
		ByObject: map[client.Object]cache.ByObject{
			&corev1.Service{}: {Namespaces: map[string]cache.Config{
				name.Namespace: {FieldSelector: fields.OneTermEqualSelector(metav1.ObjectNameField, name.Name)},
			}},
		},
	}
}

// trimIngress keeps of the managed fields who wrote the status, if it was a controller of this kind: that is how an Ingress that
// went over to another class is known to have been ours.
func trimIngress(object any) (any, error) {
	ingress, ok := object.(*v1alpha1.Ingress)
	if !ok {
		return object, nil
	}
	ingress.ManagedFields = ownStatusEntries(ingress.ManagedFields)
	delete(ingress.Annotations, corev1.LastAppliedConfigAnnotation)
	return ingress, nil
}

// ownStatusEntries keeps of the managed fields who wrote the status, if it was a controller of this kind.
func ownStatusEntries(entries []metav1.ManagedFieldsEntry) []metav1.ManagedFieldsEntry {
	var kept []metav1.ManagedFieldsEntry
	for _, entry := range entries {
		if entry.Subresource == "status" && strings.HasPrefix(entry.Manager, fieldOwnerPrefix) {
			kept = append(kept, metav1.ManagedFieldsEntry{Manager: entry.Manager, Subresource: entry.Subresource})
		}
	}
	return kept
}

func trimTask(object any) (any, error) {
	task, ok := object.(*v1alpha1.Task)
	if !ok {
		return object, nil
	}
	task.ObjectMeta = identity(&task.ObjectMeta)
	return task, nil
}

func trimService(object any) (any, error) {
	service, ok := object.(*corev1.Service)
	if !ok {
		return object, nil
	}
	service.ObjectMeta = identity(&service.ObjectMeta)
	service.Spec = corev1.ServiceSpec{Type: service.Spec.Type, Ports: service.Spec.Ports}
	service.Status = corev1.ServiceStatus{}
	return service, nil
}

func trimEndpointSlice(object any) (any, error) {
	slice, ok := object.(*discoveryv1.EndpointSlice)
	if !ok {
		return object, nil
	}
	service := slice.Labels[discoveryv1.LabelServiceName]
	slice.ObjectMeta = identity(&slice.ObjectMeta)
	slice.Labels = map[string]string{discoveryv1.LabelServiceName: service}
	for i := range slice.Endpoints {
		e := &slice.Endpoints[i]
		slice.Endpoints[i] = discoveryv1.Endpoint{Addresses: e.Addresses, Conditions: e.Conditions}
	}
	return slice, nil
}

func trimSecret(object any) (any, error) {
	secret, ok := object.(*corev1.Secret)
	if !ok {
		return object, nil
	}
	meta := identity(&secret.ObjectMeta)
	for _, name := range [...]string{directoryAnnotation, tlsCertificateAnnotation} {
		if value, ok := secret.Annotations[name]; ok {
			metav1.SetMetaDataAnnotation(&meta, name, value)
		}
	}
	return &corev1.Secret{
		ObjectMeta: meta,
		Type:       secret.Type,
		Data: map[string][]byte{
			corev1.TLSCertKey:       secret.Data[corev1.TLSCertKey],
			corev1.TLSPrivateKeyKey: secret.Data[corev1.TLSPrivateKeyKey],
		},
	}, nil
}

// identity keeps what tells an object, and each version of it, from all others.
func identity(object *metav1.ObjectMeta) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Namespace: object.Namespace, Name: object.Name, UID: object.UID, Generation: object.Generation,
		ResourceVersion: object.ResourceVersion, CreationTimestamp: object.CreationTimestamp,
		DeletionTimestamp: object.DeletionTimestamp,
	}
}
