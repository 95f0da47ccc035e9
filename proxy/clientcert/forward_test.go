// SPDX-License-Identifier: Apache-2.0

package clientcert

import (
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/message"
)

func TestHowABackendIsToldOfACertificate(t *testing.T) {
	var none *issuing
	root := none.issue(t, "root", authority)
	middle := root.issue(t, "middle", authority)
	hostile := middle.issue(t, "x", func(c *x509.Certificate) {
		c.Subject = pkix.Name{CommonName: "a\r\nX: y\", \\", Organization: []string{"Ö"}}
		c.DNSNames = []string{"a.example.com", `b",X="c`, "c;d"}
		c.URIs = []*url.URL{{Scheme: "spiffe", Host: "example.com", Path: "/a"}}
	})
	by := verifier(t, &Terms{Authorities: root.pem(), Depth: 1})
	sound, self, missing := by.judge(chain(hostile, middle), start), by.judge(chain(none.issue(t, "self")), start), by.judge(nil, start)
	digest := sha256.Sum256(hostile.Raw)
	escaped := url.QueryEscape(hostile.pem())
	escaped = strings.ReplaceAll(escaped, "+", "%20")
	for _, test := range []struct {
		name    string
		verdict *Verdict
		form    Form
		want    []string
	}{
		{"nothing", sound, Untold, nil},
		{"RFC 9440", sound, RFC9440, []string{
			"Client-Cert: :" + base64.StdEncoding.EncodeToString(hostile.Raw) + ":", "Client-Cert-Chain: :" + base64.StdEncoding.EncodeToString(middle.Raw) + ":"}},
		{"RFC 9440, none", missing, RFC9440, nil}, {"RFC 9440, unknown", self, RFC9440, nil},
		{"nginx", sound, Nginx, []string{
			"ssl-client-verify: SUCCESS", `ssl-client-subject-dn: CN=a\0D\0AX: y\"\, \\,O=\C3\96`, "ssl-client-issuer-dn: CN=middle"}},
		{"nginx with the certificate", sound, NginxCertificate, []string{
			"ssl-client-verify: SUCCESS", `ssl-client-subject-dn: CN=a\0D\0AX: y\"\, \\,O=\C3\96`, "ssl-client-issuer-dn: CN=middle", "ssl-client-cert: " + escaped}},
		{"nginx, none", missing, NginxCertificate, []string{"ssl-client-verify: NONE"}},
		{"nginx, unknown", self, Nginx, []string{"ssl-client-verify: FAILED:self-signed certificate", "ssl-client-subject-dn: CN=self", "ssl-client-issuer-dn: CN=self"}},
		{"Envoy", sound, Envoy, []string{`X-Forwarded-Client-Cert: Hash=` + hex.EncodeToString(digest[:]) + `;Cert="` + escaped +
			`";Subject="CN=a\0D\0AX: y\22\, \5C,O=\C3\96";URI=spiffe://example.com/a;DNS=a.example.com;DNS="c;d"`}},
		{"Envoy, none", missing, Envoy, nil}, {"Envoy, unknown", self, Envoy, nil},
	} {
		var got []string
		for _, f := range test.verdict.Append(nil, test.form) {
			got = append(got, string(f.Name)+": "+string(f.Value))
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
	fields := make([]message.Field, 0, 8)
	if n := testing.AllocsPerRun(100, func() { sound.Append(fields, Nginx) }); n != 0 {
		t.Errorf("telling of a certificate again costs %v allocations", n)
	}
}
