// SPDX-License-Identifier: Apache-2.0

//go:build hostile

package hostile

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// verifyingObjects is how many Ingresses of a tenant name authorities. Each has verifyingRules rules with
// verifyingPaths paths each.
const (
	verifyingObjects = 3
	verifyingRules   = 64
	verifyingPaths   = 32
)

// tries makes an object. If the API server refuses it, it is no attack, and the test fails.
func (s *stage) tries(object client.Object) {
	if err := s.Create(s.t.Context(), object); err != nil {
		s.t.Errorf("creating %T %s: %v", object, object.GetName(), err)
	}
}

// takesBack deletes what verifying made.
func (s *stage) takesBack() {
	for i := range verifyingObjects {
		object := &v1alpha1.Ingress{ObjectMeta: metav1.ObjectMeta{Namespace: s.b, Name: fmt.Sprintf("many-%d", i)}}
		if err := s.Delete(s.t.Context(), object); err != nil {
			s.t.Errorf("deleting Ingress %s: %v", object.Name, err)
		}
	}
}

// verifying returns an Ingress of as many paths as one may have, each with its own terms.
func verifying(namespace, name string, terms func(path int) *v1alpha1.BackendTLS) *v1alpha1.Ingress {
	ing := &v1alpha1.Ingress{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	for r := range verifyingRules {
		rule := v1alpha1.IngressRule{Host: v1alpha1.Host(fmt.Sprintf("h%d.%s.example.com", r, name))}
		for p := range verifyingPaths {
			rule.Paths = append(rule.Paths, v1alpha1.IngressPath{Path: v1alpha1.Path(fmt.Sprintf("/%d", p)), Backend: v1alpha1.IngressBackend{
				ServiceName: "none", Port: 443, Protocol: v1alpha1.ProtocolHTTPS, TLS: terms(r*verifyingPaths + p)}})
		}
		ing.Spec.Rules = append(ing.Spec.Rules, rule)
	}
	return ing
}

// A tenant names thousands of authorities that are not there.
func TestAuthoritiesWithoutNumber(t *testing.T) {
	s := newStage(t)
	s.attack("authorities without number", s.nameAuthorities)
}

func (s *stage) nameAuthorities(ctx context.Context) {
	for i := range verifyingObjects {
		name := fmt.Sprintf("many-%d", i)
		s.tries(verifying(s.b, name, func(path int) *v1alpha1.BackendTLS {
			if path%2 == 0 {
				return &v1alpha1.BackendTLS{CASecretName: v1alpha1.SecretName(fmt.Sprintf("%s-%d", name, path))}
			}
			return &v1alpha1.BackendTLS{CAConfigMapName: v1alpha1.ConfigMapName(fmt.Sprintf("%s-%d", name, path))}
		}))
	}
	<-ctx.Done()
	s.takesBack()
}

// A tenant names one large bundle in thousands of paths. Each expects another name.
func TestABundleInThousandsOfPaths(t *testing.T) {
	s := newStage(t)
	bundle := authoritiesOf(t, bundleSize)
	s.create(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: s.b, Name: "bundle"}, Data: map[string]string{"ca.crt": bundle}})
	s.serve(s.b, "none", "none.example.com", "/", startBackend(t, answerWith("b")))
	s.attack("a bundle in thousands of paths", func(ctx context.Context) {
		for i := range verifyingObjects {
			name := fmt.Sprintf("many-%d", i)
			s.tries(verifying(s.b, name, func(path int) *v1alpha1.BackendTLS {
				return &v1alpha1.BackendTLS{CAConfigMapName: "bundle", ServerName: v1alpha1.BackendServerName(fmt.Sprintf("%s-%d.example.com", name, path))}
			}))
		}
		<-ctx.Done()
		s.takesBack()
	})
}

// bundleSize is the size of what an operating system trusts.
const bundleSize = 200 << 10

// authoritiesOf returns PEM of this size, with different certificates.
func authoritiesOf(t *testing.T, size int) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for text.Len() < size {
		template := &x509.Certificate{SerialNumber: big.NewInt(int64(text.Len()) + 1), NotAfter: time.Now().Add(time.Hour),
			DNSNames: []string{strings.Repeat("b", 60) + ".example.com"}}
		content, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: content}))
	}
	return text.String()
}
