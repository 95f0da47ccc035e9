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
	// arguments are those of the replicas.
	arguments []string
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
	server, err := api.start()
	if err != nil {
		t.Fatal(err)
	}
	return newStageAt(t, server, 1, arguments...)
}

// newStageAlone starts a stage with its own API server, which an attack fills.
func newStageAlone(t *testing.T, replicas int, arguments ...string) *stage {
	t.Helper()
	server, err := kubeapi.New(kubeapi.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	return newStageAt(t, server, replicas, arguments...)
}

func newStageAt(t *testing.T, server *kubeapi.Server, replicas int, arguments ...string) *stage {
	t.Helper()
	scheme, err := cluster.Scheme()
	if err != nil {
		t.Fatal(err)
	}
	if err := networkingv1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	c, err := client.New(server.Config, client.Options{Scheme: scheme})
	if err != nil {
		t.Fatal(err)
	}
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(kubeconfig, server.Kubeconfig, 0o600); err != nil {
		t.Fatal(err)
	}
	s := &stage{Client: c, t: t, config: server.Config, victim: startVictim(t)}
	for _, namespace := range []*string{&s.system, &s.a, &s.b, &s.victims} {
		*namespace = kubeapi.Namespace(t, server.Config)
	}
	t.Cleanup(s.clear)
	s.serve(s.victims, "victim", victimHost, "/", s.victim.backend)
	s.arguments = append([]string{
		"--kubeconfig=" + kubeconfig, "--namespace=" + s.system, "--drain-delay=0s", "--allow-local-tasks",
	}, arguments...)
	s.most = mostMemory
	for range replicas {
		s.add(s.another())
	}
	return s
}

// clear deletes what was made in the namespaces. Stages share an API server, and replicas look at all namespaces.
func (s *stage) clear() {
	for _, namespace := range []string{s.system, s.a, s.b, s.victims} {
		for _, kind := range []client.Object{&v1alpha1.Ingress{}, &networkingv1.Ingress{}, &v1alpha1.Task{}, &corev1.Secret{},
			&corev1.ConfigMap{}, &coordinationv1.Lease{}} {
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
	return startReplica(s.t, s.arguments...)
}

// replica returns the one that clients talk to.
func (s *stage) replica() *replica { return s.replicas[0] }

// create makes objects. They name their namespaces.
func (s *stage) create(objects ...client.Object) {
	s.t.Helper()
	for _, object := range objects {
		if err := s.Create(s.t.Context(), object); err != nil {
			s.t.Fatalf("creating %T %s: %v", object, object.GetName(), err)
		}
	}
}

// serve makes a server on loopback answer a path of a host, by an Ingress and a Task of that name.
func (s *stage) serve(namespace, name, host, path, backend string) {
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
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.TaskSpec{ServiceName: v1alpha1.ServiceName(name), Address: "127.0.0.1",
			Ports: []v1alpha1.TaskPort{{Port: servicePort, TargetPort: v1alpha1.Port(target)}}},
	}, ingressOf(namespace, name, host, path))
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

func (s *stage) attackFor(duration time.Duration, name string, run func(ctx context.Context)) {
	s.t.Helper()
	if slow := s.slower(duration, name, run); slow != "" {
		s.t.Error(slow)
	}
}

// attackAnew attacks a fresh replica. If the machine stalls for some tens of milliseconds, that shows in the slowest
// hundredth of a few seconds' requests. So if the victim waited too long, two more replicas are attacked, and the
// majority of the three decides.
func (s *stage) attackAnew(duration time.Duration, name string, run func(ctx context.Context)) {
	s.t.Helper()
	var slow []string
	for tries := 1; tries <= 3 && len(slow) < 2; tries++ {
		s.renew()
		if one := s.slower(duration, name, run); one != "" {
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
