// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"slices"
	"time"

	legoapi "github.com/go-acme/lego/v4/acme/api"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// keptPair is a certificate with its key, as a Secret has them.
type keptPair struct{ chain, key []byte }

func keptSecret(name string, pair keptPair) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name}, Type: corev1.SecretTypeTLS,
		Data: map[string][]byte{corev1.TLSCertKey: pair.chain, corev1.TLSPrivateKeyKey: pair.key}}
}

// selfMade returns a certificate for hosts that no authority made. So much of its ten hours is left.
func (c *changing) selfMade(left time.Duration, hosts ...string) keptPair {
	c.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		c.t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), NotBefore: time.Now().Add(left - 10*time.Hour),
		NotAfter: time.Now().Add(left), DNSNames: hosts, AuthorityKeyId: []byte{1, 2, 3}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		c.t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		c.t.Fatal(err)
	}
	return keptPair{pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})}
}

// anothers returns a certificate that the same authority has made for another namespace and account.
func (c *changing) anothers() keptPair {
	c.t.Helper()
	var list corev1.SecretList
	if err := c.List(c.t.Context(), &list); err != nil {
		c.t.Fatal(err)
	}
	for i := range list.Items {
		secret := &list.Items[i]
		if secret.Type != corev1.SecretTypeTLS || secret.Namespace == c.namespace || secret.Annotations["ingress.warren.dev/acme-directory"] != c.p.directory {
			continue
		}
		if _, err := tls.X509KeyPair(secret.Data[corev1.TLSCertKey], secret.Data[corev1.TLSPrivateKeyKey]); err == nil {
			return keptPair{secret.Data[corev1.TLSCertKey], secret.Data[corev1.TLSPrivateKeyKey]}
		}
	}
	c.t.Fatal("there is no other certificate")
	return keptPair{}
}

// closeAccount makes the authority close the account, as its owner may.
func (c *changing) closeAccount() {
	c.t.Helper()
	account := c.account()
	block, _ := pem.Decode(account.Data["account.key"])
	key, err := x509.ParseECPrivateKey(block.Bytes)
	if err != nil {
		c.t.Fatal(err)
	}
	url := string(account.Data["url"])
	api, err := legoapi.New(c.p.client(), "test", c.p.directory, url, key)
	if err != nil {
		c.t.Fatal(err)
	}
	if err := api.Accounts.Deactivate(url); err != nil {
		c.t.Fatal(err)
	}
}

// anotherAccountKey puts another key into the account's Secret.
func (c *changing) anotherAccountKey() {
	c.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		c.t.Fatal(err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		c.t.Fatal(err)
	}
	account := c.account()
	c.change(account, func() {
		account.Data["account.key"] = pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})
	})
}

// workingSecretLost deletes what is kept of the order, if there is one.
func (c *changing) workingSecretLost() {
	c.t.Helper()
	orders, err := c.orders(c.system)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, order := range orders {
		c.delete(order)
	}
}

// collected deletes the Secret, as the cluster does when the TLSCertificate that owns it has gone.
func (c *changing) collected() {
	c.t.Helper()
	if !c.underWay {
		c.delete(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: c.namespace, Name: c.secret}})
	}
}

// changesOfCertificates are what may happen to what an order depends on.
func changesOfCertificates() []changeOfCertificate {
	const certificate, ingress, standard = "TLSCertificate", "Ingress", "networking.k8s.io"
	edit := func(change func(*v1alpha1.TLSCertificateSpec)) func(*changing) {
		return func(c *changing) { c.edits(change) }
	}
	hosts := func(names ...string) func(*changing) { return func(c *changing) { c.wants(names...) } }
	ofIngress := func(change func(*changing, *v1alpha1.Ingress)) func(*changing) {
		return func(c *changing) {
			object := c.object.(*v1alpha1.Ingress)
			c.change(object, func() { change(c, object) })
		}
	}
	ofStandard := func(change func(*changing, *networkingv1.Ingress)) func(*changing) {
		return func(c *changing) {
			object := c.object.(*networkingv1.Ingress)
			c.change(object, func() { change(c, object) })
		}
	}
	anew := func(c *changing) { c.again(c.object) }
	return []changeOfCertificate{
		{"nothing", certificate, func(*changing) {}, 0, 0},
		{"the account's Secret is deleted", certificate, func(c *changing) { c.delete(c.account()) }, 0, 1},
		{"the account has another key", certificate, (*changing).anotherAccountKey, 0, 1},
		{"the account's URL is lost", certificate, func(c *changing) {
			account := c.account()
			c.change(account, func() { delete(account.Data, "url") })
		}, 0, 0},
		{"the account's URL is another's", certificate, func(c *changing) {
			account := c.account()
			c.change(account, func() { account.Data["url"] = append(slices.Clone(account.Data["url"]), '0') })
		}, 0, 1},
		{"the account is closed", certificate, (*changing).closeAccount, 0, 1},
		{"the email is changed", certificate, edit(func(s *v1alpha1.TLSCertificateSpec) { s.Email = "another-" + s.Email }), 0, 1},
		{"the email is removed", certificate, edit(func(s *v1alpha1.TLSCertificateSpec) { s.Email = "" }), 0, 1},
		{"the email is removed and added again", certificate, func(c *changing) {
			email := c.email
			c.edits(func(s *v1alpha1.TLSCertificateSpec) { s.Email = "" })
			c.edits(func(s *v1alpha1.TLSCertificateSpec) { s.Email = v1alpha1.Email(email) })
		}, 0, 2},
		{"the type of the key is changed", certificate, edit(func(s *v1alpha1.TLSCertificateSpec) { s.KeyType = v1alpha1.KeyTypeRSA2048 }), 1, 1},
		{"a profile is named", certificate, edit(func(s *v1alpha1.TLSCertificateSpec) { s.Profile = "default" }), 0, 1},
		{"a profile is named that there is not, and removed", certificate, func(c *changing) {
			c.edits(func(s *v1alpha1.TLSCertificateSpec) { s.Profile = "none-such" })
			if c.underWay {
				c.issuing(v1alpha1.ReasonOrderFailed)
			}
			c.edits(func(s *v1alpha1.TLSCertificateSpec) { s.Profile = "" })
		}, 0, 1},
		{"a chain is preferred", certificate, edit(func(s *v1alpha1.TLSCertificateSpec) { s.PreferredChain = "Some Root" }), 0, 1},
		{"the challenge is another", certificate, edit(func(s *v1alpha1.TLSCertificateSpec) {
			s.ChallengeTypes = []v1alpha1.ChallengeType{v1alpha1.ChallengeTLSALPN01}
		}), 0, 1},
		{"a host is added", certificate, hosts("shop", "www", "new"), 1, 1},
		{"a host is removed", certificate, hosts("shop"), 0, 1},
		{"a host is renamed", certificate, hosts("shop", "web"), 1, 1},
		{"all hosts are renamed", certificate, hosts("store", "web"), 1, 1},
		{"the hosts are in another order", certificate, hosts("www", "shop"), 0, 0},
		{"all hosts are renamed and named as before", certificate, func(c *changing) { c.wants("store"); c.wants("shop", "www") }, 1, 2},
		{"the Secret is another", certificate, func(c *changing) {
			c.secret = "another"
			c.edits(func(s *v1alpha1.TLSCertificateSpec) { s.SecretName = "another" })
		}, 1, 1},
		{"the Secret is deleted", certificate, func(c *changing) { c.delete(c.kept()) }, 1, 0},
		{"the Secret is emptied", certificate, func(c *changing) { c.holds(keptPair{[]byte{}, []byte{}}) }, 1, 0},
		{"the key is spoiled", certificate, func(c *changing) {
			secret := c.kept()
			c.change(secret, func() { secret.Data[corev1.TLSPrivateKeyKey] = secret.Data[corev1.TLSPrivateKeyKey][:20] })
		}, 1, 0},
		{"the certificate is spoiled", certificate, func(c *changing) {
			secret := c.kept()
			c.change(secret, func() { secret.Data[corev1.TLSCertKey] = []byte("nothing of the kind") })
		}, 1, 0},
		{"the key is another's", certificate, func(c *changing) {
			secret := c.kept()
			c.change(secret, func() { secret.Data[corev1.TLSPrivateKeyKey] = c.selfMade(time.Hour, "x.example.org").key })
		}, 1, 0},
		{"the Secret holds another's certificate", certificate, func(c *changing) { c.holds(c.anothers()) }, 1, 0},
		{"the Secret holds somebody's certificate", certificate, func(c *changing) { c.holds(c.selfMade(9*time.Hour, "x.example.org")) }, 1, 0},
		{"the Secret holds an expired certificate", certificate, func(c *changing) { c.holds(c.selfMade(-time.Minute, c.hosts...)) }, 1, 0},
		{"the Secret holds one of another authority that ends", certificate, func(c *changing) { c.holds(c.selfMade(time.Hour, c.hosts...)) }, 1, 0},
		{"the Secret's annotations are removed, and its certificate ends", certificate, func(c *changing) {
			secret, ending := c.kept(), c.selfMade(time.Hour, c.hosts...)
			c.change(secret, func() {
				if !c.underWay {
					secret.Annotations = nil
				}
				secret.Data = map[string][]byte{corev1.TLSCertKey: ending.chain, corev1.TLSPrivateKeyKey: ending.key}
			})
		}, 1, 0},
		{"the Secret's owner is removed", certificate, func(c *changing) {
			secret := c.kept()
			c.change(secret, func() { secret.OwnerReferences = nil })
		}, 0, 0},
		{"the Secret is of another type for a while", certificate, func(c *changing) {
			c.delete(c.kept())
			opaque := keptSecret(c.secret, keptPair{[]byte{}, []byte{}})
			opaque.Type = corev1.SecretTypeOpaque
			c.create(opaque)
			c.issuing(v1alpha1.ReasonSecretConflict)
			c.delete(opaque)
		}, 1, 0},
		{"it is not renewed for a while", certificate, func(c *changing) {
			c.edits(func(s *v1alpha1.TLSCertificateSpec) { s.AutoRenew = new(false) })
			c.issuing(v1alpha1.ReasonNotRenewed)
			c.edits(func(s *v1alpha1.TLSCertificateSpec) { s.AutoRenew = new(true) })
		}, 0, 0},
		{"it is made anew", certificate, anew, 0, 1},
		{"it is made anew under another name", certificate, func(c *changing) {
			c.delete(c.object)
			c.collected()
			c.name = "anew"
			c.object = c.certificate(c.name)
			c.create(c.object)
		}, 1, 1},
		{"what is kept of the order is lost", certificate, (*changing).workingSecretLost, 0, 1},
		{"the note of who orders is removed", certificate, func(c *changing) {
			if err := c.Get(c.t.Context(), client.ObjectKeyFromObject(c.object), c.object); err != nil {
				c.t.Fatal(err)
			}
			c.change(c.object, func() { c.object.SetAnnotations(nil) })
		}, 0, 0},
		{"another wants the same Secret", certificate, func(c *changing) {
			rival := c.certificate("younger")
			c.create(rival)
			c.says(rival, func() []metav1.Condition { return rival.Status.Conditions }, "Accepted=False SecretConflict")
		}, 0, 0},
		{"another takes over the Secret", certificate, func(c *changing) {
			rival := c.certificate("younger")
			c.create(rival)
			c.says(rival, func() []metav1.Condition { return rival.Status.Conditions }, "Accepted=False SecretConflict")
			c.delete(c.object)
			c.collected()
			c.object, c.name = rival, rival.Name
		}, 1, 1},
		{"another wants the same hosts", certificate, func(c *changing) {
			sibling := c.certificate("sibling")
			sibling.Spec.SecretName = "sibling"
			c.create(sibling)
		}, 0, 0},

		{"nothing", ingress, func(*changing) {}, 0, 0},
		{"a host is added", ingress, hosts("shop", "www", "new"), 1, 1},
		{"a host is removed", ingress, hosts("shop"), 0, 1},
		{"a host is renamed", ingress, hosts("shop", "web"), 1, 1},
		{"all hosts are renamed", ingress, hosts("store", "web"), 1, 1},
		{"the email is changed", ingress, ofIngress(func(_ *changing, i *v1alpha1.Ingress) { i.Spec.TLS.Email = "another-" + i.Spec.TLS.Email }), 0, 1},
		{"the Secret is another", ingress, ofIngress(func(c *changing, i *v1alpha1.Ingress) {
			c.name, c.secret, i.Spec.TLS.SecretName = "another", "another", "another"
		}), 1, 1},
		{"tls is removed and added again", ingress, func(c *changing) {
			object := c.object.(*v1alpha1.Ingress)
			tls := object.Spec.TLS
			c.change(object, func() { object.Spec.TLS = nil })
			c.change(object, func() { object.Spec.TLS = tls })
		}, 1, 1},
		{"it is made anew", ingress, anew, 1, 1},
		{"the Secret is deleted", ingress, func(c *changing) { c.delete(c.kept()) }, 1, 0},
		{"the TLSCertificate is deleted", ingress, func(c *changing) {
			c.delete(&v1alpha1.TLSCertificate{ObjectMeta: metav1.ObjectMeta{Namespace: c.namespace, Name: c.name}})
		}, 0, 1},

		{"nothing", standard, func(*changing) {}, 0, 0},
		{"a host is added", standard, hosts("shop", "www", "new"), 1, 1},
		{"all hosts are renamed", standard, hosts("store", "web"), 1, 1},
		{"the email is changed", standard, ofStandard(func(_ *changing, i *networkingv1.Ingress) {
			i.Annotations["ingress.warren.dev/email"] = "another@example.com"
		}), 0, 1},
		{"the Secret is another", standard, ofStandard(func(c *changing, i *networkingv1.Ingress) {
			c.name, c.secret = "another", "another"
			i.Spec.TLS = []networkingv1.IngressTLS{{Hosts: c.hosts, SecretName: "another"}}
		}), 1, 1},
		{"auto-ssl is removed and added again", standard, func(c *changing) {
			object := c.object.(*networkingv1.Ingress)
			annotations := object.Annotations
			c.change(object, func() { object.Annotations = nil })
			c.change(object, func() { object.Annotations = annotations })
		}, 1, 1},
		{"it is made anew", standard, anew, 1, 1},
	}
}
