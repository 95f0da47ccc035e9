// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

const (
	directoryPort  = 14000
	managementPort = 15000
)

// authority is a certificate authority in a pod. For it, every name has the address of the controller's Service.
type authority struct {
	s         *scene
	directory string
}

func (s *scene) authority() *authority {
	s.t.Helper()
	var controller corev1.Service
	if err := s.Get(s.t.Context(), client.ObjectKey{Namespace: systemNamespace, Name: systemName}, &controller); err != nil {
		s.t.Fatal(err)
	}
	const name = "authority"
	labels := map[string]string{"app": name}
	front := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.ServiceSpec{Selector: labels, Ports: []corev1.ServicePort{
		{Name: "directory", Port: directoryPort}, {Name: "management", Port: managementPort},
	}}}
	s.create(front)
	deployment := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{
					TerminationGracePeriodSeconds: new(int64(1)),
					AutomountServiceAccountToken:  new(false),
					Volumes:                       []corev1.Volume{{Name: "data"}},
					Containers: []corev1.Container{{
						Name:            name,
						Image:           setting("E2E_PEBBLE_IMAGE", "docker.io/warren-e2e-pebble:dev"),
						ImagePullPolicy: corev1.PullIfNotPresent,
						Args: []string{
							fmt.Sprintf("-listen=:%d", directoryPort), fmt.Sprintf("-management=:%d", managementPort),
							"-answer=" + controller.Spec.ClusterIP, "-reached=" + front.Spec.ClusterIP,
							"-http-port=80", "-tls-port=443", "-folder=/data",
						},
						Env:          []corev1.EnvVar{{Name: "PEBBLE_VA_NOSLEEP", Value: "1"}},
						VolumeMounts: []corev1.VolumeMount{{Name: "data", MountPath: "/data"}},
						ReadinessProbe: &corev1.Probe{PeriodSeconds: 1, ProbeHandler: corev1.ProbeHandler{
							HTTPGet: &corev1.HTTPGetAction{Scheme: corev1.URISchemeHTTPS, Path: "/dir", Port: intstr.FromInt32(directoryPort)}}},
					}},
				},
			},
		},
	}
	s.create(deployment)
	s.settled(deployment)
	return &authority{s: s, directory: "https://" + net.JoinHostPort(front.Spec.ClusterIP, strconv.Itoa(directoryPort)) + "/dir"}
}

// read gets a document of the authority's management through the API server, which reaches pods wherever the tests run.
func (a *authority) read(path string) []byte {
	a.s.t.Helper()
	var content []byte
	eventually(a.s.t, "the authority to be reached", func(ctx context.Context) (err error) {
		content, err = a.s.clientset.CoreV1().Services(a.s.namespace).ProxyGet("https", "authority", strconv.Itoa(managementPort), path, nil).DoRaw(ctx)
		return err
	})
	return content
}

func TestACertificateIsOrderedForPodsBehindTheService(t *testing.T) {
	helm := warren.charted.(*chart)
	if err := warren.by(t.Context(), helm); err != nil {
		t.Fatalf("installing: %v", err)
	}
	s := makeScene(t)
	a := s.authority()
	trusted := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: systemNamespace, Name: "authority"}, Data: map[string]string{"ca.crt": string(a.read("/ca.pem"))}}
	if err := s.Create(t.Context(), trusted); err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(a.read("/roots/0")) {
		t.Fatal("the authority's root is no certificate")
	}
	const replicas = 2
	if err := helm.apply(t.Context(), "upgrade", fmt.Sprintf("replicas=%d", replicas), "acme.directory="+a.directory, "acme.caConfigMap=authority"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the former replicas to go", func(ctx context.Context) error { return warren.replicas(ctx, replicas) })

	s.backend("web", 2, 0)
	shop := ingress("shop", map[string]string{s.host() + "/": "web"})
	shop.Spec.TLS = &v1alpha1.IngressTLS{AutoSSL: true}
	s.create(shop)
	secure := newSecureClient(false, roots)
	inARow := func(ctx context.Context) error {
		for range 10 * replicas {
			got, err := exchange(ctx, secure, request{host: s.host(), target: "/", secure: true})
			if err != nil {
				return err
			}
			if err := answered("web")(got); err != nil {
				return err
			}
		}
		return nil
	}
	took := eventually(t, "a certificate on every replica", inARow)
	t.Logf("every replica had a certificate %s after the Ingress was made", took)
	everywhere(t, "the redirect", request{host: s.host(), target: "/"}, refused(http.StatusPermanentRedirect, "RedirectToHTTPS"))
	var secret corev1.Secret
	if err := s.Get(t.Context(), client.ObjectKey{Namespace: s.namespace, Name: "shop-tls"}, &secret); err != nil || secret.Type != corev1.SecretTypeTLS {
		t.Errorf("the Secret is of type %q (%v), want %s", secret.Type, err, corev1.SecretTypeTLS)
	}
	s.resumes(roots, 10*replicas)

	// Another leader finds everything in order. The same certificate is served.
	leader, err := warren.leader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: systemNamespace, Name: leader}}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "another leader", func(ctx context.Context) error {
		now, err := warren.leader(ctx)
		if err == nil && now == leader {
			err = errors.New("it is the same")
		}
		return err
	})
	eventually(t, "both replicas", func(ctx context.Context) error { return warren.replicas(ctx, replicas) })
	eventually(t, "the certificate on every replica", inARow)
	version := secret.ResourceVersion
	if err := s.Get(t.Context(), client.ObjectKeyFromObject(&secret), &secret); err != nil || secret.ResourceVersion != version {
		t.Errorf("the Secret was written again (%v)", err)
	}
}

// resumes waits until so many sessions in a row are resumed. They reach all replicas.
func (s *scene) resumes(roots *x509.CertPool, inARow int) {
	s.t.Helper()
	config := &tls.Config{ServerName: s.host(), RootCAs: roots, MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12, ClientSessionCache: tls.NewLRUClientSessionCache(1)}
	eventually(s.t, "sessions to be resumed by every replica", func(ctx context.Context) error {
		for i := range inARow {
			dialer := &tls.Dialer{NetDialer: &net.Dialer{Timeout: exchangeTimeout}, Config: config}
			conn, err := dialer.DialContext(ctx, "tcp", warren.https)
			if err != nil {
				return err
			}
			resumed := conn.(*tls.Conn).ConnectionState().DidResume
			if err := conn.Close(); err != nil {
				return err
			}
			if i > 0 && !resumed {
				return fmt.Errorf("session %d is not resumed", i)
			}
		}
		return nil
	})
}
