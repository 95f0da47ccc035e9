// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/acme"
	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/controllers/orders"
	"github.com/warren-dev/ingress/controllers/snapshots"
	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/test/fixture"
	"github.com/warren-dev/ingress/test/kubeapi"
)

// The harness in this file runs real controllers on a real API server, with exactly the rights that config/rbac gives.

var api kubeapi.Shared

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	os.Exit(api.Run(m))
}

// recordingProxy is a data plane that serves nothing. It numbers snapshots as the real one does.
type recordingProxy struct {
	mu         sync.Mutex
	latest     *snapshot.Snapshot
	generation uint64
	applied    int
	// before is called before each Apply. An error from it refuses the snapshot.
	before func(*snapshot.Snapshot) error
}

func (p *recordingProxy) Apply(snapshot *snapshot.Snapshot) (uint64, error) {
	p.mu.Lock()
	before := p.before
	p.mu.Unlock()
	var refused error
	if before != nil {
		refused = before(snapshot)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.applied++
	if refused != nil {
		return p.generation, refused
	}
	if p.latest == nil || !p.latest.Equal(snapshot) {
		p.latest = snapshot
		p.generation++
	}
	return p.generation, nil
}

func (p *recordingProxy) applications() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.applied
}

func (p *recordingProxy) snapshot() *snapshot.Snapshot {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.latest
}

// serves waits until the routes of the snapshot are these: "host path -> pool [endpoints]".
func (p *recordingProxy) serves(t *testing.T, want ...string) {
	t.Helper()
	fixture.Eventually(t, func() error {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.latest == nil {
			return fmt.Errorf("there is no snapshot")
		}
		endpoints := map[string][]string{}
		for _, pool := range p.latest.Pools {
			for _, e := range pool.Endpoints {
				text := e.Address.String()
				if e.Unhealthy {
					text += "!"
				}
				endpoints[pool.ID] = append(endpoints[pool.ID], text)
			}
		}
		var got []string
		for _, host := range p.latest.Hosts {
			for _, r := range host.Routes {
				got = append(got, fmt.Sprintf("%s %s -> %s %v", host.Name, r.Path, r.Pool, endpoints[r.Pool]))
			}
		}
		if !slices.Equal(want, got) {
			return fmt.Errorf("the snapshot has\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
		}
		return nil
	})
}

const day = 24 * time.Hour

// testCluster is the API server as a test sees it.
type testCluster struct {
	*fixture.Cluster
	// user is the user of the replicas that are started from now on.
	user string
}

func newCluster(t *testing.T) *testCluster {
	t.Helper()
	return &testCluster{Cluster: fixture.New(t, &api), user: fixture.FullUser}
}

// says waits until an object has exactly these conditions, "type=status reason", in any order, and all of them are
// about its present generation. It updates object to what is in the cluster.
func (k *testCluster) says(object client.Object, want ...string) {
	k.T.Helper()
	slices.Sort(want)
	fixture.Eventually(k.T, func() error {
		k.Reload(object)
		var got []string
		for _, c := range conditionsOf(object) {
			if isSummary(object, c.Type) {
				continue
			}
			line := fmt.Sprintf("%s=%s %s", c.Type, c.Status, c.Reason)
			if c.ObservedGeneration != object.GetGeneration() {
				line += fmt.Sprintf(" of generation %d, which is now %d", c.ObservedGeneration, object.GetGeneration())
			}
			got = append(got, line)
		}
		slices.Sort(got)
		if !slices.Equal(want, got) {
			return fmt.Errorf("%T %s says\n\t%s\nwant\n\t%s", object, object.GetName(), strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
		}
		return nil
	})
}

// isSummary returns whether a condition only repeats what others say.
func isSummary(object client.Object, conditionType string) bool {
	switch conditionType {
	case v1alpha1.ConditionStalled, v1alpha1.ConditionReconciling:
		return true
	case v1alpha1.ConditionReady:
		_, certificate := object.(*v1alpha1.TLSCertificate)
		return !certificate
	}
	return false
}

func conditionsOf(object client.Object) []metav1.Condition {
	switch o := object.(type) {
	case *v1alpha1.Ingress:
		return o.Status.Conditions
	case *v1alpha1.Task:
		return o.Status.Conditions
	case *v1alpha1.TLSCertificate:
		return o.Status.Conditions
	case *v1alpha1.RoutePolicy:
		return o.Status.Conditions
	}
	panic(fmt.Sprintf("%T has no conditions", object))
}

// message returns a condition's message.
func message(object client.Object, conditionType string) string {
	if c := meta.FindStatusCondition(conditionsOf(object), conditionType); c != nil {
		return c.Message
	}
	return ""
}

// served is what the conditions of an Ingress that is in order say.
var served = []string{"Accepted=True Accepted", "ResolvedRefs=True ResolvedRefs", "Programmed=True Programmed"}

// replica is one running controller.
type replica struct {
	*snapshots.Controller
	proxy *recordingProxy
	// stop ends it as a process ends, and returns when it has ended.
	stop func()
	// writes counts the requests that wrote to anything but a Lease or an Event.
	writes *writeCounter
}

// start runs a replica that serves the cluster's two namespaces until the test ends, or until it is stopped.
func (k *testCluster) start(changes ...func(*ctrl.Options, *Options, *recordingProxy)) *replica {
	k.T.Helper()
	r := &replica{proxy: &recordingProxy{}, writes: &writeCounter{}}
	scheme, err := cluster.Scheme()
	if err != nil {
		k.T.Fatal(err)
	}
	managerOptions := ctrl.Options{
		Scheme: scheme, Cache: cluster.CacheOptions(v1alpha1.DefaultIngressClassName, []string{k.Blue, k.Green}), Logger: logr.Discard(),
		Metrics: server.Options{BindAddress: "0"}, HealthProbeBindAddress: "0",
		// Names of controllers have to be unique for the metrics of a process. Here a process has several replicas.
		Controller: config.Controller{SkipNameValidation: new(true)},
	}
	const nobody = "https://127.0.0.1:1/directory" // Nothing listens there.
	authority, err := acme.New(acme.Options{Directory: nobody})
	if err != nil {
		k.T.Fatal(err)
	}
	options := Options{Applier: r.proxy, IngressClass: v1alpha1.DefaultIngressClassName, Namespace: fixture.OwnNamespace,
		WatchNamespaces: []string{k.Blue, k.Green}, hostScope: k.Blue, ACME: orders.ACMEOptions{Client: authority, Directory: nobody}}
	for _, change := range changes {
		change(&managerOptions, &options, r.proxy)
	}
	restConfig := rest.CopyConfig(k.Config)
	restConfig.Impersonate.UserName = k.user
	restConfig.Wrap(r.writes.wrap)
	mgr, err := ctrl.NewManager(restConfig, managerOptions)
	if err != nil {
		k.T.Fatal(err)
	}
	if r.Controller, err = Setup(mgr, options); err != nil {
		k.T.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- mgr.Start(ctx) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			k.T.Errorf("the replica ended with an error: %v", err)
		}
	})
	k.T.Cleanup(r.stop)
	return r
}

func (r *replica) isReady(t *testing.T) {
	t.Helper()
	fixture.Eventually(t, func() error {
		if !r.Ready() {
			return fmt.Errorf("the replica is not ready")
		}
		return nil
	})
}

// idle waits until there is no status left to write.
func (r *replica) idle(t *testing.T) {
	t.Helper()
	fixture.Eventually(t, func() error {
		for kind, n := range r.Queued() {
			if n > 0 {
				return fmt.Errorf("%d objects of kind %s are queued", n, kind)
			}
		}
		return nil
	})
}

// writeCounter counts the requests of a client that write something that people look at.
type writeCounter struct {
	mu    sync.Mutex
	count int
}

func (w *writeCounter) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(request *http.Request) (*http.Response, error) {
		bookkeeping := strings.Contains(request.URL.Path, "/leases") || strings.Contains(request.URL.Path, "/events") ||
			strings.Contains(request.URL.Path, "/selfsubject") || strings.Contains(request.URL.Path, "/configmaps")
		if request.Method != http.MethodGet && !bookkeeping {
			w.mu.Lock()
			w.count++
			w.mu.Unlock()
		}
		return next.RoundTrip(request)
	})
}

func (w *writeCounter) total() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.count
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }
