// SPDX-License-Identifier: Apache-2.0

package sources

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/nginx"
	"github.com/warren-dev/ingress/controllers/rules"
)

// StandardObjects are the controller's Ingresses of networking.k8s.io.
type StandardObjects struct {
	// Own are those of the controller's class, and Nginx those that were written for ingress-nginx.
	Own, Nginx []*networkingv1.Ingress
	// Settings are what those of Nginx have in common. Nil if none are served.
	Settings *nginx.Settings
}

// add adds an Ingress that a class claims.
func (o *StandardObjects) add(object *networkingv1.Ingress, class kinds.StandardClass) {
	if class.ForNginx(object) {
		o.Nginx = append(o.Nginx, object)
		return
	}
	o.Own = append(o.Own, object)
}

// nginxVersions has what Ingresses written for ingress-nginx were read as. What one says depends on the settings, and
// on which hosts others have TLS for, and on the ConfigMap that it names. Only the goroutine that builds uses it.
type nginxVersions struct {
	settings *nginx.Settings
	known    map[types.UID]nginxVersion
	// ours are the Ingresses that were read last, and all is what they were read as.
	ours []*networkingv1.Ingress
	all  []*rules.Object
}

type nginxVersion struct {
	resourceVersion, shared, named string
	content                        *rules.Object
}

// read returns what the Ingresses are read as, and forgets all others.
func (v *nginxVersions) read(ours *StandardObjects) []*rules.Object {
	if v.settings == ours.Settings && slices.Equal(v.ours, ours.Nginx) && !slices.ContainsFunc(v.ours, isUnversioned) {
		return v.all
	}
	if !v.settings.Like(ours.Settings) {
		v.known = nil
	}
	v.settings = ours.Settings
	shared := nginx.Shared{}
	byAge := nginx.ByAge(ours.Nginx)
	for _, object := range byAge {
		shared.Add(object)
	}
	shared.AddRoutes(byAge, ours.Settings)
	known := make(map[types.UID]nginxVersion, len(ours.Nginx))
	all := make([]*rules.Object, 0, len(ours.Nginx))
	for _, object := range ours.Nginx {
		version, ok := v.known[object.UID]
		of, named := shared.Of(object, ours.Settings), ours.Settings.MapOf(object)
		if !ok || version.resourceVersion != object.ResourceVersion || version.resourceVersion == "" || version.shared != of || version.named != named {
			version = nginxVersion{object.ResourceVersion, of, named, nginx.Read(object, ours.Settings, shared)}
		}
		known[object.UID] = version
		all = append(all, version.content)
	}
	v.known, v.ours, v.all = known, ours.Nginx, all
	return all
}

// isUnversioned returns whether an Ingress is of a manifest.
func isUnversioned(o *networkingv1.Ingress) bool { return o.ResourceVersion == "" }

// nginxIngresses knows the ConfigMaps that Ingresses written for ingress-nginx are read by.
type nginxIngresses struct {
	options nginx.Options
	// own has ingress-nginx's ConfigMap, nil for none. named has the ConfigMaps that others name.
	own   *cluster.OptionalCache
	named *cluster.NamedObjects[*corev1.ConfigMap]
	// made are the latest settings, and from says which versions they were made from, but for those of ConfigMaps that
	// Ingresses alone name.
	made atomic.Pointer[nginx.Settings]
	from *string
	// known are the ConfigMaps that made was made from.
	known nginx.Maps
	// last are the data that ingress-nginx's ConfigMap had last. Nil if it was never there.
	last map[string]string
	// noted is what the log has told of them.
	noted []string
}

// addNginxIngresses has the manager run a cache of the one ConfigMap. Whoever installs the controller lets it read that
// one by its name.
func addNginxIngresses(mgr ctrl.Manager, options nginx.Options, configMaps cluster.Metadata, changed func()) (*nginxIngresses, error) {
	n := &nginxIngresses{options: options}
	n.made.Store(nginx.NewSettings(options, nil))
	if options.Class == "" {
		return n, nil
	}
	n.named = cluster.NewNamedObjects(configMaps, cluster.ReadConfigMap(mgr.GetAPIReader()), keepFields, changed)
	if options.ConfigMap.Name == "" {
		return n, nil
	}
	only := cache.Options{ByObject: map[client.Object]cache.ByObject{&corev1.ConfigMap{}: {
		Namespaces: map[string]cache.Config{options.ConfigMap.Namespace: {
			FieldSelector: fields.OneTermEqualSelector(metav1.ObjectNameField, options.ConfigMap.Name)}},
		Transform: trimConfigMap,
	}}}
	var err error
	n.own, err = cluster.AddOptionalCache(mgr, only, &corev1.ConfigMap{},
		"so that every Ingress written for ingress-nginx is closed: grant get, list and watch on the ConfigMap of --nginx-configmap")
	return n, err
}

// fieldsLimit is how many bytes are kept of a ConfigMap with header fields.
const fieldsLimit = 64 << 10

// keepFields keeps what may be header fields. A ConfigMap that is too large keeps nothing that could be one.
func keepFields(o *corev1.ConfigMap) *corev1.ConfigMap {
	size := 0
	for name, value := range o.Data {
		size += len(name) + len(value)
	}
	kept := &corev1.ConfigMap{ObjectMeta: cluster.Identity(&o.ObjectMeta), Data: o.Data}
	if size > fieldsLimit {
		kept.Data = map[string]string{"": "it is longer than 64 KiB"}
	}
	return kept
}

// trimConfigMap keeps the keys of ingress-nginx's ConfigMap, with so much of each value that one which is too long can
// be told.
func trimConfigMap(object any) (any, error) {
	o, ok := object.(*corev1.ConfigMap)
	if !ok {
		return object, nil
	}
	trimmed := &corev1.ConfigMap{ObjectMeta: cluster.Identity(&o.ObjectMeta), Data: make(map[string]string, len(o.Data))}
	for key, value := range o.Data {
		trimmed.Data[key] = strings.Clone(value[:min(len(value), nginx.ValueLimit+1)])
	}
	return trimmed, nil
}

// caches returns the caches that may have no right to read.
func (n *nginxIngresses) caches() []*cluster.OptionalCache {
	if n.own == nil {
		return nil
	}
	return []*cluster.OptionalCache{n.own}
}

// watch has handler called with every event.
func (n *nginxIngresses) watch(ctx context.Context, handler toolscache.ResourceEventHandler) error {
	if n.own == nil {
		return nil
	}
	return n.own.Watch(ctx, handler)
}

// settle waits until it is known what the ConfigMap says, or that this cannot be known.
func (n *nginxIngresses) settle(ctx context.Context) bool { return n.own == nil || n.own.Settle(ctx) }

// wait returns when nothing is read any more, which is after the context has ended.
func (n *nginxIngresses) wait() {
	if n.named != nil {
		n.named.Wait()
	}
}

// latest returns the settings of the latest build.
func (n *nginxIngresses) latest() *nginx.Settings { return n.made.Load() }

// settings returns what Ingresses written for ingress-nginx have in common. As long as nothing changes but ConfigMaps
// that Ingresses alone name, it is like that before. Only the goroutine that builds calls it.
func (n *nginxIngresses) settings(ctx context.Context, ingresses []*networkingv1.Ingress) (*nginx.Settings, error) {
	known, from := nginx.Maps{}, ""
	if n.own != nil {
		object, err := n.ownMap(ctx)
		if err != nil {
			return nil, err
		}
		known[n.options.ConfigMap] = object
		from = fmt.Sprintf("%s %t %v", object.Missing, object.Gone, object.Data)
	}
	common, _ := nginx.Named(&n.options, known, nil)
	named, beyond := nginx.Named(&n.options, known, ingresses)
	delete(named, n.options.ConfigMap)
	if err := n.named.LookUp(ctx, named, cluster.ReadPatience); err != nil {
		return nil, err
	}
	objects, unknown := n.named.Objects()
	byUID := func(a, b *corev1.ConfigMap) int { return strings.Compare(string(a.UID), string(b.UID)) }
	for _, object := range slices.SortedFunc(slices.Values(objects), byUID) {
		name, version := client.ObjectKeyFromObject(object), string(object.UID)+object.ResourceVersion
		known[name] = nginx.Map{Data: object.Data, Version: version}
		if _, ok := common[name]; ok {
			from += " " + version
		}
	}
	for _, name := range slices.SortedFunc(maps.Keys(unknown), func(a, b types.NamespacedName) int { return strings.Compare(a.String(), b.String()) }) {
		known[name] = nginx.Map{Missing: unknown[name]}
		if _, ok := common[name]; ok {
			from += " " + name.String() + unknown[name]
		}
	}
	maps.Copy(known, beyond)
	if n.from != nil && *n.from == from && maps.EqualFunc(known, n.known, sameConfigMap) {
		return n.made.Load(), nil // So that whoever gets the settings knows that they are the same.
	}
	n.known = known
	made := n.made.Load().WithMaps(known)
	if n.from == nil || *n.from != from {
		made, n.from = nginx.NewSettings(n.options, known), &from
		n.note(ctx, made.Notes())
	}
	n.made.Store(made)
	return made, nil
}

// sameConfigMap returns whether the same is known of a ConfigMap.
func sameConfigMap(a, b nginx.Map) bool {
	return a.Version == b.Version && a.Missing == b.Missing && a.Gone == b.Gone && reflect.ValueOf(a.Data).Pointer() == reflect.ValueOf(b.Data).Pointer()
}

// ownMap returns ingress-nginx's ConfigMap. One that goes, as it does with ingress-nginx itself, leaves what it said:
// otherwise every path would be closed at once, or open.
func (n *nginxIngresses) ownMap(ctx context.Context) (nginx.Map, error) {
	if !n.own.Synced(ctx) {
		return nginx.Map{Missing: "cannot be read"}, nil
	}
	var object corev1.ConfigMap
	err := n.own.Get(ctx, n.options.ConfigMap, &object)
	if client.IgnoreNotFound(err) != nil {
		return nginx.Map{}, fmt.Errorf("reading ConfigMap %s from the cache: %w", n.options.ConfigMap, err)
	}
	switch {
	case err == nil:
		if n.last == nil || !maps.Equal(n.last, object.Data) {
			n.last = object.Data
		}
		if n.last == nil {
			n.last = map[string]string{}
		}
		return nginx.Map{Data: n.last}, nil
	case n.last != nil:
		return nginx.Map{Data: n.last, Gone: true}, nil
	}
	return nginx.Map{Missing: "is not there"}, nil
}

// note writes what is new about the settings into the log.
func (n *nginxIngresses) note(ctx context.Context, notes []string) {
	for _, text := range notes {
		if !slices.Contains(n.noted, text) {
			log.FromContext(ctx).Info("a setting of ingress-nginx does not do here what it did there", "why", text)
		}
	}
	n.noted = notes
}
