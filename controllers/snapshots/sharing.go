// SPDX-License-Identifier: Apache-2.0

package snapshots

import (
	"context"
	"sync/atomic"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/replicas"
	"github.com/warren-dev/ingress/controllers/translate"
)

// sharing is what the latest build knows of the objects that several controllers serve.
type sharing struct {
	// services has, for each service, the controllers of the Ingresses that lead to it. It is nil if there is no other
	// controller.
	services atomic.Pointer[map[types.NamespacedName]*replicas.Claimants]
	// company is the one for which all objects were last looked at. Only the goroutine that builds uses it.
	company *replicas.Company
}

// share notes which controllers the services belong to. It has those objects looked at again whose writer may have
// changed.
func (c *Controller) share(ctx context.Context, in *translate.Input, latest *result) {
	if c.Peers == nil {
		return
	}
	company := c.Peers.Present()
	before := c.sharing.services.Load()
	var services map[types.NamespacedName]*replicas.Claimants
	if company.Several() {
		services = c.claimedServices(ctx)
		c.sharing.services.Store(&services)
	} else {
		c.sharing.services.Store(nil)
	}
	if c.sharing.company != company {
		changed := c.sharing.company != nil || company.Several()
		c.sharing.company = company
		if changed {
			for key := range latest.verdicts.all() {
				c.notify(key)
			}
			for key := range latest.gateways {
				c.notify(objectKey{key.Kind, key.NamespacedName})
			}
		}
		return
	}
	if before == nil || services == nil {
		return
	}
	for _, task := range in.Tasks {
		name := types.NamespacedName{Namespace: task.Namespace, Name: string(task.Spec.ServiceName)}
		if old, current := (*before)[name], services[name]; old != current && (old == nil || current == nil || !old.Equal(current)) {
			c.notify(objectKey{v1alpha1.TaskKind, client.ObjectKeyFromObject(task)})
		}
	}
}

// claimedServices collects the services that Ingresses of all classes lead to.
func (c *Controller) claimedServices(ctx context.Context) map[types.NamespacedName]*replicas.Claimants {
	services := map[types.NamespacedName]*replicas.Claimants{}
	of := func(namespace, name string) *replicas.Claimants {
		key := types.NamespacedName{Namespace: namespace, Name: name}
		if services[key] == nil {
			services[key] = &replicas.Claimants{}
		}
		return services[key]
	}
	var own v1alpha1.IngressList
	if err := c.Cache.List(ctx, &own, client.UnsafeDisableDeepCopy); err != nil {
		log.FromContext(ctx).Error(err, "listing the Ingresses from the cache")
	}
	for i := range own.Items {
		ingress := &own.Items[i]
		kinds.EachService(ingress, func(name string) { of(ingress.Namespace, name).Add(ingress) })
	}
	if c.Standard == nil || !c.Standard.Ingresses.Synced(ctx) {
		return services
	}
	var list networkingv1.IngressList
	if err := c.Standard.Ingresses.List(ctx, &list, client.UnsafeDisableDeepCopy); err != nil {
		log.FromContext(ctx).Error(err, "listing the Ingresses of networking.k8s.io from the cache")
	}
	for i := range list.Items {
		ingress := &list.Items[i]
		kinds.EachStandardService(ingress, func(name string) { of(ingress.Namespace, name).AddStandard(ingress) })
	}
	return services
}

// WritesTask returns whether this replica writes the status of a Task. Of the controllers, only those probe the Task
// whose Ingresses lead to it, so one of them writes.
func (c *Controller) WritesTask(task *v1alpha1.Task) bool {
	by := &replicas.Claimants{}
	if !c.Peers.Alone() {
		services := c.sharing.services.Load()
		if services == nil {
			return false // The next build knows, and has the Task looked at again.
		}
		name := types.NamespacedName{Namespace: task.Namespace, Name: string(task.Spec.ServiceName)}
		if claimed := (*services)[name]; claimed != nil {
			by = claimed
		}
	}
	return c.Peers.Writes(task.Namespace, by)
}
