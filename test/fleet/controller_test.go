// SPDX-License-Identifier: Apache-2.0

//go:build fleet

package fleet

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kube "sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/test/fixture"
	"github.com/warren-dev/ingress/test/kubeapi"
)

// programVariable names a program to ask through instead of this checkout's.
const programVariable = "WARREN_BINARY"

// firstGapPort is the port of a service that its first gap has. Each gap has a port, and so connections of its own.
const firstGapPort = 81

// startController starts a Kubernetes API and the controller, and makes what leads to the servers.
func startController(t *testing.T, servers []*server, ports map[string]string) []way {
	t.Helper()
	api, err := kubeapi.New(kubeapi.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := api.Stop(); err != nil {
			t.Error(err)
		}
	})
	scheme, err := cluster.Scheme()
	if err != nil {
		t.Fatal(err)
	}
	c, err := kube.New(api.Config, kube.Options{Scheme: scheme})
	if err != nil {
		t.Fatal(err)
	}
	namespace := kubeapi.Namespace(t, api.Config)
	objects := []kube.Object{certificate(t, namespace)}
	for _, s := range servers {
		objects = append(objects, objectsFor(t, s, ports[s.name])...)
	}
	for _, object := range objects {
		object.SetNamespace(namespace)
		if err := c.Create(t.Context(), object); err != nil {
			t.Fatalf("creating %T %s: %v", object, object.GetName(), err)
		}
	}

	folder := t.TempDir()
	kubeconfig := filepath.Join(folder, "kubeconfig")
	if err := os.WriteFile(kubeconfig, api.Kubeconfig, 0o600); err != nil {
		t.Fatal(err)
	}
	plain, secure, health := local(fixture.FreePort(t)), local(fixture.FreePort(t)), local(fixture.FreePort(t))
	p := run(t, folder, command{arguments: []string{program(t),
		"--kubeconfig=" + kubeconfig, "--namespace=" + namespace, "--watch-namespaces=" + namespace,
		"--publish-address=127.0.0.1", "--drain-delay=0s", "--allow-local-tasks",
		"--http-address=" + plain, "--https-address=" + secure, "--health-address=" + health,
		"--metrics-address=" + local(fixture.FreePort(t)), "--admin-address=" + local(fixture.FreePort(t)),
	}})
	eventually(t, "the controller to be ready", func() error {
		select {
		case <-p.ended:
			t.Fatalf("the controller ended: %v\n%s", p.err, p.output.String())
		default:
		}
		response, err := http.Get("http://" + health + "/readyz")
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("/readyz is %d", response.StatusCode)
		}
		return nil
	})
	return []way{
		{name: "http", ours: true, address: plain},
		{name: "https", ours: true, address: secure, secure: true},
		{name: "http2", ours: true, address: secure, secure: true, http2: true},
	}
}

// program returns the program's file.
func program(t *testing.T) string {
	t.Helper()
	if file := os.Getenv(programVariable); file != "" {
		return file
	}
	checkout, err := kubeapi.Checkout()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "warren-ingress")
	build := exec.Command("go", "build", "-buildvcs=false", "-o", file, ".")
	build.Dir = checkout
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the program: %v\n%s", err, output)
	}
	return file
}

// objectsFor returns an Ingress with a rule for each host of a server, and a Task for each way, because a Task has at
// most 32 ports.
func objectsFor(t *testing.T, s *server, port string) []kube.Object {
	t.Helper()
	target, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	name := s.host("")[:len(s.host(""))-len("."+domain)]
	ingress := &v1alpha1.Ingress{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: v1alpha1.IngressSpec{
			TLS: &v1alpha1.IngressTLS{Hosts: []v1alpha1.CertificateHost{"*." + domain}, SecretName: certificateName, RedirectHTTP: new(false)},
		},
	}
	rule := func(host, service string, port int) {
		ingress.Spec.Rules = append(ingress.Spec.Rules, v1alpha1.IngressRule{Host: v1alpha1.Host(host), Paths: []v1alpha1.IngressPath{{
			Path:    "/",
			Backend: v1alpha1.IngressBackend{ServiceName: v1alpha1.ServiceName(service), Port: v1alpha1.Port(port)},
		}}})
	}
	objects := []kube.Object{ingress}
	for n, way := range []string{"http", "https", "http2"} {
		service := name + "-" + way
		task := &v1alpha1.Task{ObjectMeta: metav1.ObjectMeta{Name: service},
			Spec: v1alpha1.TaskSpec{ServiceName: v1alpha1.ServiceName(service), Address: "127.0.0.1"}}
		add := func(port int) {
			task.Spec.Ports = append(task.Spec.Ports, v1alpha1.TaskPort{Port: v1alpha1.Port(port), TargetPort: v1alpha1.Port(target)})
		}
		if n == 0 {
			add(80)
			rule(s.host(""), service, 80)
		}
		for i, g := range gaps() {
			add(firstGapPort + i)
			rule(s.host(g.label(way)), service, firstGapPort+i)
		}
		objects = append(objects, task)
	}
	return objects
}

const certificateName = "fleet-tls"

// certificate returns a Secret with a certificate for all hosts, which signed itself.
func certificate(t *testing.T, namespace string) *corev1.Secret {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "fleet"}, DNSNames: []string{"*." + domain},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour)}
	made, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: certificateName},
		Type:       corev1.SecretTypeTLS,
		Data: map[string][]byte{
			corev1.TLSCertKey:       pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: made}),
			corev1.TLSPrivateKeyKey: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}),
		},
	}
}
