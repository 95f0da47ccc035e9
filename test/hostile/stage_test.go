// SPDX-License-Identifier: Apache-2.0

//go:build hostile

package hostile

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/test/kubeapi"
)

const (
	// undisturbed is how long the victim is watched before an attack. attackTime is how long an attack lasts.
	undisturbed = time.Second
	attackTime  = 4 * time.Second

	// mostMemory is the most memory that a replica may take under attack.
	mostMemory = 300 << 20
	// mostSlower is how many times as long the victim's p99 may be as it is otherwise. leastBound is what it may be in any
	// case: turns of the schedulers, Linux' and Go's, take some milliseconds.
	mostSlower = 3
	leastBound = 25 * time.Millisecond

	// servicePort is the port that Ingresses name. Tasks say which port of the machine that is.
	servicePort = 80
)

// stage is a Kubernetes API with replicas of the controller. It has the namespaces of two tenants, a and b, and of the
// victim, whose host a backend answers.
type stage struct {
	client.Client
	t      *testing.T
	config *rest.Config
	// system is the controller's own namespace.
	system, a, b, victims string
	replicas              []*replica
	// launch is how its replicas are started.
	launch launch
	// apart is set if others run at the same time at the same API. Then its Ingresses have a class of their own.
	apart bool
	// filling is set if its Secrets stay.
	filling bool
	// victim is a process with a backend, and with clients that ask the replicas for it.
	victim *victimProcess
	// most is the most memory that a replica may take.
	most int64
	// ordinary is what the victim sees while as many ordinary requests run as an attack sends, if that was measured.
	ordinary experience
}

// newStage starts a stage with one replica.
func newStage(t *testing.T, arguments ...string) *stage {
	t.Helper()
	return (&stage{launch: launch{arguments: arguments}}).start(t, &api, 1)
}

// newStageApart starts a stage for a time in which others are at the same API. Neither serves what the others have.
func newStageApart(t *testing.T, l launch) *stage {
	t.Helper()
	return (&stage{launch: l, apart: true}).start(t, &api, 1)
}

// newStageToFill starts a stage at an API that attacks fill with objects. Those stay.
func newStageToFill(t *testing.T, replicas int, arguments ...string) *stage {
	t.Helper()
	return (&stage{launch: launch{arguments: arguments}, filling: true}).start(t, &filled, replicas)
}

// start makes what a stage has.
func (s *stage) start(t *testing.T, at *sharedAPI, replicas int) *stage {
	t.Helper()
	server := at.start(t)
	scheme, err := cluster.Scheme()
	if err != nil {
		t.Fatal(err)
	}
	if err := networkingv1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	if s.Client, err = client.New(server.Config, client.Options{Scheme: scheme}); err != nil {
		t.Fatal(err)
	}
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(kubeconfig, server.Kubeconfig, 0o600); err != nil {
		t.Fatal(err)
	}
	s.t, s.config, s.victim = t, server.Config, startVictim(t)
	for _, namespace := range []*string{&s.system, &s.a, &s.b, &s.victims} {
		*namespace = kubeapi.Namespace(t, server.Config)
	}
	t.Cleanup(s.clear)
	s.serve(s.victims, "victim", victimHost, "/", s.victim.backend)
	s.launch.arguments = append([]string{
		"--kubeconfig=" + kubeconfig, "--namespace=" + s.system, "--drain-delay=0s", "--allow-local-tasks",
	}, s.launch.arguments...)
	if s.apart {
		s.launch.arguments = append(s.launch.arguments, "--ingress-class="+s.system,
			"--watch-namespaces="+strings.Join([]string{s.a, s.b, s.victims, metav1.NamespaceDefault}, ","))
	}
	s.most = mostMemory
	for range replicas {
		s.add(s.another())
	}
	return s
}

// clear deletes what was made in the namespaces. Stages share an API server, and replicas look at all namespaces.
func (s *stage) clear() {
	kinds := []client.Object{&v1alpha1.Ingress{}, &networkingv1.Ingress{}, &v1alpha1.Task{}, &v1alpha1.TLSCertificate{},
		&corev1.ConfigMap{}, &coordinationv1.Lease{}}
	if !s.filling {
		kinds = append(kinds, &corev1.Secret{})
	}
	for _, namespace := range []string{s.system, s.a, s.b, s.victims} {
		for _, kind := range kinds {
			// The test's own context has ended by now.
			if err := s.DeleteAllOf(context.Background(), kind, client.InNamespace(namespace)); err != nil {
				s.t.Errorf("deleting each %T of %s: %v", kind, namespace, err)
			}
		}
	}
}

// add adds a replica. It is attacked, and the victim watches it.
func (s *stage) add(r *replica) {
	s.t.Helper()
	eventually(s.t, "the victim's host to be served", newVictim(r.http, victimHost, victimAnswer).request)
	s.replicas = append(s.replicas, r)
}

// renew replaces the replica, so that none of its memory is left from an earlier attack.
func (s *stage) renew() {
	s.t.Helper()
	s.replica().kill()
	s.replicas = nil
	s.add(s.another())
}

// another starts a replica and returns when it is ready.
func (s *stage) another() *replica {
	s.t.Helper()
	return s.launch.start(s.t)
}

// replica returns the one that clients talk to.
func (s *stage) replica() *replica { return s.replicas[0] }

// create makes objects. They name their namespaces.
func (s *stage) create(objects ...client.Object) {
	s.t.Helper()
	for _, object := range objects {
		if ing, ok := object.(*v1alpha1.Ingress); ok && s.apart {
			ing.Spec.IngressClassName = s.system
		}
		if err := s.Create(s.t.Context(), object); err != nil {
			s.t.Fatalf("creating %T %s: %v", object, object.GetName(), err)
		}
	}
}

// createMany makes objects as fast as the API takes them.
func (s *stage) createMany(objects []client.Object) {
	s.t.Helper()
	const writers = 8
	hurried := rest.CopyConfig(s.config)
	hurried.QPS = -1
	c, err := client.New(hurried, client.Options{Scheme: s.Scheme()})
	if err != nil {
		s.t.Fatal(err)
	}
	var writing sync.WaitGroup
	for w := range writers {
		writing.Go(func() {
			for i := w; i < len(objects); i += writers {
				if err := c.Create(s.t.Context(), objects[i]); err != nil {
					s.t.Errorf("creating %T %s: %v", objects[i], objects[i].GetName(), err)
					return
				}
			}
		})
	}
	writing.Wait()
}

// serve makes a server on loopback answer a path of a host, by an Ingress and a Task of that name.
func (s *stage) serve(namespace, name, host, path, backend string) {
	s.t.Helper()
	s.serveBy(ingressOf(namespace, name, host, path), backend)
}

// serveBy makes a server on loopback the Task of an Ingress that names a service of its own name.
func (s *stage) serveBy(ing *v1alpha1.Ingress, backend string) {
	s.t.Helper()
	_, port, err := net.SplitHostPort(backend)
	if err != nil {
		s.t.Fatal(err)
	}
	var target int32
	if _, err := fmt.Sscan(port, &target); err != nil {
		s.t.Fatal(err)
	}
	s.create(&v1alpha1.Task{
		ObjectMeta: metav1.ObjectMeta{Namespace: ing.Namespace, Name: ing.Name},
		Spec: v1alpha1.TaskSpec{ServiceName: v1alpha1.ServiceName(ing.Name), Address: "127.0.0.1",
			Ports: []v1alpha1.TaskPort{{Port: servicePort, TargetPort: v1alpha1.Port(target)}}},
	}, ing)
}

// ingressOf is an Ingress of one path, for the service of its own name.
func ingressOf(namespace, name, host, path string) *v1alpha1.Ingress {
	return &v1alpha1.Ingress{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.IngressSpec{Rules: []v1alpha1.IngressRule{{
			Host: v1alpha1.Host(host),
			Paths: []v1alpha1.IngressPath{{
				Path:    v1alpha1.Path(path),
				Backend: v1alpha1.IngressBackend{ServiceName: v1alpha1.ServiceName(name), Port: servicePort},
			}},
		}}},
	}
}

// startBackend starts a server and returns its address. It ends with the test.
func startBackend(t *testing.T, handler http.Handler) string {
	t.Helper()
	return startServer(t, &http.Server{Handler: handler, ReadHeaderTimeout: patience})
}

func startServer(t *testing.T, server *http.Server) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	// Serve returns only when the server is closed.
	serving.Go(func() { _ = server.Serve(listener) })
	t.Cleanup(func() {
		_ = server.Close()
		serving.Wait()
	})
	return listener.Addr().String()
}

// answerWith answers every request with a text after its content has come.
func answerWith(text string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, text)
	})
}

// attack runs beside the victim for a while. It fails the test as beside does, and also if the victim waited too long.
func (s *stage) attack(name string, run func(ctx context.Context)) {
	s.t.Helper()
	s.attackFor(attackTime, name, run)
}

// attackFor has run attack again if the victim waited too long. So run undoes what it did to the API.
func (s *stage) attackFor(duration time.Duration, name string, run func(ctx context.Context)) {
	s.t.Helper()
	s.majority(func() string { return s.slower(duration, name, run) })
}

// attackOnce is for what cannot be undone.
func (s *stage) attackOnce(duration time.Duration, name string, run func(ctx context.Context)) {
	s.t.Helper()
	if slow := s.slower(duration, name, run); slow != "" {
		s.t.Error(slow)
	}
}

// attackAnew attacks a fresh replica.
func (s *stage) attackAnew(duration time.Duration, name string, run func(ctx context.Context)) {
	s.t.Helper()
	s.majority(func() string {
		s.renew()
		return s.slower(duration, name, run)
	})
}

// majority tries something that says by how much others waited too long, or "". If the machine stalls for some tens of
// milliseconds, that shows in the slowest hundredth of a few seconds' requests. So if others waited too long, there are
// two more tries, and the majority of the three decides.
func (s *stage) majority(try func() string) {
	s.t.Helper()
	var slow []string
	for tries := 1; tries <= 3 && len(slow) < 2; tries++ {
		if one := try(); one != "" {
			s.t.Log(one)
			slow = append(slow, one)
		} else if tries == 1 {
			return
		}
	}
	if len(slow) > 1 {
		s.t.Error(strings.Join(slow, "\n"))
	}
}

// slower says by how much the victim waited too long while something runs. It returns "" if it did not.
func (s *stage) slower(duration time.Duration, name string, run func(ctx context.Context)) string {
	s.t.Helper()
	before, during := s.beside(duration, name, run)
	most := max(mostSlower*max(before.P99, s.ordinary.P99), leastBound)
	if during.P99 <= most {
		return ""
	}
	return fmt.Sprintf("%s: the victim's p99 was %s, %s before, and %s beside ordinary requests: at most %s are allowed",
		name, during.P99, before.P99, s.ordinary.P99, most)
}

// beside lets the victim's clients ask for a while, and then while something else runs. It prints and returns what both
// saw. It fails the test if a replica ended or took too much memory, or if the victim lost a request.
func (s *stage) beside(duration time.Duration, name string, run func(ctx context.Context)) (before, during experience) {
	s.t.Helper()
	before, err := s.victim.watch(s.replicas, undisturbed)
	if err != nil {
		s.t.Fatal(err)
	}
	resting := s.memory()

	ctx, cancel := context.WithTimeout(s.t.Context(), duration)
	defer cancel()
	var running sync.WaitGroup
	peak := resting
	running.Go(func() {
		for ctx.Err() == nil {
			peak = max(peak, s.memory())
			time.Sleep(pause)
		}
	})
	running.Go(func() { run(ctx) })
	during, err = s.victim.watch(s.replicas, duration)
	cancel()
	running.Wait()
	if err != nil {
		s.t.Fatal(err)
	}

	fmt.Printf("%-44s memory %d -> %d MiB   victim p50 %.1f -> %.1f ms   p99 %.1f -> %.1f ms   %d requests, %d failed\n",
		name, resting>>20, peak>>20, milliseconds(before.P50), milliseconds(during.P50),
		milliseconds(before.P99), milliseconds(during.P99), during.Sent, during.Failed)
	for _, r := range s.replicas {
		if err := r.running(); err != nil {
			s.t.Errorf("%s: %v", name, err)
		}
	}
	if peak > s.most {
		s.t.Errorf("%s: a replica took %d MiB, at most %d are allowed", name, peak>>20, s.most>>20)
	}
	if during.Failed > 0 {
		s.t.Errorf("%s: %d of the victim's %d requests failed, the first: %v", name, during.Failed, during.Sent, during.Failures)
	}
	return before, during
}

// memory returns that of the replica that takes most.
func (s *stage) memory() (most int64) {
	for _, r := range s.replicas {
		most = max(most, r.memory())
	}
	return most
}

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1e3 }
