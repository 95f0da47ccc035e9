// SPDX-License-Identifier: Apache-2.0

package sources

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/controllers/translate"
)

const (
	// chainLimit is how many bytes a certificate chain may have. Every handshake without a session sends the chain. No
	// authority's chain is a tenth of the limit.
	chainLimit = 64 << 10
	// keyTextLimit is how many bytes tls.key may have, with everything around the key. keyLimit is for the key itself:
	// PKCS #8 of an RSA key of 4096 bits takes 2,375 bytes. Checking a key with 16 times as many bits takes a second.
	keyTextLimit = 16 << 10
	keyLimit     = 4 << 10

	// OpenSSL as Linux distributions configure it (security level 2) and Apple's systems refuse shorter RSA keys. With
	// twice the bits a signature takes eight times as long: 8192 bits take a hundred milliseconds for every handshake.
	rsaShortest = 2048
	rsaLongest  = 4096
)

const keyAdvice = ": take a key of ECDSA P-256, or of RSA with 2048 to 4096 bits"

// ParseSecret reads a Secret with tls.crt and tls.key. It reads every block of the chain, because one that cannot be
// read may be the one that a client needs. If the server's own certificate and key can be read and another block
// cannot, the result has both the readable part and a fault. It checks with the same function that the data plane loads
// certificates with: a certificate that the data plane refused would keep the whole snapshot from being served.
func ParseSecret(object *corev1.Secret) *translate.Secret {
	secret := &translate.Secret{Namespace: object.Namespace, Name: object.Name}
	chain, key := object.Data[corev1.TLSCertKey], object.Data[corev1.TLSPrivateKeyKey]
	fault := func(reason, text string) *translate.Secret {
		secret.Reason, secret.Fault = reason, text
		return secret
	}
	switch {
	case len(chain) == 0:
		return fault("", "tls.crt is empty: put the certificate chain there as PEM, the server's own certificate first")
	case len(key) == 0:
		return fault("", "tls.key is empty: put the certificate's private key there as PEM")
	case len(chain) > chainLimit:
		return fault(v1alpha1.ReasonSecretTooLarge, "tls.crt is more than 64 KiB, which is the most that is served: leave the server's "+
			"own certificate there and those that lead from it to the authority")
	case len(key) > keyTextLimit:
		return fault(v1alpha1.ReasonSecretTooLarge, "tls.key is more than 16 KiB, which is the most that is read: leave the private key there alone")
	}
	certificates, damage := readChain(chain)
	private, reason, problem := readPrivateKey(key)
	switch {
	case len(certificates) == 0 && damage != "" && bytes.Contains(chain, []byte(certificateBlock)):
		return fault("", damage)
	case problem != "" && len(certificates) > 0:
		return fault(reason, problem)
	}
	leaf := leafFor(certificates, private)
	if leaf > 0 && damage != "" {
		return fault("", damage) // What precedes the certificate that fits may have been a newer one.
	}
	certificates = inOrder(certificates, max(leaf, 0))
	if leaf >= 0 {
		if problem := unservedKey(certificates[0].PublicKey); problem != "" {
			return fault(v1alpha1.ReasonKeyNotSupported, problem)
		}
		chain = encodeChain(certificates)
	}
	pair, err := tls.X509KeyPair(chain, key)
	if err != nil {
		if damage != "" && leaf < 0 && len(certificates) > 0 {
			return fault("", damage)
		}
		return fault("", strings.ToValidUTF8(cluster.ClipMessage(err.Error()), "?")+
			": tls.crt must hold the certificate chain as PEM, the server's own certificate first, and tls.key the private key of that")
	}
	secret.Fault, secret.Partial = damage, damage != ""
	secret.Remark = rareKey(pair.Leaf.PublicKey)
	secret.Chain, secret.Key = string(chain), string(pem.EncodeToMemory(privateKeyBlock(key)))
	secret.NotBefore, secret.NotAfter = pair.Leaf.NotBefore, pair.Leaf.NotAfter
	for _, name := range pair.Leaf.DNSNames {
		secret.Names = append(secret.Names, strings.ToLower(name))
	}
	return secret
}

// Leaf returns the server certificate that a Secret holds, nil if there is none.
func Leaf(secret *corev1.Secret) *x509.Certificate {
	if secret == nil {
		return nil
	}
	chain, key := secret.Data[corev1.TLSCertKey], secret.Data[corev1.TLSPrivateKeyKey]
	if len(chain) > chainLimit || len(key) > keyTextLimit {
		return nil
	}
	certificates, _ := readChain(chain)
	if len(certificates) == 0 {
		return nil
	}
	private, _, _ := readPrivateKey(key)
	return certificates[max(leafFor(certificates, private), 0)]
}

// readChain returns the certificates of a text that can be read. damage is what is wrong with the first block that
// cannot be read, or that is no certificate.
func readChain(text []byte) (certificates []*x509.Certificate, damage string) {
	note := func(index int, problem string) {
		if damage == "" {
			damage = fmt.Sprintf("block %d of tls.crt %s", index+1, problem)
		}
	}
	for i, block := range readPEM(text) {
		if block.glued {
			note(i, "does not begin on a line of its own: put a line break before each -----BEGIN")
		}
		switch {
		case block.Block == nil:
			note(i, "is damaged or cut short: put the whole chain there anew")
			continue
		case !block.isCertificate():
			note(i, fmt.Sprintf("is no certificate but of type %q: leave certificates alone there", strings.ToValidUTF8(cluster.ClipTo(block.Type, 64), "?")))
			continue
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			note(i, "is no certificate that can be read ("+strings.ToValidUTF8(cluster.ClipTo(err.Error(), 200), "?")+"): put the whole chain there anew")
			continue
		}
		certificates = append(certificates, certificate)
	}
	return certificates, damage
}

// privateKeyBlock returns the block that crypto/tls takes for the key, nil if there is none.
func privateKeyBlock(text []byte) *pem.Block {
	for _, block := range readPEM(text) {
		if block.Block != nil && strings.HasSuffix(" "+block.Type, " PRIVATE KEY") {
			return block.Block
		}
	}
	return nil
}

// readPrivateKey returns the key of a text. It returns nil without a problem if crypto/tls has a better message.
func readPrivateKey(text []byte) (key crypto.PrivateKey, reason, problem string) {
	block := privateKeyBlock(text)
	switch {
	case block == nil:
		return nil, "", ""
	case block.Type == "ENCRYPTED PRIVATE KEY" || strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED"):
		return nil, "", "tls.key is encrypted, and nobody is there to type the password: put the key there without one, as openssl pkey -in tls.key writes it"
	case len(block.Bytes) > keyLimit:
		return nil, v1alpha1.ReasonKeyNotSupported, "tls.key holds a key of more than 4096 bits, which is the most that is served" + keyAdvice
	}
	if key, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
		return key, "", ""
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, "", ""
	}
	if key, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
		return key, "", ""
	}
	return nil, "", ""
}

// leafFor returns the index of the certificate that a key belongs to, -1 if there is none.
func leafFor(certificates []*x509.Certificate, key crypto.PrivateKey) int {
	signer, ok := key.(crypto.Signer)
	if !ok {
		return -1
	}
	public, ok := signer.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok {
		return -1
	}
	return slices.IndexFunc(certificates, func(c *x509.Certificate) bool { return public.Equal(c.PublicKey) })
}

// inOrder returns certificates in the order of TLS (RFC 5246, section 7.4.2): the server's own, each followed by its
// issuer, and then those that are not part of that.
func inOrder(certificates []*x509.Certificate, leaf int) []*x509.Certificate {
	if len(certificates) < 2 {
		return certificates
	}
	ordered := []*x509.Certificate{certificates[leaf]}
	left := slices.Delete(slices.Clone(certificates), leaf, leaf+1)
	for {
		last := ordered[len(ordered)-1]
		next := slices.IndexFunc(left, func(c *x509.Certificate) bool {
			return bytes.Equal(c.RawSubject, last.RawIssuer) && !bytes.Equal(last.RawSubject, last.RawIssuer) &&
				(len(last.AuthorityKeyId) == 0 || len(c.SubjectKeyId) == 0 || bytes.Equal(last.AuthorityKeyId, c.SubjectKeyId))
		})
		if next < 0 {
			return append(ordered, left...)
		}
		ordered = append(ordered, left[next])
		left = slices.Delete(left, next, next+1)
	}
}

func encodeChain(certificates []*x509.Certificate) []byte {
	var text bytes.Buffer
	for _, c := range certificates {
		_ = pem.Encode(&text, &pem.Block{Type: certificateBlock, Bytes: c.Raw}) // A bytes.Buffer takes everything.
	}
	return text.Bytes()
}

// unservedKey returns why a certificate with this key is not served, empty if it is.
func unservedKey(key crypto.PublicKey) string {
	switch key := key.(type) {
	case *rsa.PublicKey:
		switch bits := key.N.BitLen(); {
		case bits > rsaLongest:
			return fmt.Sprintf("the key is RSA of %d bits, and 4096 are the most that are served, since each handshake costs too much with more%s", bits, keyAdvice)
		case bits < rsaShortest:
			return fmt.Sprintf("the key is RSA of %d bits, and 2048 are the least that clients take%s", bits, keyAdvice)
		}
	case *ecdsa.PublicKey:
		switch key.Curve {
		case elliptic.P256(), elliptic.P384(), elliptic.P521():
		default:
			return "the key is of the curve " + key.Curve.Params().Name + ", which no client of TLS 1.3 takes" + keyAdvice
		}
	}
	return ""
}

// rareKey returns what the author of a served key may not know about it, or nothing.
func rareKey(key crypto.PublicKey) string {
	switch key := key.(type) {
	case *ecdsa.PublicKey:
		if key.Curve == elliptic.P521() {
			return "its key is of the curve P-521, which curl and OpenSSL take, and Chromium does not"
		}
	case ed25519.PublicKey:
		return "its key is Ed25519, which curl and OpenSSL take, and browsers do not"
	}
	return ""
}
