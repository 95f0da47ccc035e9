// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/kinds"
)

// CacheOptions returns the options of the cache that Setup's controllers of a class read from. The cache holds the
// objects of these namespaces, or of all if there are none. It drops the parts that nothing here reads: an object's
// metadata weighs more than what is read of it.
func CacheOptions(class string, watchNamespaces []string) cache.Options {
	options := cache.Options{
		DefaultTransform: func(object any) (any, error) {
			if o, ok := object.(metav1.Object); ok {
				o.SetManagedFields(nil)
			}
			return object, nil
		},
		ByObject: map[client.Object]cache.ByObject{
			&v1alpha1.Ingress{}:        {Transform: trimIngress(class)},
			&v1alpha1.Task{}:           {Transform: trimTask},
			&v1alpha1.TLSCertificate{}: {Transform: trimTLSCertificate},
		},
	}
	options.DefaultNamespaces = WatchedNamespaces(watchNamespaces)
	return options
}

// WatchedNamespaces has a cache hold the objects of these namespaces, or of all if there are none.
func WatchedNamespaces(namespaces []string) map[string]cache.Config {
	if len(namespaces) == 0 {
		return nil
	}
	configs := make(map[string]cache.Config, len(namespaces))
	for _, namespace := range namespaces {
		configs[namespace] = cache.Config{}
	}
	return configs
}

// SecretsOfType selects the Secrets of a type.
func SecretsOfType(kind corev1.SecretType) fields.Selector {
	return fields.OneTermEqualSelector("type", string(kind))
}

// trimIngress keeps of the managed fields only who wrote the status, if that was a controller of this kind. This is how
// an Ingress that was given another class is known to have been ours. Of the spec of an Ingress of another class it
// keeps the hosts that the other class's controller has certificates ordered for, and the services.
func trimIngress(class string) func(any) (any, error) {
	return func(object any) (any, error) {
		ingress, ok := object.(*v1alpha1.Ingress)
		if !ok {
			return object, nil
		}
		trimmed := Identity(&ingress.ObjectMeta)
		trimmed.ManagedFields = OwnStatusEntries(ingress.ManagedFields)
		ingress.ObjectMeta = trimmed
		if !kinds.Claims(ingress, class) {
			rules := make([]v1alpha1.IngressRule, len(ingress.Spec.Rules))
			for i := range rules {
				rules[i].Host = v1alpha1.Host(strings.Clone(string(ingress.Spec.Rules[i].Host)))
			}
			for name := range SomeServices(func(f func(string)) { kinds.EachService(ingress, f) }) {
				rules[0].Paths = append(rules[0].Paths, v1alpha1.IngressPath{
					Backend: v1alpha1.IngressBackend{ServiceName: v1alpha1.ServiceName(name)}})
			}
			ingress.Spec.Rules = rules
		}
		return ingress, nil
	}
}

// servicesLimit is how many services are kept of an Ingress of another class. An Ingress with more services may share
// the status of a Task with this controller, which then writes that status less and less often.
const servicesLimit = 64

// SomeServices returns the services that each calls f with, at most servicesLimit.
func SomeServices(each func(f func(name string))) map[string]struct{} {
	some := make(map[string]struct{})
	each(func(name string) {
		if len(some) < servicesLimit {
			some[strings.Clone(name)] = struct{}{}
		}
	})
	return some
}

// trimTLSCertificate keeps of the metadata only who owns a TLSCertificate and who orders it.
func trimTLSCertificate(object any) (any, error) {
	certificate, ok := object.(*v1alpha1.TLSCertificate)
	if !ok {
		return object, nil
	}
	trimmed := Identity(&certificate.ObjectMeta)
	if owner := metav1.GetControllerOf(certificate); owner != nil && len(owner.Name) <= nameLimit {
		trimmed.OwnerReferences = []metav1.OwnerReference{*owner}
	}
	if by, ok := certificate.Annotations[OrderedByAnnotation]; ok && len(by) <= AnnotationLimit {
		metav1.SetMetaDataAnnotation(&trimmed, OrderedByAnnotation, by)
	}
	certificate.ObjectMeta = trimmed
	return certificate, nil
}

// OwnStatusEntries returns the managed fields that say who wrote the status, if that was a controller of this kind.
func OwnStatusEntries(entries []metav1.ManagedFieldsEntry) []metav1.ManagedFieldsEntry {
	var kept []metav1.ManagedFieldsEntry
	for _, entry := range entries {
		if entry.Subresource == "status" && strings.HasPrefix(entry.Manager, FieldOwnerPrefix) {
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
	task.ObjectMeta = Identity(&task.ObjectMeta)
	return task, nil
}

// AnnotationLimit is how many bytes of an annotation of ours are kept. No value that means something is as long.
const AnnotationLimit = 2 << 10

// nameLimit is how long the name of an object may be. The API server does not check the names of owners.
const nameLimit = 253

// Identity returns what tells an object, and each version of it, from all others.
func Identity(object *metav1.ObjectMeta) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Namespace: object.Namespace, Name: object.Name, UID: object.UID, Generation: object.Generation,
		ResourceVersion: object.ResourceVersion, CreationTimestamp: object.CreationTimestamp,
		DeletionTimestamp: object.DeletionTimestamp,
	}
}
