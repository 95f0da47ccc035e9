// SPDX-License-Identifier: Apache-2.0

package nginx_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/test/fixture"
)

// issued is a certificate with its key.
type issued struct {
	*x509.Certificate
	key *ecdsa.PrivateKey
}

// issue issues a certificate, for an authority of its own if c is nil.
func (c *issued) issue(name string, authority bool) *issued {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(int64(len(name))), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	if authority {
		template.IsCA, template.BasicConstraintsValid, template.ExtKeyUsage = true, true, nil
		template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	}
	parent, signer := template, key
	if c != nil {
		parent, signer = c.Certificate, c.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		panic(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return &issued{made, key}
}

// shown returns what a client shows that has the certificate, with those between it and its authority.
func (c *issued) shown(between ...*issued) *tls.Certificate {
	made := &tls.Certificate{Certificate: [][]byte{c.Raw}, PrivateKey: c.key}
	for _, b := range between {
		made.Certificate = append(made.Certificate, b.Raw)
	}
	return made
}

func (c *issued) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

// authorities are those of the tests in this file. Others has another one, with the same name.
var authorities = sync.OnceValue(func() (a struct{ root, middle, other, robot *issued }) {
	var none *issued
	a.root, a.other = none.issue("root", true), none.issue("root", true)
	a.middle, a.robot = a.root.issue("middle", true), a.root.issue("robot", false)
	return a
})

// trusting returns a Secret with the authority of clients, with further keys, and one with a certificate for all hosts.
func trusting(data ...string) func(t *testing.T) []client.Object {
	return func(t *testing.T) []client.Object {
		secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "ca"}, Data: map[string][]byte{"ca.crt": authorities().root.pem()}}
		for i := 0; i+1 < len(data); i += 2 {
			secret.Data[data[i]] = []byte(data[i+1])
		}
		return []client.Object{secret, fixture.NewKeyPair(t, time.Now().Add(-time.Hour), time.Now().Add(time.Hour), "h.io").Secret("shop", "default-tls")}
	}
}

// shows asks for https://h.io over connections that show a certificate, nil for none, and says what comes of each.
func shows(certificates ...*tls.Certificate) func(r *rig) string {
	return func(r *rig) string {
		r.Helper()
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			r.Fatal(err)
		}
		go func() { _ = r.proxy.ServeTLS(l) }()
		var said []string
		for _, c := range certificates {
			config := &tls.Config{InsecureSkipVerify: true}
			if c != nil {
				config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return c, nil }
			}
			transport := &http.Transport{TLSClientConfig: config, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, network, l.Addr().String())
			}}
			request, err := http.NewRequestWithContext(r.Context(), "GET", "https://h.io/", nil)
			if err != nil {
				r.Fatal(err)
			}
			request.Header["Ssl-Client-Verify"] = []string{"SUCCESS"}
			request.Header["SSL_CLIENT_CERT"] = []string{"forged"}
			got, err := transport.RoundTrip(request)
			if err != nil {
				r.Fatal(err)
			}
			_ = got.Body.Close()
			transport.CloseIdleConnections()
			said = append(said, told(got))
		}
		return strings.Join(said, ", ")
	}
}

// told is what a backend was told of the client, or the status with where the client is sent.
func told(got *http.Response) string {
	if got.StatusCode != http.StatusOK {
		return strings.TrimSpace(strconv.Itoa(got.StatusCode) + " " + got.Header.Get("Location"))
	}
	said := "ok"
	for _, name := range []string{"Verify", "Subject-Dn", "Issuer-Dn"} {
		if value := got.Header.Values("Got-Ssl-Client-" + name); len(value) > 0 {
			said += " " + strings.Join(value, "|")
		}
	}
	if cert := got.Header.Get("Got-Ssl-Client-Cert"); cert != "" {
		said += " " + cert[:min(len(cert), 11)]
	}
	return said
}

func TestClientsShowCertificatesAsIngressNginxAskedForThem(t *testing.T) {
	t.Parallel()
	a := authorities()
	robot, stranger, below := a.robot.shown(), a.other.issue("robot", false).shown(), a.middle.issue("below", false).shown(a.middle)
	const secret = "auth-tls-secret: shop/ca"
	const robotTold = "ok SUCCESS CN=robot CN=root"
	for name, test := range map[string]struct {
		objects []object
		more    func(t *testing.T) []client.Object
		shown   []*tls.Certificate
		want    string
		says    map[string]string
	}{
		"on": {objects: []object{{annotations: []string{secret}}}, shown: []*tls.Certificate{robot, nil, stranger, below}, want: robotTold + ", 400, 400, ok SUCCESS CN=below CN=middle"},
		"optional": {objects: []object{{annotations: []string{secret, "auth-tls-verify-client: optional"}}},
			shown: []*tls.Certificate{robot, nil, stranger}, want: robotTold + ", ok NONE, 400"},
		"optional_no_ca": {objects: []object{{annotations: []string{secret, "auth-tls-verify-client: optional_no_ca"}}},
			shown: []*tls.Certificate{robot, nil, stranger}, want: robotTold + ", ok NONE, ok FAILED:unable to verify the first certificate CN=robot CN=root"},
		"off": {objects: []object{{annotations: []string{secret, "auth-tls-verify-client: off"}}}, shown: []*tls.Certificate{robot, nil}, want: "ok NONE, ok NONE"},
		"what stands for nothing": {objects: []object{{annotations: []string{`auth-tls-secret: ""`, "auth-tls-verify-client: optional"}}}, shown: []*tls.Certificate{nil}, want: "ok SUCCESS",
			says: map[string]string{"a": "annotations that begin with auth-tls do nothing without auth-tls-secret"}},
		"another path's Ingress": {objects: []object{{annotations: []string{secret}, paths: "Prefix /x -> api"}, {name: "b", minutes: 2}}, shown: []*tls.Certificate{robot, nil}, want: robotTold + ", 400"},
		"the oldest decides": {objects: []object{{annotations: []string{secret}}, {name: "b", minutes: 2, paths: "Prefix /x -> api", annotations: []string{secret, "auth-tls-verify-client: optional"}}},
			shown: []*tls.Certificate{nil}, want: "400", says: map[string]string{
				"a": "the clients of host h.io show what it asks for, and not what the younger Ingress networking.k8s.io/shop/b does",
				"b": "metadata.annotations: the clients of host h.io show what the older Ingress networking.k8s.io/shop/a asks for, and that is something else: write the same into both"}},
		"an alias": {objects: []object{{host: "other.io", annotations: []string{secret, "server-alias: h.io"}}}, shown: []*tls.Certificate{robot, nil}, want: robotTold + ", 400"},
		"a Secret that is not there": {objects: []object{{annotations: []string{"auth-tls-secret: shop/none"}}}, shown: []*tls.Certificate{robot}, want: "503",
			says: map[string]string{"a": "metadata.annotations: there is no Secret shop/none: no client gets in"}},
		"a Secret of another namespace": {objects: []object{{annotations: []string{"auth-tls-secret: net/ca"}, paths: "Prefix /x -> api"}, {name: "b", minutes: 2}}, shown: []*tls.Certificate{robot}, want: "503",
			says: map[string]string{"a": `annotation nginx.ingress.kubernetes.io/auth-tls-secret: "net/ca" is a Secret of another namespace: copy it into shop, and write that`}},
		"a value that cannot be read": {objects: []object{{annotations: []string{secret, "auth-tls-verify-client: yes"}, paths: "Prefix /x -> api"}, {name: "b", minutes: 2}},
			shown: []*tls.Certificate{robot}, want: "503", says: map[string]string{"a": `"yes" is unknown: write on or off or optional or optional_no_ca`}},
		"a list that is none": {objects: []object{{annotations: []string{secret}}}, more: trusting("ca.crl", "x"), shown: []*tls.Certificate{robot}, want: "503",
			says: map[string]string{"a": "metadata.annotations: Secret shop/ca: there is no list of revocations: put one there as PEM, which begins with BEGIN X509 CRL: no client gets in"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			objects := slices.Clone(test.objects)
			for i := range objects {
				o := &objects[i]
				for _, or := range []struct {
					field *string
					value string
				}{{&o.name, "a"}, {&o.host, "h.io"}, {&o.paths, "Prefix / -> web"}} {
					if *or.field == "" {
						*or.field = or.value
					}
				}
			}
			more := trusting()
			if test.more != nil {
				more = test.more
			}
			r := serve(t, nil, objects, more(t)...)
			if got := shows(test.shown...)(r); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			for of, want := range test.says {
				if said := reported(r, of); !strings.Contains(said, want) {
					t.Errorf("%s: it says %q, want %q", of, said, want)
				}
			}
		})
	}
}

// reported is all that is reported of an Ingress.
func reported(r *rig, name string) (said string) {
	for _, report := range r.reports {
		if report.Name == name {
			said += report.Unheeded
			for _, c := range report.Conditions {
				said += c.Message
			}
		}
	}
	return said
}

// clientEffects has a request for each annotation about certificates of clients, which shows what it does.
func clientEffects() map[string]effect {
	a := authorities()
	deep := a.middle.issue("deep", true)
	robot, below := a.robot.shown(), a.middle.issue("below", false).shown(a.middle)
	const secret = "auth-tls-secret: shop/ca"
	return map[string]effect{
		"auth-tls-secret":        {annotations: []string{secret}, more: trusting(), shows: shows(nil, robot), want: "400, ok SUCCESS CN=robot CN=root"},
		"auth-tls-verify-client": {annotations: []string{secret, "auth-tls-verify-client: optional"}, more: trusting(), shows: shows(nil), want: "ok NONE"},
		"auth-tls-verify-depth": {annotations: []string{secret, "auth-tls-verify-depth: 2"}, more: trusting(), shows: shows(deep.issue("x", false).shown(deep, a.middle)),
			want: "ok SUCCESS CN=x CN=deep"},
		"auth-tls-error-page": {annotations: []string{secret, "auth-tls-error-page: https://help.io/x"}, more: trusting(), shows: shows(nil), want: "302 https://help.io/x"},
		"auth-tls-pass-certificate-to-upstream": {annotations: []string{secret, "auth-tls-pass-certificate-to-upstream: true"}, more: trusting(), shows: shows(robot),
			want: "ok SUCCESS CN=robot CN=root -----BEGIN%"},
		"auth-tls-match-cn": {annotations: []string{secret, "auth-tls-match-cn: CN=rob.t"}, more: trusting(), shows: shows(below, robot), want: "403, ok SUCCESS CN=robot CN=root"},
	}
}
