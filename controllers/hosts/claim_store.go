// SPDX-License-Identifier: Apache-2.0

package hosts

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/controllers/sources"
	"github.com/warren-dev/ingress/controllers/translate"
)

// +kubebuilder:rbac:groups="",resources=configmaps,namespace=warren-system,verbs=get;list;watch;create;update
// +kubebuilder:rbac:groups=ingress.warren.dev,resources=ingresses,verbs=list
// +kubebuilder:rbac:groups=networking.k8s.io,resources=ingresses,verbs=list

// hostsLabel on a ConfigMap with claims is the class of the controller whose claims they are.
const hostsLabel = "ingress.warren.dev/hosts"

// errLostRace is returned by a write that began from a version that is not the latest.
var errLostRace = errors.New("somebody else has written it since it was read")

// claimStore is where claims are recorded.
type claimStore interface {
	// read returns a shard as it is now.
	read(ctx context.Context, name string) (*claimShard, error)
	// write replaces the shard if the version given is the latest, or creates it if it has no version. Otherwise it fails
	// with errLostRace.
	write(ctx context.Context, shard *claimShard) (*claimShard, error)
	// allowed asks the API server, not a cache, which hosts a namespace is allowed. It returns the input with that in
	// place of what the input had.
	allowed(ctx context.Context, namespace string, in translate.Input) (translate.Input, error)
	// named asks the API server, not a cache, which hosts our Ingresses of a namespace name. It uses everything of the
	// input but its objects. complete is false if there may be Ingresses that cannot be read.
	named(ctx context.Context, namespace string, in translate.Input) (hosts map[string]bool, complete bool, err error)
}

// claimObjects keeps claims in ConfigMaps of the controller's namespace. No tenant may write there.
type claimObjects struct {
	// reader asks the API server, not a cache.
	reader    client.Reader
	client    client.Client
	namespace string
	// scope is part of the ConfigMaps' names, and is their label. It is the class.
	scope string
	// owner owns the ConfigMaps. Nil for no owner.
	owner *metav1.OwnerReference
	// standard are the Ingresses of networking.k8s.io. Nil if they are not served.
	standard *sources.StandardIngresses
}

func (o *claimObjects) read(ctx context.Context, name string) (*claimShard, error) {
	var object corev1.ConfigMap
	err := o.reader.Get(ctx, client.ObjectKey{Namespace: o.namespace, Name: name}, &object)
	if apierrors.IsNotFound(err) {
		return &claimShard{name: name}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading who hosts belong to: %w", err)
	}
	return shardOf(&object), nil
}

func (o *claimObjects) write(ctx context.Context, shard *claimShard) (*claimShard, error) {
	object := &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: o.namespace, Name: shard.name, ResourceVersion: shard.resourceVersion,
			Labels: map[string]string{hostsLabel: o.scope}, OwnerReferences: cluster.BelongingTo(o.owner)},
		Data: shard.data,
	}
	write := func() error { return o.client.Create(ctx, object) }
	if shard.resourceVersion != "" {
		write = func() error { return o.client.Update(ctx, object) }
	}
	err := write()
	switch {
	case err == nil:
		return shardOf(object), nil
	case apierrors.IsConflict(err), apierrors.IsAlreadyExists(err), shard.resourceVersion != "" && apierrors.IsNotFound(err):
		return nil, errLostRace
	}
	return nil, fmt.Errorf("recording who hosts belong to: %w", err)
}

func (o *claimObjects) allowed(ctx context.Context, namespace string, in translate.Input) (translate.Input, error) {
	var list metav1.PartialObjectMetadataList
	list.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("NamespaceList"))
	// A list of one needs only the right to list Namespaces, which watching them needs anyway.
	err := o.reader.List(ctx, &list, client.MatchingFields{metav1.ObjectNameField: namespace})
	if apierrors.IsForbidden(err) {
		return in, nil // What was known goes on to apply.
	}
	if err != nil {
		return in, fmt.Errorf("reading which hosts a namespace may have: %w", err)
	}
	in.AllowedHosts = make(map[string]*string, 1)
	for i := range list.Items {
		in.AllowedHosts[list.Items[i].Name] = sources.AllowedHosts(&list.Items[i])
	}
	return in, nil
}

// listedAtOnce is how many Ingresses one request reads.
const listedAtOnce = 500

func (o *claimObjects) named(ctx context.Context, namespace string, in translate.Input) (hosts map[string]bool, complete bool, err error) {
	hosts = make(map[string]bool)
	note := func() {
		translate.EachHost(&in, func(host string, _ *rules.Object, _ bool) { hosts[host] = true })
		in.Objects = nil
	}
	var own v1alpha1.IngressList
	err = o.each(ctx, namespace, &own, func() {
		for i := range own.Items {
			if kinds.Claims(&own.Items[i], in.Options.IngressClass) {
				in.Objects = append(in.Objects, kinds.ReadWarren(&own.Items[i]))
			}
		}
		note()
	})
	if err != nil {
		return nil, false, err
	}
	if o.standard == nil {
		return hosts, true, nil
	}
	class := o.standard.Claimable()
	var standard networkingv1.IngressList
	err = o.each(ctx, namespace, &standard, func() {
		for i := range standard.Items {
			if class.Claims(&standard.Items[i]) {
				in.Objects = append(in.Objects, o.standard.ObjectIn(&standard.Items[i], class))
			}
		}
		note()
	})
	if apierrors.IsForbidden(err) {
		return hosts, false, nil
	}
	return hosts, true, err
}

// each reads a list in pieces, and calls do after each piece.
func (o *claimObjects) each(ctx context.Context, namespace string, list client.ObjectList, do func()) error {
	for next := ""; ; {
		err := o.reader.List(ctx, list, client.InNamespace(namespace), client.Limit(listedAtOnce), client.Continue(next))
		if err != nil {
			return fmt.Errorf("reading which hosts a namespace's Ingresses name: %w", err)
		}
		do()
		if next = list.GetContinue(); next == "" {
			return nil
		}
	}
}

func shardOf(object *corev1.ConfigMap) *claimShard {
	return &claimShard{name: object.Name, resourceVersion: object.ResourceVersion, data: object.Data}
}

// claimCacheOptions returns the options of a cache of the ConfigMaps with the claims of a class.
func claimCacheOptions(namespace, scope string) cache.Options {
	return cache.Options{ByObject: map[client.Object]cache.ByObject{
		&corev1.ConfigMap{}: {
			Namespaces: map[string]cache.Config{
				namespace: {LabelSelector: labels.SelectorFromSet(labels.Set{hostsLabel: scope})},
			},
			Transform: func(object any) (any, error) {
				if configMap, ok := object.(*corev1.ConfigMap); ok {
					configMap.ObjectMeta = cluster.Identity(&configMap.ObjectMeta)
				}
				return object, nil
			},
		},
	}}
}

// claimEvents tells Hosts of every change of the ConfigMaps, and calls changed if Hosts did not know it yet.
func claimEvents(h *Hosts, changed func()) toolscache.ResourceEventHandler {
	news := func(object any) {
		if configMap, ok := object.(*corev1.ConfigMap); ok && h.noteArrival(shardOf(configMap)) {
			changed()
		}
	}
	return toolscache.ResourceEventHandlerFuncs{
		AddFunc:    news,
		UpdateFunc: func(_, object any) { news(object) },
		DeleteFunc: func(object any) {
			if gone, ok := object.(toolscache.DeletedFinalStateUnknown); ok {
				object = gone.Obj
			}
			if configMap, ok := object.(*corev1.ConfigMap); ok && h.vanished(shardOf(configMap)) {
				changed()
			}
		},
	}
}
