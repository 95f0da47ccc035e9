// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/warren-dev/ingress/controllers/translate"
)

// +kubebuilder:rbac:groups="",resources=configmaps,verbs=list;watch

const (
	// authorityField is where a Secret or ConfigMap has the certificates of authorities.
	authorityField   = "ca.crt"
	certificateBlock = "CERTIFICATE"
	// authorityPatience is how long a build waits for authorities that were not named before. Those that it does not wait for, and
	// what cannot be read at all, keep no other route from being served.
	authorityPatience = time.Second
)

// authorities watches the Secrets and ConfigMaps that backends name for the authorities of their certificates, each by its
// name: of the cluster's others nothing reaches this process, and of these it keeps nothing but the certificates. It belongs to the
// goroutine that builds.
type authorities struct {
	client client.WithWatch
	// changed is called when something else is known of one of them.
	changed func()
	watched map[translate.AuthorityName]*watchedAuthority
	running sync.WaitGroup
}

// watchedAuthority is one that is watched until cancel.
type watchedAuthority struct {
	cancel  context.CancelFunc
	objects toolscache.Store
	synced  <-chan struct{}
	// refused is set while the API server does not let it be read.
	refused atomic.Bool
	// version is that of the object that content was parsed from.
	version string
	content *translate.Authority
}

func newAuthorities(c client.WithWatch, changed func()) *authorities {
	return &authorities{client: c, changed: changed, watched: make(map[translate.AuthorityName]*watchedAuthority)}
}

// read returns what is known of these, and watches no others from now on. The watches end with ctx.
func (a *authorities) read(ctx context.Context, named map[translate.AuthorityName]struct{}) []*translate.Authority {
	for name, w := range a.watched {
		if _, ok := named[name]; !ok {
			w.cancel()
			delete(a.watched, name)
		}
	}
	if len(named) == 0 {
		return nil
	}
	var added []*watchedAuthority
	for name := range named {
		if a.watched[name] == nil {
			a.watched[name] = a.watch(ctx, name)
			added = append(added, a.watched[name])
		}
	}
	awaitSync(ctx, added)
	var known []*translate.Authority
	for name, w := range a.watched {
		if authority := w.read(name); authority != nil {
			known = append(known, authority)
		}
	}
	return known
}

func awaitSync(ctx context.Context, added []*watchedAuthority) {
	late := time.NewTimer(authorityPatience)
	defer late.Stop()
	for _, w := range added {
		select {
		case <-w.synced:
		case <-late.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// wait returns when all watches have ended, after the end of their context.
func (a *authorities) wait() { a.running.Wait() }

func (a *authorities) watch(ctx context.Context, name translate.AuthorityName) *watchedAuthority {
	w := &watchedAuthority{}
	ctx, w.cancel = context.WithCancel(ctx)
	options := toolscache.InformerOptions{
		ListerWatcher: a.listerWatcher(name, w),
		ObjectType:    &corev1.Secret{},
		Transform:     trimAuthority,
		Handler: toolscache.ResourceEventHandlerFuncs{
			AddFunc: func(any) { a.changed() }, UpdateFunc: func(any, any) { a.changed() }, DeleteFunc: func(any) { a.changed() },
		},
	}
	if name.ConfigMap {
		options.ObjectType = &corev1.ConfigMap{}
	}
	// What the API server refuses is told in a condition; the library would log each attempt.
	quiet := logr.Discard()
	options.Logger = &quiet
	store, informer := toolscache.NewInformerWithOptions(options)
	w.objects, w.synced = store, informer.HasSyncedChecker().Done()
	a.running.Go(func() { informer.RunWithContext(ctx) })
	log.FromContext(ctx).V(1).Info("watching an authority", "configMap", name.ConfigMap, "name", name.NamespacedName)
	return w
}

// listerWatcher reads one object.
func (a *authorities) listerWatcher(name translate.AuthorityName, w *watchedAuthority) toolscache.ListerWatcher {
	list := func() client.ObjectList {
		if name.ConfigMap {
			return &corev1.ConfigMapList{}
		}
		return &corev1.SecretList{}
	}
	only := func(options *metav1.ListOptions) []client.ListOption {
		return []client.ListOption{&client.ListOptions{Raw: options}, client.InNamespace(name.Namespace),
			client.MatchingFields{metav1.ObjectNameField: name.Name}}
	}
	note := func(err error) {
		if refused := apierrors.IsForbidden(err); w.refused.Swap(refused) != refused {
			a.changed()
		}
	}
	return &toolscache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			objects := list()
			err := a.client.List(ctx, objects, only(&options)...)
			note(err)
			return objects, err
		},
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			events, err := a.client.Watch(ctx, list(), only(&options)...)
			note(err)
			return events, err
		},
	}
}

func trimAuthority(object any) (any, error) {
	switch o := object.(type) {
	case *corev1.Secret:
		return &corev1.Secret{ObjectMeta: identity(&o.ObjectMeta), Data: map[string][]byte{authorityField: o.Data[authorityField]}}, nil
	case *corev1.ConfigMap:
		return &corev1.ConfigMap{ObjectMeta: identity(&o.ObjectMeta), Data: map[string]string{authorityField: o.Data[authorityField]}}, nil
	}
	return object, nil
}

// read returns what is known, or nil where the object is known not to be there. Each version is parsed once.
func (w *watchedAuthority) read(name translate.AuthorityName) *translate.Authority {
	switch {
	case w.refused.Load():
		return &translate.Authority{Name: name, Missing: "may not be read by the controller: its role has to let it list and watch them"}
	case !isClosed(w.synced):
		return &translate.Authority{Name: name, Missing: "has not been read yet"}
	}
	objects := w.objects.List()
	if len(objects) == 0 {
		w.content = nil
		return nil
	}
	object := objects[0].(client.Object)
	if version := string(object.GetUID()) + object.GetResourceVersion(); w.content == nil || w.version != version {
		w.version, w.content = version, parseAuthority(name, authorityText(object))
	}
	return w.content
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func authorityText(object client.Object) string {
	switch o := object.(type) {
	case *corev1.Secret:
		return string(o.Data[authorityField])
	case *corev1.ConfigMap:
		return o.Data[authorityField]
	}
	return ""
}

// parseAuthority takes certificates alone, and all or none: one that is left out would be missed only when a backend is
// given a certificate of its.
func parseAuthority(name translate.AuthorityName, text string) *translate.Authority {
	fault := func(format string, args ...any) *translate.Authority {
		return &translate.Authority{Name: name, Fault: fmt.Sprintf(format, args...) + ": put the certificates of the authorities there as PEM"}
	}
	if text == "" {
		return fault("%s is empty", authorityField)
	}
	count := 0
	for rest := []byte(text); ; count++ {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != certificateBlock {
			return fault("%s holds a block of type %q", authorityField, clipMessage(block.Type))
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil || len(block.Headers) > 0 {
			return fault("certificate %d in %s cannot be read", count+1, authorityField)
		}
	}
	switch begun := strings.Count(text, "-----BEGIN "+certificateBlock+"-----"); {
	case count == 0 && begun == 0:
		return fault("%s holds no certificate", authorityField)
	case count < begun:
		return fault("a certificate in %s cannot be read", authorityField)
	}
	return &translate.Authority{Name: name, Certificates: text}
}
