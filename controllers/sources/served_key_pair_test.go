// SPDX-License-Identifier: Apache-2.0

package sources

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy"
	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/test/fixture"
)

// issuer signs certificates.
type issuer struct {
	certificate *x509.Certificate
	key         crypto.Signer
}

func pemOf(kind string, content []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}))
}

// issue makes a certificate for a key. This issuer signs it, or the key itself if the issuer is nil.
func (i *issuer) issue(t *testing.T, name string, key crypto.Signer) *issuer {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: name},
		NotBefore: fixture.Spring, NotAfter: fixture.Summer, DNSNames: []string{"x.io"}, IsCA: true, BasicConstraintsValid: true}
	parent := i
	if parent == nil {
		parent = &issuer{template, key}
	}
	content, err := x509.CreateCertificate(rand.Reader, template, parent.certificate, key.Public(), parent.key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(content)
	if err != nil {
		t.Fatal(err)
	}
	return &issuer{certificate, key}
}

func (i *issuer) chain() string { return pemOf("CERTIFICATE", i.certificate.Raw) }

func (i *issuer) keyText(t *testing.T) string {
	t.Helper()
	content, err := x509.MarshalPKCS8PrivateKey(i.key)
	if err != nil {
		t.Fatal(err)
	}
	return pemOf("PRIVATE KEY", content)
}

func curveKey(t *testing.T, curve elliptic.Curve) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// Every block of a chain is read: one that is not sent may be the one that a client needs.
func TestASpoiledChainKeepsWhatWasServedBefore(t *testing.T) {
	root := (*issuer)(nil).issue(t, "root", curveKey(t, elliptic.P256()))
	middle := root.issue(t, "middle", curveKey(t, elliptic.P256()))
	leaf := middle.issue(t, "leaf", curveKey(t, elliptic.P256()))
	renewed := middle.issue(t, "leaf", curveKey(t, elliptic.P256()))
	before := fixture.SecretOfTexts("1", leaf.chain()+middle.chain(), leaf.keyText(t))
	named := map[types.NamespacedName]struct{}{{Namespace: "blue", Name: "s"}: {}}
	damage := []byte(middle.chain())
	damage[100] = '!'
	damaged := string(damage)
	const anew = ": put the whole chain there anew"
	for name, test := range map[string]struct {
		first, rest, fault string
		// readable is what can be read beside the server's own certificate.
		readable string
	}{
		"two blocks without a line break between them": {
			rest: strings.TrimSpace(middle.chain()) + root.chain(), readable: middle.chain() + root.chain(),
			fault: "block 3 of tls.crt does not begin on a line of its own: put a line break before each -----BEGIN"},
		"damaged base64": {rest: damaged, fault: "block 2 of tls.crt is damaged or cut short" + anew},
		"damaged base64, and another block": {rest: damaged + root.chain(), readable: root.chain(),
			fault: "block 2 of tls.crt is damaged or cut short" + anew},
		"cut in the middle":         {rest: middle.chain()[:200], fault: "block 2 of tls.crt is damaged or cut short" + anew},
		"cut behind its first line": {rest: "-----BEGIN CERTIFICATE-----\n", fault: "block 2 of tls.crt is damaged or cut short" + anew},
		"a block that is no certificate": {rest: pemOf("CERTIFICATE", []byte("no")),
			fault: "block 2 of tls.crt is no certificate that can be read (x509: malformed certificate)" + anew},
		"a certificate with something behind it": {rest: pemOf("CERTIFICATE", append(slices.Clone(middle.certificate.Raw), 0)),
			fault: "block 2 of tls.crt is no certificate that can be read (x509: trailing data)" + anew},
		"a key": {rest: middle.chain() + leaf.keyText(t), readable: middle.chain(),
			fault: `block 3 of tls.crt is no certificate but of type "PRIVATE KEY": leave certificates alone there`},
		"a damaged block before the server's own": {first: damaged, rest: middle.chain(), readable: middle.chain(),
			fault: "block 1 of tls.crt is damaged or cut short" + anew},
	} {
		t.Run(name, func(t *testing.T) {
			after := fixture.SecretOfTexts("2", test.first+renewed.chain()+test.rest, renewed.keyText(t))
			var s SecretStore
			s.Read([]*corev1.Secret{before}, nil, named)
			got := s.Read([]*corev1.Secret{after}, nil, named)[0]
			if got.Fault != test.fault || got.Partial || got.Chain != leaf.chain()+middle.chain() || got.Key != leaf.keyText(t) {
				t.Errorf("%q, want %q; partial %t; the chain\n%s", got.Fault, test.fault, got.Partial, got.Chain)
			}
			// A process that starts later knows no earlier version: what can be read is better than nothing.
			restarted := ParseSecret(after)
			if restarted.Fault != test.fault || !restarted.Partial || restarted.Chain != renewed.chain()+test.readable {
				t.Errorf("after a restart: %q, partial %t, the chain\n%s", restarted.Fault, restarted.Partial, restarted.Chain)
			}
		})
	}
}

func TestAChainIsPutInOrder(t *testing.T) {
	root := (*issuer)(nil).issue(t, "root", curveKey(t, elliptic.P256()))
	upper := root.issue(t, "upper", curveKey(t, elliptic.P256()))
	lower := upper.issue(t, "lower", curveKey(t, elliptic.P256()))
	leaf := lower.issue(t, "leaf", curveKey(t, elliptic.P256()))
	stranger := (*issuer)(nil).issue(t, "stranger", curveKey(t, elliptic.P256()))
	want := leaf.chain() + lower.chain() + upper.chain() + root.chain()
	for name, test := range map[string]struct{ chain, want string }{
		"in order":           {want, want},
		"the other way":      {root.chain() + upper.chain() + lower.chain() + leaf.chain(), want},
		"mixed":              {leaf.chain() + upper.chain() + root.chain() + lower.chain(), want},
		"with words between": {"subject=leaf\n" + leaf.chain() + "\nBag Attributes\n" + lower.chain() + upper.chain() + root.chain(), want},
		"behind a mark":      {"\ufeff" + want, want},
		"lines as Windows":   {strings.ReplaceAll(want, "\n", "\r\n"), want},
		"a stranger between": {leaf.chain() + stranger.chain() + lower.chain(), leaf.chain() + lower.chain() + stranger.chain()},
		"a former name":      {strings.ReplaceAll(leaf.chain(), " CERTIFICATE", " X509 CERTIFICATE"), leaf.chain()},
	} {
		t.Run(name, func(t *testing.T) {
			object := fixture.SecretOfTexts("1", test.chain, leaf.keyText(t))
			got := ParseSecret(object)
			if diff := cmp.Diff(test.want, got.Chain); diff != "" || got.Fault != "" {
				t.Errorf("%s: (-want +got):\n%s", got.Fault, diff)
			}
			if c := Leaf(object); c == nil || !c.Equal(leaf.certificate) {
				t.Errorf("the server's own certificate is %v", c)
			}
		})
	}
}

func TestWhichKeysAreServed(t *testing.T) {
	rsaKey := func(bits int) crypto.Signer {
		key, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	const advice = ": take a key of ECDSA P-256, or of RSA with 2048 to 4096 bits"
	root := (*issuer)(nil).issue(t, "root", curveKey(t, elliptic.P256()))
	for name, test := range map[string]struct {
		key           crypto.Signer
		fault, remark string
	}{
		"P-256":   {key: curveKey(t, elliptic.P256())},
		"P-384":   {key: curveKey(t, elliptic.P384())},
		"P-521":   {key: curveKey(t, elliptic.P521()), remark: "its key is of the curve P-521, which curl and OpenSSL take, and Chromium does not"},
		"Ed25519": {key: edwards, remark: "its key is Ed25519, which curl and OpenSSL take, and browsers do not"},
		"P-224": {key: curveKey(t, elliptic.P224()),
			fault: "the key is of the curve P-224, which no client of TLS 1.3 takes" + advice},
		"RSA of 2048": {key: rsaKey(2048)},
		"RSA of 1024": {key: rsaKey(1024), fault: "the key is RSA of 1024 bits, and 2048 are the least that clients take" + advice},
		"RSA of 4104": {key: rsaKey(4104),
			fault: "the key is RSA of 4104 bits, and 4096 are the most that are served, since each handshake costs too much with more" + advice},
	} {
		t.Run(name, func(t *testing.T) {
			pair := root.issue(t, "leaf", test.key)
			got := ParseSecret(fixture.SecretOfTexts("1", pair.chain(), pair.keyText(t)))
			reason := ""
			if test.fault != "" {
				reason = "KeyNotSupported"
			}
			if got.Fault != test.fault || got.Reason != reason || got.Remark != test.remark || (got.Chain == "") != (test.fault != "") {
				t.Errorf("fault %q (%s), remark %q", got.Fault, got.Reason, got.Remark)
			}
			if test.fault != "" {
				return
			}
			snapshot := &snapshot.Snapshot{Certificates: []snapshot.Certificate{{ID: "blue/s", Chain: got.Chain, Key: got.Key}}}
			if _, err := proxy.New(proxy.Config{}).Apply(snapshot); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWhatASecretMayHoldIsBounded(t *testing.T) {
	pair := fixture.NewKeyPair(t, fixture.Spring, fixture.Summer, "x.io")
	chain, key := string(pair.Chain), string(pair.Key)
	filled := func(text string, size int) string { return text + strings.Repeat("#", size-len(text)) }
	//nolint:staticcheck // Keys are still encrypted so.
	encrypted, err := x509.EncryptPEMBlock(rand.Reader, "EC PRIVATE KEY", []byte("key"), []byte("password"), x509.PEMCipherAES128)
	if err != nil {
		t.Fatal(err)
	}
	const encryptedFault = "tls.key is encrypted, and nobody is there to type the password: put the key there without one, " +
		"as openssl pkey -in tls.key writes it"
	for name, test := range map[string]struct{ chain, key, reason, fault string }{
		"a chain of just the limit": {chain: filled(chain, chainLimit), key: key},
		"a chain of more": {chain: filled(chain, chainLimit+1), key: key, reason: "SecretTooLarge",
			fault: "tls.crt is more than 64 KiB, which is the most that is served: leave the server's own certificate there and those " +
				"that lead from it to the authority"},
		"a key of just the limit": {chain: chain, key: filled(key, keyTextLimit)},
		"a key of more": {chain: chain, key: filled(key, keyTextLimit+1), reason: "SecretTooLarge",
			fault: "tls.key is more than 16 KiB, which is the most that is read: leave the private key there alone"},
		"a key that would take long to read": {chain: chain, key: pemOf("RSA PRIVATE KEY", bytes.Repeat([]byte{7}, keyLimit+1)), reason: "KeyNotSupported",
			fault: "tls.key holds a key of more than 4096 bits, which is the most that is served: take a key of ECDSA P-256, or of RSA with 2048 to 4096 bits"},
		"a key that is encrypted":             {chain: chain, key: pemOf("ENCRYPTED PRIVATE KEY", []byte("key")), fault: encryptedFault},
		"a key that is encrypted the old way": {chain: chain, key: string(pem.EncodeToMemory(encrypted)), fault: encryptedFault},
		"parameters before the key":           {chain: chain, key: pemOf("EC PARAMETERS", []byte{6, 1, 1}) + key},
	} {
		t.Run(name, func(t *testing.T) {
			whole := fixture.SecretOfTexts("1", test.chain, test.key)
			// The part that is kept of a Secret says as much as the whole.
			for _, object := range []*corev1.Secret{whole, keepCertificate(whole)} {
				got := ParseSecret(object)
				if got.Fault != test.fault || got.Reason != test.reason {
					t.Errorf("%q (%s), want %q (%s)", got.Fault, got.Reason, test.fault, test.reason)
				}
				if test.fault == "" && (got.Chain != chain || got.Key != key) {
					t.Errorf("what stands around the certificate is kept: %d and %d bytes", len(got.Chain), len(got.Key))
				}
			}
		})
	}
}

// A Secret that could not be read from the API server does not count as gone.
func TestASecretThatCouldNotBeReadIsSaid(t *testing.T) {
	pair := fixture.NewKeyPair(t, fixture.Spring, fixture.Summer, "x.io")
	name := types.NamespacedName{Namespace: "blue", Name: "s"}
	named, unknown := map[types.NamespacedName]struct{}{name: {}}, map[types.NamespacedName]string{name: "has not been read yet"}
	var s SecretStore
	want := []*translate.Secret{{Namespace: "blue", Name: "s", Fault: "it has not been read yet"}}
	if diff := cmp.Diff(want, s.Read(nil, unknown, named)); diff != "" {
		t.Errorf("before it was read (-want +got):\n%s", diff)
	}
	s.Read([]*corev1.Secret{fixture.SecretOfTexts("1", string(pair.Chain), string(pair.Key))}, nil, named)
	got := s.Read(nil, unknown, named)
	if len(got) != 1 || got[0].Gone || got[0].Chain != string(pair.Chain) || got[0].Fault != "it has not been read yet" {
		t.Errorf("after it was read once: %+v", got)
	}
}
