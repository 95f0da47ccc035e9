// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/acme"
	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/controllers/tickets"
	"github.com/warren-dev/ingress/controllers/translate"
)

// Options say what the controllers serve, and what they write. Applier and IngressClass must be set.
type Options struct {
	// Applier is the data plane.
	Applier Applier
	// Health is what the data plane's health checks find. Nil stands for a data plane that checks nothing.
	Health HealthSource
	// IngressClass is the spec.ingressClassName that is ours; an Ingress without one is ours too.
	IngressClass string
	// AllowSharedHosts lets Ingresses of several namespaces have rules for one host.
	AllowSharedHosts bool
	// RequireAllowedHosts lets namespaces have those hosts alone that their Namespace is annotated with.
	RequireAllowedHosts bool
	// Hosts know which namespace each host belongs to. Nil stands for such that know nothing yet.
	Hosts *Hosts
	// HostClaimGrace is how long a host stays with a namespace that has no rule for it any more.
	HostClaimGrace time.Duration
	// AllowLocalTasks lets Tasks be at loopback and link-local addresses.
	AllowLocalTasks bool
	// DefaultCertificate is the Secret whose certificate is served where there is none for a name.
	DefaultCertificate types.NamespacedName
	// PublishAddress is the IP address or host name that Ingresses are told to be served at. Empty for none.
	PublishAddress string
	// PublishService is the "namespace/name" of a Service of type LoadBalancer whose addresses are published instead.
	PublishService string
	// Namespace is the controller's own, where the replicas' Leases are.
	Namespace string
	// Replica is this process as the other replicas are to know it. One without a name keeps no Lease and knows of no
	// other.
	Replica Replica
	// Elects says that the replicas elect the one that writes. Where they do not, the first of those that have a Lease
	// does.
	Elects bool
	// Owner is what the objects that the controller makes in Namespace belong to. Nil for nothing.
	Owner *metav1.OwnerReference
	// PodUID is that of the Pod of the same name, empty outside of a cluster.
	PodUID types.UID
	// ReadyReplicas is told how many replicas are ready, this one among them, whenever that changes. Nil is not told.
	ReadyReplicas func(n int)
	// TicketKeys is told the keys that all replicas seal session tickets with, the one for new tickets first, whenever
	// they change. Nil is for replicas that share none.
	TicketKeys func(keys [][32]byte)
	// Draining is closed when the process begins to end. Nil stands for never.
	Draining <-chan struct{}
	// WatchNamespaces are those whose objects are read, all if there are none.
	WatchNamespaces []string
	// PeerNamespaces are those in which other controllers are, besides the own one; EveryNamespace stands for all.
	PeerNamespaces []string
	// hostScope is what claims of hosts are named after in place of the class, for tests of one API server.
	hostScope string
	// Metrics counts what the controllers do. Nil counts nothing.
	Metrics *Metrics
	// ACME says how certificates are ordered. Its zero value orders none.
	ACME ACMEOptions
}

// ACMEOptions say which authority certificates are ordered from, and how.
type ACMEOptions struct {
	// Client talks to the authority, whose directory's URL is Directory.
	Client    *acme.Client
	Directory string
	// Email is the contact where a TLSCertificate names none. Empty for none.
	Email string
	// ExternalAccount names the Secret in Namespace that binds new accounts to an external one. Empty for none.
	ExternalAccount string
	// OrdersPerDay bounds all orders of a day; 0 is no bound.
	OrdersPerDay int
	// HTTPPort is the port of every replica that challenges are looked for at; 0 for that of its own plain requests.
	HTTPPort uint16
	// TrustedProxy says that the replicas take this process for a proxy that has to begin with a PROXY header.
	TrustedProxy bool
}

// Scheme returns a new scheme of the kinds that the controllers read and write.
func Scheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		v1alpha1.AddToScheme, coordinationv1.AddToScheme, corev1.AddToScheme, discoveryv1.AddToScheme, networkingv1.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			return nil, fmt.Errorf("making the scheme: %w", err)
		}
	}
	return scheme, nil
}

// Setup adds the controllers to a manager that was made with Scheme and cluster.CacheOptions. They run when the manager
// is started. The returned one is ready when the data plane serves.
func Setup(mgr ctrl.Manager, options Options) (*SnapshotController, error) {
	if options.Applier == nil || options.IngressClass == "" {
		return nil, errors.New("setting up the controllers: there must be a data plane and an ingress class")
	}
	if options.Metrics == nil {
		options.Metrics = NewMetrics()
	}
	addresses, err := publishedAddresses(mgr, options.PublishAddress, options.PublishService)
	if err != nil {
		return nil, err
	}
	snapshots := newSnapshotController(mgr.GetCache(), options.Applier,
		translate.Options{IngressClass: options.IngressClass, AllowSharedHosts: options.AllowSharedHosts, AllowLocalTasks: options.AllowLocalTasks,
			RequireAllowedHosts: options.RequireAllowedHosts, DefaultCertificate: options.DefaultCertificate})
	secrets, err := addMetadataCache(mgr, "Secret", options.WatchNamespaces)
	if err != nil {
		return nil, err
	}
	configMaps, err := addMetadataCache(mgr, "ConfigMap", options.WatchNamespaces)
	if err != nil {
		return nil, err
	}
	snapshots.readNamed(mgr.GetAPIReader(), secrets, configMaps)
	if snapshots.discovery, err = addDiscovery(mgr, options.WatchNamespaces); err != nil {
		return nil, fmt.Errorf("watching Services: %w", err)
	}
	if snapshots.standard, err = addStandardIngresses(mgr, options.IngressClass, options.WatchNamespaces); err != nil {
		return nil, err
	}
	replicas := &replicaConfig{
		Self: options.Replica, Namespace: options.Namespace, Class: options.IngressClass, Pod: options.PodUID, Elects: options.Elects,
		WatchNamespaces: options.WatchNamespaces, PeerNamespaces: options.PeerNamespaces, Orders: options.ACME.Client != nil,
		Draining: options.Draining, Metrics: options.Metrics.peers,
	}
	if snapshots.peers, err = addPeers(mgr, replicas); err != nil {
		return nil, err
	}
	if snapshots.replicas, snapshots.served, err = addReplicas(mgr, replicas, snapshots.peers, snapshots.standard.ingressClass); err != nil {
		return nil, err
	}
	if tell := options.ReadyReplicas; tell != nil {
		snapshots.replicas.Subscribe(func() { tell(len(snapshots.replicas.Ready())) })
	}
	if snapshots.namespaces, err = addNamespaces(mgr, options.RequireAllowedHosts, options.WatchNamespaces); err != nil {
		return nil, err
	}
	if err := setupHosts(mgr, options, snapshots); err != nil {
		return nil, err
	}
	var working *workingSecrets
	if options.ACME.Client != nil {
		if working, err = addWorkingSecrets(mgr, options.Namespace, options.IngressClass); err != nil {
			return nil, err
		}
		snapshots.answers = working
	}
	if options.TicketKeys != nil {
		if err := tickets.Setup(mgr, options.Namespace, options.Owner, options.TicketKeys); err != nil {
			return nil, err
		}
	}
	if err := mgr.Add(snapshots); err != nil {
		return nil, fmt.Errorf("setting up the snapshot controller: %w", err)
	}
	recorder := mgr.GetEventRecorder("warren-ingress")
	status := newStatusWriter(mgr, recorder, options.IngressClass, options.Metrics.statuses)
	if options.Health == nil {
		options.Health = noHealth{}
	}
	if options.Owner != nil {
		claim := &cluster.LeaseClaim{Client: mgr.GetClient(), Reader: mgr.GetAPIReader(), Owner: *options.Owner,
			Lease: types.NamespacedName{Namespace: options.Namespace, Name: cluster.ElectionLease(options.IngressClass)}}
		if err := mgr.Add(claim); err != nil {
			return nil, fmt.Errorf("setting up the Lease of the election: %w", err)
		}
	}
	waiting := newLaggards(snapshots.replicas.Behind)
	snapshots.replicas.Subscribe(waiting.changed)
	reconcilers := []interface{ setup(ctrl.Manager) error }{
		&IngressReconciler{client: mgr.GetClient(), class: options.IngressClass, snapshots: snapshots, peers: snapshots.peers, laggards: waiting, addresses: addresses, status: status},
		&StandardReconciler{snapshots: snapshots, peers: snapshots.peers, ingresses: snapshots.standard, addresses: addresses, status: status, recorder: recorder,
			said: map[types.NamespacedName]said{}},
		&TaskReconciler{client: mgr.GetClient(), snapshots: snapshots, health: options.Health, status: status},
	}
	if options.ACME.Client != nil {
		if err := indexCertificates(context.Background(), mgr.GetFieldIndexer()); err != nil {
			return nil, err
		}
		reconcilers = append(reconcilers, tlsCertificates(mgr, options, snapshots, working, status, recorder),
			&AutoSSLReconciler{client: mgr.GetClient(), class: options.IngressClass, snapshots: snapshots, peers: snapshots.peers},
			&StandardAutoSSLReconciler{AutoSSLReconciler: AutoSSLReconciler{client: mgr.GetClient(), snapshots: snapshots, peers: snapshots.peers},
				ingresses: snapshots.standard, cache: mgr.GetCache()})
	}
	for _, reconciler := range reconcilers {
		if err := reconciler.setup(mgr); err != nil {
			return nil, err
		}
	}
	return snapshots, nil
}

// tlsCertificates puts together what orders certificates.
func tlsCertificates(mgr ctrl.Manager, options Options, snapshots *SnapshotController, working *workingSecrets, status *statusWriter, recorder events.EventRecorder) *TLSCertificateReconciler {
	c, reader, o := mgr.GetClient(), mgr.GetAPIReader(), options.ACME
	return &TLSCertificateReconciler{
		class: options.IngressClass, name: options.Namespace + "/" + options.IngressClass,
		namespaces: options.WatchNamespaces,
		client:     c, snapshots: snapshots, status: status, recorder: recorder, reader: reader, working: working,
		renewals: &renewals{authority: o.Client, known: map[types.NamespacedName]renewal{}},
		issuance: &issuance{
			authority: o.Client, client: c, now: time.Now, directory: o.Directory, email: o.Email, metrics: options.Metrics.orders,
			accounts: &accountStore{reader: reader, client: c, authority: o.Client, namespace: options.Namespace,
				directory: o.Directory, external: o.ExternalAccount, owner: options.Owner},
			ledger: &ledgerStore{reader: reader, client: c, namespace: options.Namespace, owner: options.Owner,
				limits: limitsAt(o.Directory, o.OrdersPerDay)},
			orders: &orderStore{reader: reader, client: c, cache: working, namespace: options.Namespace,
				class: options.IngressClass, owner: options.Owner},
			presence: newPresence(snapshots.replicas.Ready, options.Replica, o.HTTPPort, o.TrustedProxy),
		},
	}
}

// setupHosts has it recorded which namespace each host belongs to. Where hosts are shared, none is anybody's.
func setupHosts(mgr ctrl.Manager, options Options, snapshots *SnapshotController) error {
	if options.Hosts != nil {
		options.Hosts.shared.Store(options.AllowSharedHosts)
	}
	if options.AllowSharedHosts {
		return nil
	}
	scope := cmp.Or(options.hostScope, options.IngressClass)
	var err error
	snapshots.recorded, err = cluster.AddOptionalCache(mgr, claimCacheOptions(options.Namespace, scope), &corev1.ConfigMap{},
		"so what other replicas and administrators record of hosts is heeded late: grant list and watch in the controller's namespace")
	if err != nil {
		return err
	}
	store := &claimObjects{reader: mgr.GetAPIReader(), client: mgr.GetClient(), namespace: options.Namespace, scope: scope,
		owner: options.Owner, standard: snapshots.standard}
	hosts := options.Hosts
	if hosts == nil {
		hosts = NewHosts()
	}
	again := snapshots.pending.event
	snapshots.claims = &claimKeeper{
		hosts: hosts, store: store, scope: scope, now: time.Now, again: again,
		released: newClaimReleaser(hosts, store, scope, options.HostClaimGrace, time.Now, again),
		watched: func(namespace string) bool {
			return len(options.WatchNamespaces) == 0 || slices.Contains(options.WatchNamespaces, namespace)
		},
	}
	return nil
}
