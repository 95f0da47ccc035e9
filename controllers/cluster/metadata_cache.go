// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	toolscache "k8s.io/client-go/tools/cache"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// helmRelease is the type of the Secrets that Helm keeps its releases in. Most clusters have many, and nothing here
	// names them.
	helmRelease = "helm.sh/release.v1"

	// The metadata of an object may be as large as the object. So the first page of a list has few objects, and later
	// pages have more where objects are small.
	pageFirst, pageLargest = 16, 512
	pageBytes              = 1 << 20
)

// MetadataCache knows which objects of a kind there are and in which version, and nothing else of them.
type MetadataCache struct {
	cache.Cache
	kind *metav1.PartialObjectMetadata
	// informer is nil until Watch was called.
	informer atomic.Pointer[cache.Informer]
}

// AddMetadataCache has the manager run the cache of the Secrets or ConfigMaps of these namespaces, or of all. The cache
// watches them from the first call of Watch on.
func AddMetadataCache(mgr ctrl.Manager, kind string, namespaces []string) (*MetadataCache, error) {
	m := newMetadataCache(kind)
	var err error
	if m.Cache, err = AddCache(mgr, m.options(namespaces)); err != nil {
		return nil, fmt.Errorf("watching the metadata of %ss: %w", kind, err)
	}
	return m, nil
}

func newMetadataCache(kind string) *MetadataCache {
	m := &MetadataCache{kind: &metav1.PartialObjectMetadata{}}
	m.kind.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind(kind))
	return m
}

func (m *MetadataCache) options(namespaces []string) cache.Options {
	options := cache.Options{
		DefaultNamespaces: WatchedNamespaces(namespaces),
		DefaultTransform: func(object any) (any, error) {
			if o, ok := object.(*metav1.PartialObjectMetadata); ok {
				return hollowMetadata(o), nil
			}
			return object, nil
		},
		NewInformer: newPagingInformer,
		DefaultWatchErrorHandler: func(ctx context.Context, r *toolscache.Reflector, err error) {
			if !apierrors.IsForbidden(err) { // A condition tells of that where it matters.
				toolscache.DefaultWatchErrorHandler(ctx, r, err)
			}
		},
	}
	if m.kind.Kind == "Secret" {
		options.DefaultFieldSelector = fields.OneTermNotEqualSelector("type", helmRelease)
	}
	return options
}

func hollowMetadata(object *metav1.PartialObjectMetadata) *metav1.PartialObjectMetadata {
	return &metav1.PartialObjectMetadata{TypeMeta: object.TypeMeta, ObjectMeta: metav1.ObjectMeta{
		Namespace: object.Namespace, Name: object.Name, ResourceVersion: object.ResourceVersion,
	}}
}

// newPagingInformer makes an informer that lists page by page where the API server does not stream lists. It trims each
// page before it asks for the next. The library would keep all pages whole until the last has come.
func newPagingInformer(from toolscache.ListerWatcher, object runtime.Object, resync time.Duration, indexers toolscache.Indexers) toolscache.SharedIndexInformer {
	lists := toolscache.ToListerWatcherWithContext(from)
	return toolscache.NewSharedIndexInformer(&toolscache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			return listPages(ctx, options, lists.ListWithContext)
		},
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			return lists.WatchWithContext(ctx, options)
		},
	}, object, resync, indexers)
}

// listPages asks for a list in pages, and returns them as one list.
func listPages(ctx context.Context, options metav1.ListOptions, list func(context.Context, metav1.ListOptions) (runtime.Object, error)) (runtime.Object, error) {
	// If a version is asked for, the API server returns everything at once, whatever the limit.
	options.ResourceVersion, options.ResourceVersionMatch, options.Continue = "", "", ""
	whole := &metav1.PartialObjectMetadataList{}
	for limit := int64(pageFirst); ; {
		options.Limit = limit
		listed, err := list(ctx, options)
		if err != nil {
			return nil, err
		}
		page, ok := listed.(*metav1.PartialObjectMetadataList)
		if !ok {
			return listed, nil
		}
		for i := range page.Items {
			whole.Items = append(whole.Items, *hollowMetadata(&page.Items[i]))
		}
		if options.Continue == "" {
			whole.ListMeta = metav1.ListMeta{ResourceVersion: page.ResourceVersion}
		}
		if options.Continue = page.Continue; options.Continue == "" {
			return whole, nil
		}
		if page.Size() < pageBytes {
			limit = min(2*limit, pageLargest)
		} else {
			limit = max(limit/2, 1)
		}
	}
}

// Watch implements Metadata.
func (m *MetadataCache) Watch(ctx context.Context, noticed func(types.NamespacedName)) error {
	informer, err := m.GetInformer(ctx, m.kind, cache.BlockUntilSynced(false))
	if err != nil {
		return fmt.Errorf("watching the metadata of %ss: %w", m.kind.Kind, err)
	}
	note := func(object any) {
		if name, err := toolscache.DeletionHandlingObjectToName(object); err == nil {
			noticed(types.NamespacedName{Namespace: name.Namespace, Name: name.Name})
		}
	}
	_, err = informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
		AddFunc: note, DeleteFunc: note, UpdateFunc: func(_, object any) { note(object) },
	})
	if err != nil {
		return fmt.Errorf("watching the metadata of %ss: %w", m.kind.Kind, err)
	}
	m.informer.Store(&informer)
	return nil
}

// Synced implements Metadata.
func (m *MetadataCache) Synced() bool {
	informer := m.informer.Load()
	return informer != nil && (*informer).HasSynced()
}

// Version implements Metadata.
func (m *MetadataCache) Version(ctx context.Context, name types.NamespacedName) (version string, there bool) {
	if !m.Synced() {
		return "", false
	}
	object := &metav1.PartialObjectMetadata{TypeMeta: m.kind.TypeMeta}
	if err := m.Get(ctx, name, object); err != nil {
		return "", false
	}
	return object.ResourceVersion, true
}

// ReadSecret returns a function that reads a Secret by its name, in the version given or a later one.
func ReadSecret(from client.Reader) func(context.Context, types.NamespacedName, string) (*corev1.Secret, error) {
	return func(ctx context.Context, name types.NamespacedName, version string) (*corev1.Secret, error) {
		secret := &corev1.Secret{}
		err := from.Get(ctx, name, secret, &client.GetOptions{Raw: &metav1.GetOptions{ResourceVersion: version}})
		return secret, err
	}
}

// ReadConfigMap returns a function that reads a ConfigMap by its name. It asks for a list of one: for that, the right
// to list ConfigMaps is enough.
func ReadConfigMap(from client.Reader) func(context.Context, types.NamespacedName, string) (*corev1.ConfigMap, error) {
	return func(ctx context.Context, name types.NamespacedName, _ string) (*corev1.ConfigMap, error) {
		var list corev1.ConfigMapList
		if err := from.List(ctx, &list, client.InNamespace(name.Namespace), client.MatchingFields{metav1.ObjectNameField: name.Name}); err != nil {
			return nil, err
		}
		if len(list.Items) == 0 {
			return nil, apierrors.NewNotFound(corev1.Resource("configmaps"), name.Name)
		}
		return &list.Items[0], nil
	}
}
