// SPDX-License-Identifier: Apache-2.0

package sources

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/nginx"
	"github.com/warren-dev/ingress/controllers/rules"
)

// +kubebuilder:rbac:groups=networking.k8s.io,resources=ingresses;ingressclasses,verbs=list;watch

// StandardIngresses are the Ingresses of networking.k8s.io. Whoever installs the controller decides whether it may read
// them. If it may not, it says so and serves everything else.
type StandardIngresses struct {
	Ingresses, classes *cluster.OptionalCache
	// className is the name of the IngressClass.
	className string
	// nginx reads those that were written for ingress-nginx.
	nginx *nginxIngresses
	// class is the class that the latest build used, nil before the first build.
	class atomic.Pointer[kinds.StandardClass]

	// missing is set while an Ingress names the class and there is no IngressClass of that name. Only the goroutine that
	// builds uses it.
	missing bool
	// listed are all Ingresses in the cache.
	listed cluster.Listed[*networkingv1.Ingress]
	// latest are those that were read last from all, by the class.
	latest StandardObjects
	from   []*networkingv1.Ingress
}

// AddStandardIngresses has the manager run the caches of the standard Ingresses of these namespaces, or of all.
// configMaps is the metadata of all ConfigMaps. It calls changed when there is something new to know of one that an
// Ingress written for ingress-nginx names.
func AddStandardIngresses(
	mgr ctrl.Manager, className string, namespaces []string, options nginx.Options, configMaps cluster.Metadata, changed func(),
) (*StandardIngresses, error) {
	s := &StandardIngresses{className: className}
	var err error
	if s.nginx, err = addNginxIngresses(mgr, options, configMaps, changed); err != nil {
		return nil, err
	}
	s.Ingresses, err = cluster.AddOptionalCache(mgr, standardCacheOptions(className, options.Class != "", namespaces), &networkingv1.Ingress{},
		"and Ingresses of networking.k8s.io are not served: grant list and watch on them, or heed this no further")
	if err != nil {
		return nil, err
	}
	s.classes, err = cluster.AddOptionalCache(mgr, cache.Options{}, &networkingv1.IngressClass{},
		"so Ingresses of networking.k8s.io are served that name the class, and none that name no class")
	return s, err
}

// standardCacheOptions returns the options of a cache of the standard Ingresses of these namespaces, or of all.
func standardCacheOptions(className string, forNginx bool, namespaces []string) cache.Options {
	options := cache.Options{ByObject: map[client.Object]cache.ByObject{&networkingv1.Ingress{}: {Transform: trimStandardIngress(className, forNginx)}}}
	for _, namespace := range namespaces {
		if options.DefaultNamespaces == nil {
			options.DefaultNamespaces = map[string]cache.Config{}
		}
		options.DefaultNamespaces[namespace] = cache.Config{}
	}
	return options
}

// hostsLimit is how many hosts are kept of an Ingress of another class.
const hostsLimit = 64

// trimStandardIngress keeps what may be read of an Ingress. An Ingress that names another class cannot be this
// controller's, however the IngressClasses change, unless those written for ingress-nginx are served. Of its spec it
// keeps only that class, the hosts, for whoever asks why they are not served, and the services that it leads to.
func trimStandardIngress(className string, forNginx bool) func(any) (any, error) {
	return func(object any) (any, error) {
		ingress, ok := object.(*networkingv1.Ingress)
		if !ok {
			return object, nil
		}
		trimmed := cluster.Identity(&ingress.ObjectMeta)
		trimmed.ManagedFields = cluster.OwnStatusEntries(ingress.ManagedFields)
		if named := ingress.Spec.IngressClassName; !forNginx && named != nil && *named != "" && *named != className {
			spec := networkingv1.IngressSpec{IngressClassName: named}
			services := cluster.SomeServices(func(f func(string)) { kinds.EachStandardService(ingress, f) })
			for i := range ingress.Spec.Rules[:min(len(ingress.Spec.Rules), hostsLimit)] {
				spec.Rules = append(spec.Rules, networkingv1.IngressRule{Host: strings.Clone(ingress.Spec.Rules[i].Host)})
			}
			if len(services) > 0 {
				http := &networkingv1.HTTPIngressRuleValue{}
				for name := range services {
					http.Paths = append(http.Paths, networkingv1.HTTPIngressPath{Backend: networkingv1.IngressBackend{
						Service: &networkingv1.IngressServiceBackend{Name: name}}})
				}
				if len(spec.Rules) == 0 {
					spec.Rules = make([]networkingv1.IngressRule, 1)
				}
				spec.Rules[0].HTTP = http
			}
			return &networkingv1.Ingress{ObjectMeta: trimmed, Spec: spec, Status: ingress.Status}, nil
		}
		for name, value := range ingress.Annotations {
			value, ok := relevantAnnotation(name, value, forNginx)
			if !ok {
				continue
			}
			if trimmed.Annotations == nil {
				trimmed.Annotations = map[string]string{}
			}
			trimmed.Annotations[name] = value
		}
		ingress.ObjectMeta = trimmed
		return ingress, nil
	}
}

// relevantAnnotation returns whether an annotation makes a difference, and the part of its value that does.
func relevantAnnotation(name, value string, forNginx bool) (relevant string, ok bool) {
	if forNginx && strings.HasPrefix(name, nginx.Prefix) {
		return value[:min(len(value), nginx.ValueLimit+1)], true
	}
	return kinds.RelevantAnnotation(name, value)
}

// Watch has handler called with every event.
func (s *StandardIngresses) Watch(ctx context.Context, handler toolscache.ResourceEventHandler) error {
	if err := s.Ingresses.Follow(ctx, s.listed.Handler(handler)); err != nil {
		return err
	}
	if err := s.nginx.watch(ctx, handler); err != nil {
		return err
	}
	return s.classes.Watch(ctx, handler)
}

// Request is a source of requests for each Ingress, and for each change of one. Unlike controller-runtime's own source
// of objects it does not wait for the cache, which may never be filled.
func (s *StandardIngresses) Request(ctx context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
	request := func(object any) {
		if key, err := toolscache.DeletionHandlingObjectToName(object); err == nil {
			queue.Add(reconcile.Request{NamespacedName: types.NamespacedName{Namespace: key.Namespace, Name: key.Name}})
		}
	}
	return s.Ingresses.Watch(ctx, toolscache.ResourceEventHandlerFuncs{
		AddFunc: request, UpdateFunc: func(_, object any) { request(object) }, DeleteFunc: request,
	})
}

// Settle waits until it is known what there is to serve, or that this cannot be known. It returns false if ctx ends
// first.
func (s *StandardIngresses) Settle(ctx context.Context) bool {
	return s.Ingresses.Settle(ctx) && s.classes.Settle(ctx) && s.nginx.settle(ctx)
}

// Late calls changed when objects become readable that were not before. It returns when all are, or when ctx ends.
func (s *StandardIngresses) Late(ctx context.Context, changed func()) {
	var waiting sync.WaitGroup
	for _, c := range append(s.nginx.caches(), s.Ingresses, s.classes) {
		if c.Synced(ctx) {
			continue
		}
		waiting.Go(func() {
			if c.Sync(ctx) {
				changed()
			}
		})
	}
	waiting.Wait()
}

// Wait returns when nothing is read any more, which is after the context has ended.
func (s *StandardIngresses) Wait() { s.nginx.wait() }

// Read returns the controller's Ingresses.
func (s *StandardIngresses) Read(ctx context.Context) (ours StandardObjects, err error) {
	// Without the right to read IngressClasses, the name of the class is taken to mean this controller.
	class := kinds.StandardClass{Name: s.className, Exists: true, Nginx: kinds.NginxClass{Name: s.nginx.options.Class}}
	if s.classes.Synced(ctx) {
		var classes networkingv1.IngressClassList
		if err := s.classes.List(ctx, &classes, client.UnsafeDisableDeepCopy); err != nil {
			return ours, fmt.Errorf("listing the IngressClasses from the cache: %w", err)
		}
		class = kinds.NewStandardClass(s.className, classes.Items)
		class.Nginx = kinds.NewNginxClass(s.nginx.options.Class, classes.Items)
	}
	before := s.class.Swap(&class)
	if !s.Ingresses.Synced(ctx) {
		return ours, nil
	}
	if list := s.listed.List(); s.from == nil || !sameList(list, s.from) || before == nil || !reflect.DeepEqual(*before, class) {
		s.latest, s.from = s.claimed(ctx, list, class), list
	}
	ours = s.latest
	if s.nginx.options.Class != "" {
		ours.Settings, err = s.nginx.settings(ctx, ours.Nginx)
	}
	return ours, err
}

// claimed returns those Ingresses that a class claims.
func (s *StandardIngresses) claimed(ctx context.Context, list []*networkingv1.Ingress, class kinds.StandardClass) (ours StandardObjects) {
	missing := ""
	for _, object := range list {
		if !class.Claims(object) {
			if class.Missing(object) {
				missing = client.ObjectKeyFromObject(object).String()
			}
			continue
		}
		ours.add(object, class)
	}
	if missing != "" && !s.missing {
		log.FromContext(ctx).Info("an Ingress of networking.k8s.io names the class, and is not served, because there is no IngressClass of that name for "+
			kinds.StandardController, "class", s.className, "ingress", missing)
	}
	s.missing = missing != ""
	return ours
}

// ObjectOf reads an Ingress as the latest build did, but for the hosts that others have TLS for.
func (s *StandardIngresses) ObjectOf(object *networkingv1.Ingress) *rules.Object {
	return s.ObjectIn(object, s.Claimable())
}

// ObjectIn is ObjectOf for a class.
func (s *StandardIngresses) ObjectIn(object *networkingv1.Ingress, class kinds.StandardClass) *rules.Object {
	if class.ForNginx(object) {
		return nginx.Read(object, s.nginx.latest(), nil)
	}
	return kinds.ReadStandard(object)
}

// Claimable returns the class for callers that must not take one of our Ingresses for another's. If there is no
// IngressClass, perhaps because somebody is making it anew, it claims every Ingress that may have been ours.
func (s *StandardIngresses) Claimable() kinds.StandardClass {
	if class := s.class.Load(); class != nil && class.Exists {
		return *class
	}
	return kinds.StandardClass{Name: s.className, Exists: true, Default: true, Nginx: kinds.NginxClass{Name: s.nginx.options.Class}}
}

// Claims returns whether an Ingress is the controller's, as far as the latest build knew. known is false before a
// build.
func (s *StandardIngresses) Claims(object *networkingv1.Ingress) (ours, known bool) {
	class := s.class.Load()
	return class != nil && class.Claims(object), class != nil
}

// IngressClass returns whether there is an IngressClass of the controller's class, and whether that is the cluster's
// default, as far as the latest build knew. forNginx are the classes whose Ingresses are served as ingress-nginx served
// them.
func (s *StandardIngresses) IngressClass() (named, byDefault bool, forNginx []string) {
	if class := s.class.Load(); class != nil {
		return class.Exists, class.Default, class.Nginx.Names()
	}
	return false, false, nil
}
