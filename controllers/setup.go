// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/controllers/gatewayapi"
	"github.com/warren-dev/ingress/controllers/gateways"
	"github.com/warren-dev/ingress/controllers/hosts"
	"github.com/warren-dev/ingress/controllers/ingresses"
	"github.com/warren-dev/ingress/controllers/issuing"
	"github.com/warren-dev/ingress/controllers/nginx"
	"github.com/warren-dev/ingress/controllers/orders"
	"github.com/warren-dev/ingress/controllers/replicas"
	"github.com/warren-dev/ingress/controllers/shown"
	"github.com/warren-dev/ingress/controllers/snapshots"
	"github.com/warren-dev/ingress/controllers/sources"
	"github.com/warren-dev/ingress/controllers/status"
	"github.com/warren-dev/ingress/controllers/tasks"
	"github.com/warren-dev/ingress/controllers/tickets"
	"github.com/warren-dev/ingress/controllers/translate"
)

// Options say what the controllers serve, and what they write. Applier and IngressClass must be set.
type Options struct {
	// Applier is the data plane.
	Applier snapshots.Applier
	// Health is what the data plane's health checks find. Nil stands for a data plane that checks nothing.
	Health tasks.HealthSource
	// GatewayController is the name by which GatewayClasses name the controller. Empty for not serving the Gateway API.
	GatewayController string
	// GatewayAddresses are the addresses of the machine that Gateways get for their own. Empty has them share all.
	GatewayAddresses []netip.Addr
	// GatewayServices is the type of the Service that each Gateway gets for itself: ClusterIP or LoadBalancer. Empty has
	// them get none.
	GatewayServices string
	// Listening knows which addresses of Gateways could not be opened. Nil stands for none.
	Listening replicas.Ports
	// IngressClass is the spec.ingressClassName that is ours. An Ingress without one is ours too.
	IngressClass string
	// Nginx says which Ingresses are served as ingress-nginx served them.
	Nginx nginx.Options
	// AllowSharedHosts lets Ingresses of several namespaces have rules for one host.
	AllowSharedHosts bool
	// RequireAllowedHosts lets a namespace have only those hosts that its Namespace is annotated with.
	RequireAllowedHosts bool
	// Hosts know which namespace each host belongs to. Nil stands for Hosts that know nothing yet.
	Hosts *hosts.Hosts
	// Bystanders are told which Ingresses are not the controller's. Nil stands for nobody who asks.
	Bystanders *sources.Bystanders
	// Shown is told what the page shows of the cluster. Nil stands for no page.
	Shown *shown.Cluster
	// HostClaimGrace is how long a host stays with a namespace that has no rule for it any more.
	HostClaimGrace time.Duration
	// AllowLocalTasks lets Tasks be at loopback, link-local and the controller's own addresses.
	AllowLocalTasks bool
	// TaskNetworks are the networks that Tasks may be in. Empty stands for all.
	TaskNetworks []netip.Prefix
	// APIServer returns the addresses at which the API server was reached. May be nil.
	APIServer func() []netip.Addr
	// DefaultCertificate is the Secret whose certificate is served for a name that has none of its own.
	DefaultCertificate types.NamespacedName
	// PublishAddress has the IP addresses and host names that are written into the status of Ingresses, with commas
	// between them. Empty for none.
	PublishAddress string
	// PublishService is the "namespace/name" of a Service whose addresses are written instead.
	PublishService string
	// Namespace is the controller's own. The replicas' Leases are there.
	Namespace string
	// Replica is this process, as the other replicas see it. Without a name, it keeps no Lease and knows no other replica.
	Replica replicas.Replica
	// Elects says that the replicas elect the one that writes. Otherwise the first of those that have a Lease writes.
	Elects bool
	// Owner owns the objects that the controller makes in Namespace. Nil for no owner.
	Owner *metav1.OwnerReference
	// PodUID is the UID of the Pod of the same name as Replica, empty outside of a cluster.
	PodUID types.UID
	// ReadyReplicas is called with the number of ready replicas, this one among them, whenever that changes. May be nil.
	ReadyReplicas func(n int)
	// TicketKeys is called with the keys that all replicas seal session tickets with, whenever they change. The key for
	// new tickets comes first. Nil is for replicas that share no keys.
	TicketKeys func(keys [][32]byte)
	// SessionKey is called with the key of persistent sessions, whenever that changes. It goes with TicketKeys.
	SessionKey func(key [32]byte)
	// Draining is closed when the process begins to end. Nil stands for never.
	Draining <-chan struct{}
	// WatchNamespaces are the namespaces whose objects are read. Empty stands for all.
	WatchNamespaces []string
	// PeerNamespaces are the namespaces of other controllers, besides the own one. replicas.EveryNamespace stands for all.
	PeerNamespaces []string
	// hostScope names the claims of hosts in place of the class, for tests that share one API server.
	hostScope string
	// Metrics counts what the controllers do. Nil stands for metrics that nobody reads.
	Metrics *Metrics
	// ACME says how certificates are ordered. Its zero value orders none, and looks after no TLSCertificate.
	ACME orders.ACMEOptions
	// OrdersNothing has TLSCertificates looked after without ordering any, and without the rights that ordering takes.
	OrdersNothing bool
	// OrderNamespaces are the namespaces whose certificates are ordered, and that it takes those rights in. Empty stands
	// for all.
	OrderNamespaces []string
}

// Setup adds the controllers to a manager that was made with cluster.Scheme and cluster.CacheOptions. They run when the
// manager is started. Setup returns the snapshot controller, which is ready when the data plane serves.
func Setup(mgr ctrl.Manager, options Options) (*snapshots.Controller, error) {
	if options.Applier == nil || options.IngressClass == "" {
		return nil, errors.New("setting up the controllers: there must be a data plane and an ingress class")
	}
	if options.Metrics == nil {
		options.Metrics = NewMetrics()
	}
	addresses, err := status.PublishedAddresses(mgr, options.PublishAddress, options.PublishService)
	if err != nil {
		return nil, err
	}
	var working *orders.WorkingSecrets
	if options.ACME.Client != nil {
		if working, err = orders.AddWorkingSecrets(mgr, options.Namespace, options.IngressClass); err != nil {
			return nil, err
		}
	}
	snapshots, err := addSnapshots(mgr, &options, working)
	if err != nil {
		return nil, err
	}
	if options.Shown != nil {
		from := shown.Sources{Cache: mgr.GetCache(), API: mgr.GetAPIReader(), Replicas: snapshots.Replicas}
		if working != nil && !options.OrdersNothing {
			from.Ledger = options.Namespace
		}
		options.Shown.Attach(from)
	}
	if tell := options.ReadyReplicas; tell != nil {
		snapshots.Replicas.Subscribe(func() { tell(len(snapshots.Replicas.Ready())) })
	}
	if options.TicketKeys != nil {
		tell := tickets.Tell{Tickets: options.TicketKeys, Sessions: options.SessionKey}
		if err := tickets.Setup(mgr, options.Namespace, options.Owner, tell); err != nil {
			return nil, err
		}
	}
	if options.Owner != nil {
		claim := &cluster.LeaseClaim{Client: mgr.GetClient(), Reader: mgr.GetAPIReader(), Owner: *options.Owner,
			Lease: types.NamespacedName{Namespace: options.Namespace, Name: cluster.ElectionLease(options.IngressClass)}}
		if err := mgr.Add(claim); err != nil {
			return nil, fmt.Errorf("setting up the Lease of the election: %w", err)
		}
	}
	recorder := mgr.GetEventRecorder("warren-ingress")
	writer := status.NewWriter(mgr, recorder, options.IngressClass, options.Metrics.statuses)
	reconcilers := []interface{ Setup(ctrl.Manager) error }{
		&ingresses.Reconciler{Client: mgr.GetClient(), Class: options.IngressClass, Snapshots: snapshots, Replicas: snapshots.Replicas,
			Peers: snapshots.Peers, Addresses: addresses, Status: writer},
		&ingresses.StandardReconciler{Snapshots: snapshots, Peers: snapshots.Peers, Ingresses: snapshots.Standard, Addresses: addresses,
			Status: writer, Recorder: recorder},
		&tasks.Reconciler{Client: mgr.GetClient(), Snapshots: snapshots, Health: options.Health, Status: writer},
	}
	if snapshots.Gateways != nil {
		config := &gateways.Config{Class: options.IngressClass, API: snapshots.Gateways, Snapshots: snapshots, Peers: snapshots.Peers,
			Replicas: snapshots.Replicas, Addresses: addresses, Listening: options.Listening, Status: writer}
		reconcilers = append(reconcilers, gateways.ClassReconciler{Config: config}, &gateways.GatewayReconciler{Config: config},
			&gateways.ListenerSetReconciler{Config: config}, gateways.HTTPRoutes(config), gateways.GRPCRoutes(config),
			gateways.BackendTLSPolicyReconciler{Config: config}, gateways.RoutePolicyReconciler{Config: config})
		if snapshots.GatewayServices != nil {
			config.Services = gateways.NewServices(snapshots.GatewayServices)
			reconcilers = append(reconcilers, &gateways.ServiceReconciler{Config: config, Client: mgr.GetClient(), Reader: mgr.GetAPIReader()})
		}
	}
	if options.ACME.Client != nil {
		if err := cluster.IndexCertificates(context.Background(), mgr.GetFieldIndexer()); err != nil {
			return nil, err
		}
		automatic := ingresses.AutoSSL{Client: mgr.GetClient(), Class: options.IngressClass, Snapshots: snapshots, Peers: snapshots.Peers}
		issuance := orders.New(mgr, &orders.Config{ACMEOptions: options.ACME, Namespace: options.Namespace, Class: options.IngressClass,
			Owner: options.Owner, Working: working, Ready: snapshots.Replicas.Ready, Self: options.Replica, Metrics: options.Metrics.orders})
		collector := &orders.AccountCollector{Issuance: issuance, OrdersNothing: options.OrdersNothing, WatchNamespaces: options.WatchNamespaces}
		if err := mgr.Add(collector); err != nil {
			return nil, fmt.Errorf("setting up the collection of accounts: %w", err)
		}
		reconcilers = append(reconcilers, &automatic,
			&ingresses.StandardAutoSSL{AutoSSL: automatic, Ingresses: snapshots.Standard, Cache: mgr.GetCache()},
			&issuing.Reconciler{Client: mgr.GetClient(), Reader: mgr.GetAPIReader(), Class: options.IngressClass,
				Namespace: options.Namespace, WatchNamespaces: options.WatchNamespaces, Snapshots: snapshots, Peers: snapshots.Peers,
				Standard: snapshots.Standard, Secrets: snapshots.Certificates, Status: writer, Recorder: recorder,
				Working: working, Issuance: issuance, OrdersNothing: options.OrdersNothing, OrderNamespaces: options.OrderNamespaces})
	}
	for _, reconciler := range reconcilers {
		if err := reconciler.Setup(mgr); err != nil {
			return nil, err
		}
	}
	return snapshots, nil
}

// addSnapshots has the manager run the sources of snapshots, and the controller that builds snapshots from them.
// Working is nil where nothing is ordered.
func addSnapshots(mgr ctrl.Manager, options *Options, working *orders.WorkingSecrets) (*snapshots.Controller, error) {
	secrets, err := cluster.AddMetadataCache(mgr, "Secret", options.WatchNamespaces)
	if err != nil {
		return nil, err
	}
	configMaps, err := cluster.AddMetadataCache(mgr, "ConfigMap", options.WatchNamespaces)
	if err != nil {
		return nil, err
	}
	pending := snapshots.NewHoldOff()
	config := snapshots.Config{
		Applier: options.Applier,
		Options: translate.Options{IngressClass: options.IngressClass, AllowSharedHosts: options.AllowSharedHosts, AllowLocalTasks: options.AllowLocalTasks,
			TaskNetworks: options.TaskNetworks, RequireAllowedHosts: options.RequireAllowedHosts, DefaultCertificate: options.DefaultCertificate},
		Machine:      replicas.ParseMachine(options.Replica.Machine),
		APIServer:    options.APIServer,
		Pending:      pending,
		Cache:        mgr.GetCache(),
		Certificates: sources.NewCertificates(mgr.GetAPIReader(), secrets, pending.Event),
		Authorities:  sources.NewAuthorities(mgr.GetAPIReader(), secrets, configMaps, pending.Event),
		Credentials:  sources.NewCredentials(mgr.GetAPIReader(), secrets, pending.Event),
	}
	if working != nil {
		config.Answers = working
	}
	if config.Discovery, err = sources.AddDiscovery(mgr, options.WatchNamespaces); err != nil {
		return nil, fmt.Errorf("watching Services: %w", err)
	}
	if config.Standard, err = sources.AddStandardIngresses(
		mgr, options.IngressClass, options.WatchNamespaces, options.Nginx, configMaps, pending.Event); err != nil {
		return nil, err
	}
	if options.GatewayController != "" {
		api := gatewayapi.Options{Controller: options.GatewayController, Addresses: options.GatewayAddresses, Services: options.GatewayServices}
		if config.Gateways, err = sources.AddGatewayAPI(mgr, api, options.WatchNamespaces); err != nil {
			return nil, err
		}
	}
	if options.GatewayController != "" && options.GatewayServices != "" {
		if config.GatewayServices, err = sources.AddGatewayServices(mgr, options.WatchNamespaces); err != nil {
			return nil, err
		}
	}
	if config.Namespaces, err = sources.AddNamespaces(mgr, options.RequireAllowedHosts, options.WatchNamespaces); err != nil {
		return nil, err
	}
	replica := &replicas.Config{
		Self: options.Replica, Namespace: options.Namespace, Class: options.IngressClass, Pod: options.PodUID, Elects: options.Elects,
		WatchNamespaces: options.WatchNamespaces, PeerNamespaces: options.PeerNamespaces, Orders: options.ACME.Client != nil && !options.OrdersNothing,
		Draining: options.Draining, Ports: options.Listening, Metrics: options.Metrics.peers,
	}
	if config.Peers, err = replicas.AddPeers(mgr, replica); err != nil {
		return nil, err
	}
	if config.Replicas, config.Served, err = replicas.Add(mgr, replica, config.Peers, config.Standard.IngressClass); err != nil {
		return nil, err
	}
	if options.Bystanders != nil {
		options.Bystanders.Attach(mgr.GetCache(), config.Standard, options.IngressClass)
	}
	if options.Hosts != nil {
		options.Hosts.Share(options.AllowSharedHosts)
	}
	if !options.AllowSharedHosts { // Shared hosts belong to nobody.
		claims := hosts.Config{Hosts: options.Hosts, Namespace: options.Namespace, Scope: cmp.Or(options.hostScope, options.IngressClass),
			Owner: options.Owner, Grace: options.HostClaimGrace, WatchNamespaces: options.WatchNamespaces, Standard: config.Standard}
		if config.Claims, err = hosts.AddKeeper(mgr, claims, pending.Event); err != nil {
			return nil, err
		}
	}
	snapshots := snapshots.New(config)
	if err := mgr.Add(snapshots); err != nil {
		return nil, fmt.Errorf("setting up the snapshot controller: %w", err)
	}
	return snapshots, nil
}
