// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// tlsSecret is a Secret with a self-signed certificate for a host.
func tlsSecret(t *testing.T, name, host string) *corev1.Secret {
	t.Helper()
	pair := selfSigned(t, host)
	der, err := x509.MarshalECPrivateKey(pair.PrivateKey.(*ecdsa.PrivateKey))
	if err != nil {
		t.Fatal(err)
	}
	var chain, key bytes.Buffer
	for to, block := range map[*bytes.Buffer]*pem.Block{&chain: {Type: "CERTIFICATE", Bytes: pair.Certificate[0]}, &key: {Type: "EC PRIVATE KEY", Bytes: der}} {
		if err := pem.Encode(to, block); err != nil {
			t.Fatal(err)
		}
	}
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: name}, Type: corev1.SecretTypeTLS,
		Data: map[string][]byte{corev1.TLSCertKey: chain.Bytes(), corev1.TLSPrivateKeyKey: key.Bytes()},
	}
}

// busyScene returns a controller to which everything happens that is counted. It stays under load until the test ends.
func busyScene(t *testing.T) (*scene, *controller, *traffic) {
	t.Helper()
	s := newScene(t)
	web, down := startBackend(t, "web-1"), startBackend(t, "down-1")
	down.stop()
	shop := ingress("shop", s.host("shop"), "web")
	shop.Spec.TLS = &v1alpha1.IngressTLS{SecretName: "shop-tls", RedirectHTTP: new(false)}
	denied, limited := ingress("denied", s.host("denied"), "web"), ingress("limited", s.host("limited"), "web")
	denied.Spec.Rules[0].Paths[0].AccessControl = &v1alpha1.AccessControl{DeniedIPs: []v1alpha1.AddressRange{"127.0.0.0/8"}}
	limited.Spec.Rules[0].Paths[0].RateLimit = &v1alpha1.RateLimit{RequestsPerSecond: resource.MustParse("0.001"), Burst: 1}
	s.create(tlsSecret(t, "shop-tls", s.host("shop")), shop, denied, limited, ingress("down", s.host("down"), "down"), task("web", web), task("down", down))
	c := s.start("--access-log=json").ready()

	for _, host := range []string{"denied", "limited", "limited", "down"} {
		if _, err := ask(c.http, s.host(host), "/"); err != nil {
			t.Fatal(err)
		}
	}
	secure, err := tls.Dial("tcp", c.https, &tls.Config{ServerName: s.host("shop"), InsecureSkipVerify: true})
	if err != nil {
		t.Fatalf("a handshake: %v", err)
	}
	_ = secure.Close()
	return s, c, startTraffic(t, c.http, []string{s.host("shop"), s.host("denied")}, densePace, func(record) error { return nil })
}

func TestMetricsCountWhatTheLoadWasAnsweredWith(t *testing.T) {
	t.Parallel()
	s, c, load := busyScene(t)
	load.sends(500)
	load.finish()

	sent := map[string]float64{}
	for outcome, n := range load.outcomes {
		status, reason, _ := strings.Cut(outcome, " ")
		sent[status+" "+reason] = float64(n)
	}
	series := func(name, ingress string) string {
		return fmt.Sprintf(`warren_ingress_%s{ingress="%s/%s"}`, name, s.namespace, ingress)
	}
	served := fmt.Sprintf(`warren_ingress_requests_total{code="200",ingress="%s/shop",reason="",service="%s/web"}`, s.namespace, s.namespace)
	refused := fmt.Sprintf(`warren_ingress_requests_total{code="403",ingress="%s/denied",reason="AccessDenied",service="%s/web"}`, s.namespace, s.namespace)
	want := map[string]float64{
		served:  sent["200 "],
		refused: sent["403 AccessDenied"] + 1,
		series("request_duration_seconds_count", "shop"):                                                         sent["200 "],
		series("upstream_duration_seconds_count", "shop"):                                                        sent["200 "],
		series("access_denials_total", "denied"):                                                                 sent["403 AccessDenied"] + 1,
		series("rate_limit_rejections_total", "limited"):                                                         1,
		series("request_duration_seconds_count", "limited"):                                                      2,
		`warren_ingress_tls_handshake_duration_seconds_count`:                                                    1,
		`warren_ingress_active_requests`:                                                                         0,
		`warren_ingress_routes`:                                                                                  4,
		`warren_ingress_acme_orders_total{result="issued"}`:                                                      0,
		`warren_ingress_access_log_dropped_lines_total`:                                                          0,
		`warren_ingress_snapshot_rejections_total`:                                                               0,
		`warren_ingress_tasks{health="Healthy",service="` + s.namespace + `/web"}`:                               1,
		`warren_ingress_backend_errors_total{reason="UpstreamConnectFailed",service="` + s.namespace + `/down"}`: 1,
	}
	if sent["200 "] == 0 || sent["403 AccessDenied"] == 0 {
		t.Fatalf("the load was answered with %v, want both hosts'", sent)
	}
	eventually(t, patience, "the metrics of all requests", func() error {
		got, err := c.scrape()
		if err != nil {
			return err
		}
		for name, value := range want {
			if got[name] != value {
				return fmt.Errorf("%s is %v, want %v", name, got[name], value)
			}
		}
		if notAfter := got[`warren_ingress_certificate_not_after_seconds{certificate="`+s.namespace+`/shop-tls"}`]; notAfter == 0 {
			return fmt.Errorf("the expiry of the certificate is not there")
		}
		return nil
	})

	var shop v1alpha1.Ingress
	shop.Namespace, shop.Name = s.namespace, "shop"
	s.delete(&shop)
	eventually(t, patience, "the series to go with the Ingress", func() error {
		got, err := c.scrape()
		if err != nil {
			return err
		}
		for name := range got {
			if strings.Contains(name, s.namespace+"/shop") {
				return fmt.Errorf("there still is %s", name)
			}
		}
		return nil
	})
}
