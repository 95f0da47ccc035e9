// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	coordinationv1 "k8s.io/api/coordination/v1"
	eventsv1 "k8s.io/api/events/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/test/kubeapi"
)

// scene is a namespace of a Kubernetes API that one test has to itself.
type scene struct {
	client.Client
	t         *testing.T
	namespace string
	// kubeconfig is the file that gives access to the API.
	kubeconfig string
}

// newScene makes a namespace in the API that all tests share.
func newScene(t *testing.T) *scene {
	t.Helper()
	config := api.Config(t)
	return newSceneIn(t, config, kubeapi.Namespace(t, config))
}

// newSceneIn uses a namespace that is there already.
func newSceneIn(t *testing.T, config *rest.Config, namespace string) *scene {
	t.Helper()
	scheme, err := cluster.Scheme()
	if err != nil {
		t.Fatal(err)
	}
	for _, add := range []func(*runtime.Scheme) error{coordinationv1.AddToScheme, eventsv1.AddToScheme, networkingv1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	c, err := client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		t.Fatalf("making a client: %v", err)
	}
	return &scene{Client: c, t: t, namespace: namespace, kubeconfig: writeKubeconfig(t, config)}
}

// writeKubeconfig writes the file that gives the same access as config.
func writeKubeconfig(t *testing.T, config *rest.Config) string {
	t.Helper()
	const name = "test"
	access := clientcmdapi.NewConfig()
	access.Clusters[name] = &clientcmdapi.Cluster{Server: config.Host, CertificateAuthorityData: config.CAData}
	access.AuthInfos[name] = &clientcmdapi.AuthInfo{ClientCertificateData: config.CertData, ClientKeyData: config.KeyData}
	access.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name}
	access.CurrentContext = name
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*access, file); err != nil {
		t.Fatalf("writing a kubeconfig: %v", err)
	}
	return file
}

// start starts a controller that serves this namespace alone and has its Lease there.
func (s *scene) start(arguments ...string) *controller {
	s.t.Helper()
	return startController(s.t, append([]string{
		"--kubeconfig=" + s.kubeconfig, "--namespace=" + s.namespace, "--watch-namespaces=" + s.namespace,
		"--publish-address=127.0.0.1", "--drain-delay=0s", "--allow-local-tasks",
	}, arguments...)...)
}

// host is a name that no other test has.
func (s *scene) host(name string) string { return name + "." + s.namespace + ".example.com" }

// route has a rule for each of the scene's hosts, since nothing is ordered for a host without one.
func (s *scene) route() {
	s.t.Helper()
	s.create(ingress("routes", s.host("*"), "web"))
}

func (s *scene) create(objects ...client.Object) {
	s.t.Helper()
	for _, object := range objects {
		object.SetNamespace(s.namespace)
		if err := s.Create(s.t.Context(), object); err != nil {
			s.t.Fatalf("creating %T %s: %v", object, object.GetName(), err)
		}
	}
}

// apply makes the objects of a text. YAML is what their authors write.
func (s *scene) apply(manifests ...string) {
	s.t.Helper()
	for _, text := range manifests {
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(text), &object.Object); err != nil {
			s.t.Fatalf("%v in\n%s", err, text)
		}
		s.create(object)
	}
}

func (s *scene) delete(object client.Object) {
	s.t.Helper()
	if err := s.Delete(s.t.Context(), object); err != nil {
		s.t.Fatalf("deleting %T %s: %v", object, object.GetName(), err)
	}
}

// change changes an object, even if its status has changed meanwhile.
func (s *scene) change(object client.Object, change func()) {
	s.t.Helper()
	before := object.DeepCopyObject().(client.Object)
	change()
	if err := s.Patch(s.t.Context(), object, client.MergeFrom(before)); err != nil {
		s.t.Fatalf("changing %T %s: %v", object, object.GetName(), err)
	}
}

// says waits until the object has these conditions, "type=status reason" or "type=status", for its present generation.
func (s *scene) says(object client.Object, conditions func() []metav1.Condition, want ...string) {
	s.t.Helper()
	eventually(s.t, patience, fmt.Sprintf("the status of %s", object.GetName()), func() error {
		if err := s.Get(s.t.Context(), client.ObjectKeyFromObject(object), object); err != nil {
			return err
		}
		for _, w := range want {
			kind, rest, _ := strings.Cut(w, "=")
			got := meta.FindStatusCondition(conditions(), kind)
			if got == nil || got.ObservedGeneration != object.GetGeneration() ||
				rest != string(got.Status) && rest != string(got.Status)+" "+got.Reason {
				return fmt.Errorf("generation %d says %v, want %s", object.GetGeneration(), got, w)
			}
		}
		return nil
	})
}

// leader returns who has the Lease. It returns "" while nobody has it.
func (s *scene) leader() (string, error) {
	var lease coordinationv1.Lease
	key := client.ObjectKey{Namespace: s.namespace, Name: "warren-ingress-warren"}
	if err := s.Get(s.t.Context(), key, &lease); err != nil {
		return "", client.IgnoreNotFound(err)
	}
	if lease.Spec.HolderIdentity == nil {
		return "", nil
	}
	return *lease.Spec.HolderIdentity, nil
}

// anotherLeader waits until somebody else than before has the Lease, and returns who.
func (s *scene) anotherLeader(before string) string {
	s.t.Helper()
	var now string
	took := eventually(s.t, patience, "another leader", func() (err error) {
		if now, err = s.leader(); err == nil && (now == "" || now == before) {
			err = fmt.Errorf("the Lease is held by %q", now)
		}
		return err
	})
	s.t.Logf("there was a leader after %s", took)
	return now
}
