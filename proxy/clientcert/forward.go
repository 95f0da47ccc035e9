// SPDX-License-Identifier: Apache-2.0

package clientcert

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"strings"
	"sync"

	"github.com/warren-dev/ingress/proxy/message"
)

// Form is how a backend is told of a client's certificate.
type Form uint8

const (
	// Untold is no word of it.
	Untold Form = iota
	// RFC9440 is the fields Client-Cert and Client-Cert-Chain (RFC 9440).
	RFC9440
	// Nginx is the fields of ingress-nginx without the certificate: ssl-client-verify, ssl-client-subject-dn and
	// ssl-client-issuer-dn. They also say of a client that showed none, or one of an unknown authority, that it did so.
	Nginx
	// NginxCertificate is Nginx with ssl-client-cert, the certificate as URL-encoded PEM.
	NginxCertificate
	// Envoy is the field X-Forwarded-Client-Cert, as Envoy writes it.
	Envoy
	forms
)

func (f Form) String() string {
	return [forms]string{"", "RFC9440", "Nginx", "Nginx with ssl-client-cert", "Envoy"}[f]
}

// forwarding has the fields that tell of a certificate in each form, once they are needed.
type forwarding [forms]struct {
	once   sync.Once
	fields []message.Field
}

// Append appends the fields that tell a backend of what the client showed.
func (v *Verdict) Append(fields []message.Field, form Form) []message.Field {
	if form == Untold {
		return fields
	}
	of := &v.forwarding[form]
	of.once.Do(func() { of.fields = v.told(form) })
	return append(fields, of.fields...)
}

func (v *Verdict) told(form Form) []message.Field {
	switch form {
	case Nginx, NginxCertificate:
		return v.nginx(form == NginxCertificate)
	case RFC9440:
		if v.Fault == Sound {
			return v.rfc9440()
		}
	case Envoy:
		if v.Fault == Sound {
			return []message.Field{field("X-Forwarded-Client-Cert", envoyElement(v.chain[0]))}
		}
	}
	return nil
}

func field(name, value string) message.Field {
	return message.Field{Name: []byte(name), Value: []byte(value)}
}

// rfc9440 returns the fields of RFC 9440. The chain has what is between the client's certificate and the authority's,
// which the backend knows if it has to.
func (v *Verdict) rfc9440() []message.Field {
	list := []message.Field{field("Client-Cert", byteSequence(v.chain[0]))}
	if len(v.chain) > 2 {
		var between []string
		for _, c := range v.chain[1 : len(v.chain)-1] {
			between = append(between, byteSequence(c))
		}
		list = append(list, field("Client-Cert-Chain", strings.Join(between, ", ")))
	}
	return list
}

// byteSequence returns a certificate as a structured field has it (RFC 8941, section 3.3.5).
func byteSequence(c *x509.Certificate) string {
	return ":" + base64.StdEncoding.EncodeToString(c.Raw) + ":"
}

// nginx returns the fields of ingress-nginx. The reason of a failure is in OpenSSL's words, which backends may know.
func (v *Verdict) nginx(whole bool) []message.Field {
	verified := "NONE"
	switch {
	case v.Fault == Sound:
		verified = "SUCCESS"
	case len(v.chain) > 0 && bytes.Equal(v.chain[0].RawIssuer, v.chain[0].RawSubject):
		verified = "FAILED:self-signed certificate"
	case len(v.chain) > 0:
		verified = "FAILED:unable to verify the first certificate"
	}
	list := []message.Field{field("ssl-client-verify", verified)}
	if len(v.chain) == 0 {
		return list
	}
	leaf := v.chain[0]
	list = append(list, field("ssl-client-subject-dn", Subject(leaf.RawSubject)), field("ssl-client-issuer-dn", Subject(leaf.RawIssuer)))
	if whole {
		list = append(list, field("ssl-client-cert", escapedPEM(leaf)))
	}
	return list
}

// escapedPEM returns a certificate as PEM in which all but unreserved characters are percent-encoded.
func escapedPEM(c *x509.Certificate) string {
	var b strings.Builder
	for _, of := range pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}) {
		switch {
		case of >= 'a' && of <= 'z', of >= 'A' && of <= 'Z', of >= '0' && of <= '9', strings.IndexByte("-._~", of) >= 0:
			b.WriteByte(of)
		default:
			const digits = "0123456789ABCDEF"
			b.Write([]byte{'%', digits[of>>4], digits[of&15]})
		}
	}
	return b.String()
}

// envoyElement returns the element of X-Forwarded-Client-Cert that tells of a certificate. No value has a quote, or a
// backslash before what ends it: readers differ in what they make of those.
func envoyElement(c *x509.Certificate) string {
	digest := sha256.Sum256(c.Raw)
	var b strings.Builder
	subject := strings.NewReplacer(`\\`, `\5C`, `\"`, `\22`).Replace(Subject(c.RawSubject))
	b.WriteString("Hash=" + hex.EncodeToString(digest[:]) + `;Cert="` + escapedPEM(c) + `";Subject="` + subject + `"`)
	for _, uri := range c.URIs {
		writeName(&b, ";URI=", uri.String())
	}
	for _, name := range c.DNSNames {
		writeName(&b, ";DNS=", name)
	}
	return b.String()
}

// writeName writes a name of a certificate, unless it has signs that no such name has: they could end the field.
func writeName(b *strings.Builder, key, value string) {
	if strings.ContainsFunc(value, func(c rune) bool { return c <= ' ' || c >= 0x7f || c == '"' || c == '\\' }) {
		return
	}
	if strings.ContainsAny(value, ",;=") {
		value = `"` + value + `"`
	}
	b.WriteString(key + value)
}
