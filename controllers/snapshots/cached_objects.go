// SPDX-License-Identifier: Apache-2.0

package snapshots

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/controllers/sources"
	"github.com/warren-dev/ingress/controllers/translate"
)

// cachedObjects are the objects in the caches of a snapshot controller. They are the caches' own: copies would be
// hundreds of thousands a minute. Nobody modifies them.
type cachedObjects struct {
	*Controller
}

func (c cachedObjects) Ingresses(context.Context) ([]*v1alpha1.Ingress, error) {
	return c.lists.ingresses.List(), nil
}

func (c cachedObjects) Tasks(context.Context) ([]*v1alpha1.Task, error) {
	return c.lists.tasks.List(), nil
}

func (c cachedObjects) TLSCertificates(context.Context) ([]*v1alpha1.TLSCertificate, error) {
	return c.lists.certificates.List(), nil
}

// lists are the objects of the kinds in the manager's cache.
type lists struct {
	ingresses    cluster.Listed[*v1alpha1.Ingress]
	tasks        cluster.Listed[*v1alpha1.Task]
	certificates cluster.Listed[*v1alpha1.TLSCertificate]
	// known says whether they are full.
	known []toolscache.InformerSynced
}

// follow has the list of a kind follow the cache, and handler called with every event.
func (l *lists) follow(ctx context.Context, from cache.Cache, object client.Object, handler toolscache.ResourceEventHandler) error {
	switch object.(type) {
	case *v1alpha1.Ingress:
		handler = l.ingresses.Handler(handler)
	case *v1alpha1.Task:
		handler = l.tasks.Handler(handler)
	case *v1alpha1.TLSCertificate:
		handler = l.certificates.Handler(handler)
	}
	informer, err := from.GetInformer(ctx, object, cache.BlockUntilSynced(false))
	if err != nil {
		return fmt.Errorf("watching %T (are the resource definitions of this version installed?): %w", object, err)
	}
	registration, err := informer.AddEventHandler(handler)
	if err != nil {
		return fmt.Errorf("watching %T: %w", object, err)
	}
	l.known = append(l.known, registration.HasSynced)
	return nil
}

func (c cachedObjects) Standard(ctx context.Context) (ours sources.StandardObjects, err error) {
	if c.Controller.Standard == nil {
		return ours, nil
	}
	return c.Controller.Standard.Read(ctx)
}

func (c cachedObjects) GatewayAPI(ctx context.Context) (objects sources.GatewayObjects, err error) {
	if c.Gateways == nil {
		return objects, nil
	}
	if objects, err = c.Gateways.Read(ctx); err != nil {
		return objects, err
	}
	if c.GatewayServices != nil {
		if objects.Services, err = c.GatewayServices.Read(ctx); err != nil {
			return objects, err
		}
	}
	if c.Namespaces == nil {
		return objects, nil
	}
	objects.NamespaceLabels, err = c.Namespaces.Labels(ctx)
	return objects, err
}

func (c cachedObjects) AllowedHosts(ctx context.Context) (map[string]*string, error) {
	if c.Namespaces == nil {
		return nil, nil
	}
	return c.Namespaces.AllowedHosts(ctx)
}

func (c cachedObjects) Services(ctx context.Context, named map[types.NamespacedName]struct{}) ([]*corev1.Service, []*discoveryv1.EndpointSlice, error) {
	return c.Discovery.Read(ctx, named)
}

func (c cachedObjects) Secrets(ctx context.Context, named map[types.NamespacedName]struct{}) ([]*translate.Secret, error) {
	if err := c.Certificates.LookUp(ctx, named, c.patience()); err != nil {
		return nil, err
	}
	secrets, unknown := c.Certificates.Objects()
	return c.Controller.secrets.Read(secrets, unknown, named), nil
}

// patience is how long a build waits for Secrets. No host is to be without its certificate for a moment, and nobody is
// to be refused for want of what a Secret holds.
func (c cachedObjects) patience() time.Duration {
	if c.latest.Load() == nil {
		return cluster.FirstPatience
	}
	return cluster.ReadPatience
}

func (c cachedObjects) Authorities(ctx context.Context, named map[translate.AuthorityName]struct{}) ([]*translate.Authority, error) {
	return c.Controller.Authorities.Read(ctx, named)
}

func (c cachedObjects) Credentials(ctx context.Context, named map[rules.CredentialName]struct{}) ([]*translate.Credential, error) {
	return c.Controller.Credentials.Read(ctx, named, c.patience())
}

// Own returns the addresses at which the ready replicas take requests.
func (c cachedObjects) Own() []netip.AddrPort {
	if c.Replicas == nil {
		return nil
	}
	return c.Replicas.Addresses()
}

// Reserved returns the addresses of all replicas of all controllers that this one knows of, and those that it has
// reached the API server at.
func (c cachedObjects) Reserved() (reserved translate.Reserved) {
	reserved.Controller = append(slices.Clip(c.Machine), c.Peers.Machines()...)
	if c.APIServer != nil {
		reserved.APIServer = c.APIServer()
	}
	return reserved
}

func (c cachedObjects) Challenges(ctx context.Context, certificates []*v1alpha1.TLSCertificate) ([]translate.Challenge, error) {
	if c.Answers == nil {
		return nil, nil
	}
	return c.Answers.Challenges(ctx, certificates)
}
