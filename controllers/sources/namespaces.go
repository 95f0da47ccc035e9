// SPDX-License-Identifier: Apache-2.0

package sources

import (
	"context"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	toolscache "k8s.io/client-go/tools/cache"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/controllers/translate"
)

// +kubebuilder:rbac:groups="",resources=namespaces,verbs=list;watch

// Namespaces know which hosts the operator allows each namespace. If the Namespaces may not be read, then either no
// namespace is allowed a host or each is allowed every host, depending on what the operator requires.
type Namespaces struct {
	// caches has one cache of all Namespaces, or one for each watched Namespace. A right to read only some objects that
	// are in no namespace has to name each of them.
	caches []*cluster.OptionalCache
	// watched are the names of the watched Namespaces. It is empty if all are watched.
	watched []string
	// unread is what was last logged of annotations that cannot be read. Only the goroutine that builds uses it.
	unread map[string]string
	// listed are all Namespaces in the caches. Only the goroutine that builds uses what follows.
	listed cluster.Listed[*metav1.PartialObjectMetadata]
	latest namespaces
}

// namespaces is what was read of Namespaces, and what it was read from.
type namespaces struct {
	from       []*metav1.PartialObjectMetadata
	unreadable int
	allowed    map[string]*string
	labels     map[string]map[string]string
}

// AddNamespaces has the manager run the caches of these Namespaces, or of all.
func AddNamespaces(mgr ctrl.Manager, required bool, watched []string) (*Namespaces, error) {
	without := "so the annotation " + translate.AllowedHostsAnnotation + " is not heeded: grant list and watch on Namespaces, or heed this no further"
	if required {
		without = "so no host is served, since none is known to be allowed: grant list and watch on Namespaces"
	}
	n := &Namespaces{watched: watched}
	options := []cache.Options{{}}
	if len(watched) > 0 {
		options = make([]cache.Options, len(watched))
		for i, name := range watched {
			options[i].DefaultFieldSelector = fields.OneTermEqualSelector(metav1.ObjectNameField, name)
		}
	}
	for _, o := range options {
		o.DefaultTransform = trimNamespace
		c, err := cluster.AddOptionalCache(mgr, o, namespaceKind(), without)
		if err != nil {
			return nil, err
		}
		n.caches = append(n.caches, c)
	}
	return n, nil
}

// namespaceKind returns an object that stands for the metadata of Namespaces.
func namespaceKind() *metav1.PartialObjectMetadata {
	object := &metav1.PartialObjectMetadata{}
	object.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
	return object
}

func trimNamespace(object any) (any, error) {
	namespace, ok := object.(*metav1.PartialObjectMetadata)
	if !ok {
		return object, nil
	}
	trimmed := cluster.Identity(&namespace.ObjectMeta)
	trimmed.Labels = namespace.Labels // listeners of Gateways select by them
	if text, ok := namespace.Annotations[translate.AllowedHostsAnnotation]; ok {
		metav1.SetMetaDataAnnotation(&trimmed, translate.AllowedHostsAnnotation, text)
	}
	namespace.ObjectMeta = trimmed
	return namespace, nil
}

// Watch has handler called with every event.
func (n *Namespaces) Watch(ctx context.Context, handler toolscache.ResourceEventHandler) error {
	for _, c := range n.caches {
		if err := c.Follow(ctx, n.listed.Handler(handler)); err != nil {
			return err
		}
	}
	return nil
}

// Settle waits until it is known what each namespace is allowed, or that this cannot be known. It returns false if ctx
// ends first. A snapshot that was built earlier would give hosts to namespaces that may not have them.
func (n *Namespaces) Settle(ctx context.Context) bool {
	for _, c := range n.caches {
		if !c.Settle(ctx) {
			return false
		}
	}
	return true
}

// Late calls changed when Namespaces become readable that were not before. It returns when all are, or when ctx ends.
func (n *Namespaces) Late(ctx context.Context, changed func()) {
	var waiting sync.WaitGroup
	for _, c := range n.caches {
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

// AllowedHosts returns what the annotations say, nil if no Namespace can be read. A watched Namespace that cannot be
// read counts as one without the annotation.
func (n *Namespaces) AllowedHosts(ctx context.Context) (map[string]*string, error) {
	n.read(ctx)
	return n.latest.allowed, nil
}

// Labels returns the labels of each Namespace that can be read.
func (n *Namespaces) Labels(ctx context.Context) (map[string]map[string]string, error) {
	n.read(ctx)
	return n.latest.labels, nil
}

// read reads the Namespaces, if they are others than before.
func (n *Namespaces) read(ctx context.Context) {
	var unreadable []string
	count := 0
	for i, c := range n.caches {
		if c.Synced(ctx) {
			continue
		}
		count++
		if len(n.watched) > 0 {
			unreadable = append(unreadable, n.watched[i])
		}
	}
	list := n.listed.List()
	if n.latest.labels != nil && n.latest.unreadable == count && sameList(n.latest.from, list) { // What is readable stays so.
		return
	}
	n.latest = namespaces{from: list, unreadable: count, labels: make(map[string]map[string]string, len(list))}
	if count < len(n.caches) {
		n.latest.allowed = make(map[string]*string, len(list))
		for _, object := range list {
			n.latest.allowed[object.Name], n.latest.labels[object.Name] = AllowedHosts(object), object.Labels
		}
		for _, name := range unreadable {
			n.latest.allowed[name] = nil
		}
	}
	n.logUnreadable(ctx, n.latest.allowed)
}

// AllowedHosts returns the text of an object's annotation, nil if it has none.
func AllowedHosts(object metav1.Object) *string {
	text, ok := object.GetAnnotations()[translate.AllowedHostsAnnotation]
	if !ok {
		return nil
	}
	return &text
}

// logUnreadable logs once for each annotation that a part of it cannot be read. A condition says so too, but only if it
// refuses a rule.
func (n *Namespaces) logUnreadable(ctx context.Context, allowed map[string]*string) {
	unread := make(map[string]string)
	for namespace, text := range allowed {
		if text == nil {
			continue
		}
		patterns := translate.UnreadableAllowedHosts(*text)
		if len(patterns) == 0 {
			continue
		}
		if unread[namespace] = *text; n.unread[namespace] != *text {
			log.FromContext(ctx).Info("some of the annotation "+translate.AllowedHostsAnnotation+" of a Namespace cannot be read, and allows no host",
				"namespace", namespace, "unreadable", patterns)
		}
	}
	n.unread = unread
}
