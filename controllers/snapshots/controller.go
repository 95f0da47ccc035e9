// SPDX-License-Identifier: Apache-2.0

package snapshots

import (
	"context"
	"fmt"
	"iter"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/controllers/gatewayapi"
	"github.com/warren-dev/ingress/controllers/hosts"
	"github.com/warren-dev/ingress/controllers/replicas"
	"github.com/warren-dev/ingress/controllers/sources"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

const (
	// quietTime is how long no event may come before a snapshot is built. So it is the least time between two builds.
	quietTime = 20 * time.Millisecond
	// waitLimit is the longest time that an event waits for a build.
	waitLimit = 200 * time.Millisecond

	// A refused snapshot is tried again after retryFirst. Each further pause is twice as long, up to retryLimit. Any event
	// leads to a build earlier, because it may be the correction.
	retryFirst = time.Second
	retryLimit = time.Minute

	// validityLimit is the longest time between two looks at whether certificates are valid.
	validityLimit = time.Hour
)

// Applier serves snapshots. Apply returns the generation that it serves, or why it refuses the snapshot. It then goes
// on with the one before. If a snapshot equals the one that is served, nothing changes, and the generation stays.
type Applier interface {
	Apply(snapshot *snapshot.Snapshot) (generation uint64, err error)
}

// ChallengeSource knows the answers that orders have ready for authorities.
type ChallengeSource interface {
	// Watch has handler called with every event that can make a difference.
	Watch(ctx context.Context, handler toolscache.ResourceEventHandler) error
	// WaitForCacheSync waits until all answers are known. It returns false if ctx ends first.
	WaitForCacheSync(ctx context.Context) bool
	// Challenges returns the answers for these TLSCertificates.
	Challenges(ctx context.Context, certificates []*v1alpha1.TLSCertificate) ([]translate.Challenge, error)
}

// Config is what snapshots are made from, and who learns of them.
type Config struct {
	// Applier is the data plane.
	Applier Applier
	Options translate.Options
	// Pending gathers events. Whoever learns something new calls its Event.
	Pending *HoldOff
	// Origin is where the objects come from. If it is nil, they come from the caches below.
	Origin sources.Origin
	Cache  cache.Cache
	// Certificates are the Secrets that objects name for their certificates.
	Certificates *cluster.NamedObjects[*corev1.Secret]
	// Authorities are the authorities that backends' certificates are verified by.
	Authorities *sources.Authorities
	// Credentials are what clients have to prove something by.
	Credentials *sources.Credentials
	// Discovery has the Services and their endpoints.
	Discovery *sources.Discovery
	// Answers are the answers that orders have ready. Nil if nothing is ordered.
	Answers ChallengeSource
	// Standard are the Ingresses of networking.k8s.io. Nil if they are not served.
	Standard *sources.StandardIngresses
	// Gateways are the objects of the Gateway API. Nil if they are not served.
	Gateways *sources.GatewayAPI
	// GatewayServices are the Services of Gateways of their own. Nil if they have none.
	GatewayServices *sources.GatewayServices
	// Namespaces say which hosts each namespace may have. Nil if they are not asked.
	Namespaces *sources.Namespaces
	// Claims know which namespace each host belongs to. Nil if only the ages of Ingresses decide.
	Claims   *hosts.Keeper
	Replicas *replicas.Replicas
	// Machine are the addresses of the machine, or Pod, that this process runs on.
	Machine []netip.Addr
	// APIServer returns the addresses at which the API server was reached. May be nil.
	APIServer func() []netip.Addr
	Peers     *replicas.Peers
	// Served is called with the Ingresses, Gateways and routes that the data plane does not serve any more as it did, and
	// with those that it serves now, each by its UID and generation. An object of which neither has anything is served as
	// before. May be nil.
	Served func(before, now iter.Seq2[types.UID, int64])
	// Built is called after each build that there is something to say of, whether or not the data plane serves it. May be
	// nil.
	Built func()
}

// Controller builds a snapshot from everything in the cache whenever something there changes, and has the data plane
// serve it. It runs on every replica. Only the leader writes to the cluster what it finds out.
type Controller struct {
	Config
	// inputs makes the input of a build from the caches.
	inputs sources.Inputs
	lists  lists
	// builder builds from the inputs. Only the goroutine that builds uses it.
	builder translate.Builder
	// secrets has the parsed content of the certificates' Secrets.
	secrets sources.SecretStore
	// certificates know until when they are as valid as they are.
	certificates sources.Validity
	// defaultFault is what was last logged about the default certificate.
	defaultFault string
	// validity asks for a build when the validity of a certificate begins or ends.
	validity *time.Timer
	sharing  sharing
	// faulty are the objects that the data plane cannot serve. Only the goroutine that builds uses it.
	faulty faulty
	// latest is nil until the first build.
	latest atomic.Pointer[result]

	mu          sync.Mutex
	subscribers []subscriber
}

// subscriber is the queue of the controller that writes the status of a kind.
type subscriber struct {
	kind  string
	queue workqueue.TypedRateLimitingInterface[reconcile.Request]
}

// New returns a controller that builds nothing until it is started.
func New(config Config) *Controller {
	c := &Controller{Config: config}
	if c.Origin == nil {
		c.Origin = cachedObjects{c}
	}
	c.inputs = sources.NewInputs(c.Origin, c.Options)
	c.validity = time.AfterFunc(validityLimit, c.Pending.Event)
	c.validity.Stop()
	return c
}

// NeedLeaderElection is false: every replica serves.
func (c *Controller) NeedLeaderElection() bool { return false }

// Ready returns whether the data plane serves a snapshot, even an empty one. It stays true from then on.
func (c *Controller) Ready() bool {
	latest := c.latest.Load()
	return latest != nil && latest.serving != nil
}

// Start builds snapshots until ctx is done. It builds the first one when all objects are in the cache, so that no
// request is answered by a part of the configuration.
func (c *Controller) Start(ctx context.Context) error {
	if err := c.watch(ctx); err != nil {
		return err
	}
	c.Peers.Subscribe(c.Pending.Event)
	if err := c.Peers.Watch(ctx); err != nil {
		return err
	}
	if !c.Cache.WaitForCacheSync(ctx) || !toolscache.WaitForCacheSync(ctx.Done(), c.lists.known...) || !c.Certificates.Metadata.WaitForCacheSync(ctx) || c.Answers != nil && !c.Answers.WaitForCacheSync(ctx) {
		return nil // Only the end of ctx ends the wait.
	}
	defer c.Authorities.Wait()
	defer c.Credentials.Wait()
	defer c.Certificates.Wait()
	var late sync.WaitGroup
	defer late.Wait()
	// Build nothing until the other controllers are known: then no status is written that another controller has to write.
	if !c.Peers.Settle(ctx) {
		return nil
	}
	late.Go(func() { c.Peers.Late(ctx, c.Pending.Event) })
	if c.Standard != nil {
		defer c.Standard.Wait()
		if !c.Standard.Settle(ctx) {
			return nil
		}
		late.Go(func() { c.Standard.Late(ctx, c.Pending.Event) })
	}
	if c.Namespaces != nil {
		if !c.Namespaces.Settle(ctx) {
			return nil
		}
		late.Go(func() { c.Namespaces.Late(ctx, c.Pending.Event) })
	}
	if c.Gateways != nil {
		if !c.Gateways.Settle(ctx) {
			return nil
		}
		late.Go(func() { c.Gateways.Late(ctx, c.Pending.Event) })
	}
	if c.GatewayServices != nil && !c.GatewayServices.WaitForCacheSync(ctx) {
		return nil
	}
	if c.Claims != nil && !c.Claims.Known(ctx) {
		return nil
	}
	in, err := c.inputs.Naming(ctx)
	if err != nil {
		return err
	}
	if synced, err := c.Discovery.Start(ctx, translate.NamedServices(&in), c.handler()); !synced {
		return err
	}
	if c.Claims != nil { // From here on hosts are also listed, from fields that only a build may use.
		defer c.Claims.Run(ctx, c.inputs.Naming)()
	}
	c.Pending.Event()
	c.run(log.IntoContext(ctx, log.FromContext(ctx).WithName("snapshot")), c.rebuild)
	return nil
}

// Run builds snapshots until ctx is done, as Start does, but from an Origin that needs no caches. Before each build it
// calls refresh, which may change the Origin.
func (c *Controller) Run(ctx context.Context, refresh func(context.Context)) {
	c.Pending.Event()
	c.run(log.IntoContext(ctx, log.FromContext(ctx).WithName("snapshot")), func(ctx context.Context) error {
		refresh(ctx)
		return c.rebuild(ctx)
	})
}

// run calls rebuild whenever events ask for it, and again after a pause if it failed.
func (c *Controller) run(ctx context.Context, rebuild func(context.Context) error) {
	delay := retryFirst
	retry := time.AfterFunc(delay, c.Pending.Event)
	retry.Stop()
	for c.Pending.wait(ctx) {
		retry.Stop()
		err := recovered(func() error { return rebuild(ctx) })
		if err == nil {
			delay = retryFirst
			continue
		}
		log.FromContext(ctx).Error(err, "snapshot is not served", "retryAfter", delay)
		retry.Reset(delay)
		delay = min(2*delay, retryLimit)
	}
	retry.Stop()
	c.validity.Stop()
}

// watch notes every event that can make a difference.
func (c *Controller) watch(ctx context.Context) error {
	handler := c.handler()
	for _, object := range sources.Watched() {
		if err := c.lists.follow(ctx, c.Cache, object, handler); err != nil {
			return err
		}
	}
	if err := c.Certificates.Begin(ctx); err != nil {
		return err
	}
	if c.Standard != nil {
		if err := c.Standard.Watch(ctx, handler); err != nil {
			return err
		}
	}
	if c.Namespaces != nil {
		if err := c.Namespaces.Watch(ctx, handler); err != nil {
			return err
		}
	}
	if c.Gateways != nil {
		if err := c.Gateways.Watch(ctx, handler); err != nil {
			return err
		}
	}
	if c.GatewayServices != nil {
		if err := c.GatewayServices.Watch(ctx, c.Pending.Event); err != nil {
			return err
		}
	}
	if c.Claims != nil {
		if err := c.Claims.Watch(ctx); err != nil {
			return err
		}
	}
	if c.Answers == nil {
		return nil
	}
	return c.Answers.Watch(ctx, handler)
}

// handler returns a handler that notes events.
func (c *Controller) handler() toolscache.ResourceEventHandler {
	return toolscache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { c.Pending.Event() },
		DeleteFunc: func(any) { c.Pending.Event() },
		UpdateFunc: func(before, after any) {
			old, ok := before.(client.Object)
			updated, ok2 := after.(client.Object)
			if !ok || !ok2 || sources.Relevant(old, updated) {
				c.Pending.Event()
			}
		},
	}
}

// rebuild builds a snapshot from the cache, has it served, and publishes what became of it.
func (c *Controller) rebuild(ctx context.Context) error {
	if c.Claims != nil {
		defer c.Claims.Building()()
	}
	in, err := c.input(ctx)
	if err != nil {
		return err
	}
	if c.Claims != nil {
		c.Claims.Settle(ctx, &in)
	}
	c.validity.Stop() // There may be no certificate left to wait for.
	if wait := c.certificates.Until(&in, validityLimit); wait > 0 {
		c.validity.Reset(wait)
	}
	// A control plane that is stopping must not overwrite the snapshot of its successor in this process, which knows more.
	if ctx.Err() != nil {
		return nil
	}
	return c.apply(ctx, in)
}

// input returns an input with all objects.
func (c *Controller) input(ctx context.Context) (translate.Input, error) {
	in, err := c.inputs.All(ctx)
	if err != nil {
		return translate.Input{}, err
	}
	c.logDefaultCertificate(ctx, in.Secrets)
	return in, nil
}

// logDefaultCertificate logs why the default certificate cannot be served as it is, whenever that changes. No Ingress
// owns that certificate, so no condition can say it.
func (c *Controller) logDefaultCertificate(ctx context.Context, secrets []*translate.Secret) {
	name := c.Options.DefaultCertificate
	if name.Name == "" {
		return
	}
	fault := "there is no such Secret"
	for _, s := range secrets {
		if s.Namespace == name.Namespace && s.Name == name.Name && !s.Gone {
			fault = s.Fault
		}
	}
	if fault == c.defaultFault {
		return
	}
	c.defaultFault = fault
	if fault == "" {
		log.FromContext(ctx).Info("the default certificate is served", "secret", name.String())
		return
	}
	log.FromContext(ctx).Info("the default certificate cannot be served as it is", "secret", name.String(), "cause", fault)
}

// apply builds a snapshot from in and has the data plane serve it. It publishes the result, and then notifies the other
// controllers.
func (c *Controller) apply(ctx context.Context, in translate.Input) error {
	snapshot, reports, generation, refused := c.serve(ctx, in)
	if snapshot == nil {
		return fmt.Errorf("building the snapshot: %w", refused) // There is nothing to say of any object.
	}
	previous := c.latest.Load()
	next := nextResult(previous, reports, generation, refused)
	next.judge(previous, c.inputs.Attached(), &in, reports, refused)
	// Served comes first: whoever finds a verdict compares other replicas with what is served, which must not be older.
	if refused == nil && c.Served != nil {
		c.Served(next.served(previous))
	}
	c.latest.Store(next)
	next.changed(previous, c.notify)
	c.share(ctx, &in, next)
	if c.Built != nil {
		c.Built()
	}

	if refused != nil {
		return fmt.Errorf("applying the snapshot: %w", refused)
	}
	if previous == nil || previous.generation != generation {
		log.FromContext(ctx).V(1).Info("snapshot is served",
			"generation", generation, "hosts", len(snapshot.Hosts), "pools", len(snapshot.Pools))
	}
	return nil
}

// Conditions returns the conditions of an object. It returns false while no snapshot knows this generation of the
// object. The controller of its kind is notified when one does.
func (c *Controller) Conditions(kind string, object client.Object) ([]metav1.Condition, bool) {
	v := c.Verdict(kind, object)
	if v == nil {
		return nil, false
	}
	return v.Conditions, true
}

// CertificateHosts returns the hosts that an Ingress has a certificate ordered for. It returns false as Conditions
// does.
func (c *Controller) CertificateHosts(kind string, object client.Object) ([]string, bool) {
	v := c.Verdict(kind, object)
	if v == nil {
		return nil, false
	}
	return v.certificateHosts, true
}

// Verdict returns what to say of an object, nil while no snapshot knows this generation of it.
func (c *Controller) Verdict(kind string, object client.Object) *Verdict {
	latest := c.latest.Load()
	if latest == nil {
		return nil
	}
	v := latest.verdicts.of(objectKey{kind, client.ObjectKeyFromObject(object)})
	if v == nil || v.uid != object.GetUID() || v.generation != object.GetGeneration() {
		return nil
	}
	return v
}

// GatewayVerdict returns what the status of an object of the Gateway API has to say, nil while no snapshot knows this
// generation of it, and for an object that is not ours.
func (c *Controller) GatewayVerdict(kind string, object client.Object) *gatewayapi.Verdict {
	latest := c.latest.Load()
	if latest == nil {
		return nil
	}
	v := latest.gateways[gatewayapi.Key{Kind: kind, NamespacedName: client.ObjectKeyFromObject(object)}]
	if v == nil || v.UID != object.GetUID() || v.Generation != object.GetGeneration() {
		return nil
	}
	return v
}

// Changes is a source of requests for the objects of a kind whose verdict has changed. The requests go straight into
// the queue, which takes any number of them and keeps each once. A channel would fill up on a replica that is not the
// leader, where nothing reads it.
func (c *Controller) Changes(kind string) source.Source {
	return source.Func(func(ctx context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
		s := subscriber{kind: kind, queue: queue}
		c.mu.Lock()
		c.subscribers = append(c.subscribers, s)
		c.mu.Unlock()
		context.AfterFunc(ctx, func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.subscribers = slices.DeleteFunc(c.subscribers, func(other subscriber) bool { return other == s })
		})
		return nil
	})
}

// Queued returns how many objects of each kind wait for the controller that writes their status.
func (c *Controller) Queued() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	waiting := make(map[string]int, len(c.subscribers))
	for _, s := range c.subscribers {
		waiting[s.kind] += s.queue.Len()
	}
	return waiting
}

// Again has an object looked at again by whoever asked for the changes of its kind.
func (c *Controller) Again(kind string, name types.NamespacedName) { c.notify(objectKey{kind, name}) }

func (c *Controller) notify(key objectKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.subscribers {
		if s.kind == key.kind {
			s.queue.Add(reconcile.Request{NamespacedName: key.NamespacedName})
		}
	}
}
