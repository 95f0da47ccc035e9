// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/warren-dev/ingress/proxy/auth"
	"github.com/warren-dev/ingress/proxy/clientcert"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// serving is serves, to be done before an attack.
func (s *siege) serving(hosts ...snapshot.Host) func() { return func() { s.serves(hosts) } }

// withChain returns a client's certificate with others behind it.
func withChain(c tls.Certificate, chain ...[]byte) tls.Certificate {
	c.Certificate = append(slices.Clone(c.Certificate), chain...)
	return c
}

// Only who has the key of a certificate of the host's authority gets in, if it is for clients and holds now.
func TestAttacksByCertificates(t *testing.T) {
	t.Parallel()
	trusted, sibling := newAuthority(t, "trusted"), newAuthority(t, "trusted")
	middle, middleDER := trusted.below(t, "middle")
	deep, deepDER := middle.below(t, "deep")
	narrow, narrowDER := trusted.below(t, "narrow", func(c *x509.Certificate) {
		c.PermittedDNSDomainsCritical, c.PermittedDNSDomains = true, []string{"inside.example.com"}
	})
	own := newAuthority(t, "backend")
	ownDER, _ := pem.Decode([]byte(own.pem))
	signed := func(by *testAuthority, changes ...func(*x509.Certificate)) tls.Certificate {
		return by.sign(t, nil, append([]func(*x509.Certificate){clientOnly}, changes...)...)
	}
	until := func(at time.Time) func(*x509.Certificate) { return func(c *x509.Certificate) { c.NotAfter = at } }
	numbered := func(serial int64) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.SerialNumber = big.NewInt(serial) }
	}
	called := func(name string) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.Subject = pkix.Name{CommonName: name} }
	}
	but := func(change func(*auth.ClientCertificate)) auth.ClientCertificate {
		by := requiring(trusted)
		change(&by)
		return by
	}
	leaf := signed(trusted)
	strict := requiring(trusted)
	optional := but(func(c *auth.ClientCertificate) { c.Optional = true })
	listed := but(func(c *auth.ClientCertificate) {
		c.Terms.Revocations = trusted.revoke(t, time.Now().Add(time.Hour), 66, 67)
	})
	late := but(func(c *auth.ClientCertificate) { c.Terms.Revocations = trusted.revoke(t, time.Now().Add(-time.Minute)) })
	only := but(func(c *auth.ClientCertificate) { c.Terms.Subjects, c.Status = []string{"CN=somebody"}, 400 })
	unverified := but(func(c *auth.ClientCertificate) { c.Optional, c.Unverified, c.Forward = true, true, clientcert.Nginx })
	missing := auth.ClientCertificate{Missing: "Secret blue/clients-ca does not exist"}
	closed, unavailable := refused(403, "CertificateRequired"), refused(503, "AuthUnavailable")
	besiege(t, func(s *siege) (all []attack) {
		for _, a := range []struct {
			name string
			by   auth.ClientCertificate
			over *tls.Config
			want outcome
		}{
			{"none: a sound certificate", strict, shows("a", signed(trusted)), harmless("Client-Cert:", "Ssl-Client-Verify:")},
			{"no certificate", strict, shows("a"), closed.saying("the client showed no certificate")},
			{"a certificate of a sibling of the authority, of the same name", strict, shows("a", signed(sibling)), closed.saying("the certificate is of no authority that is known here")},
			{"a certificate that its own key has signed", strict, shows("a", tls.Certificate{Certificate: [][]byte{ownDER.Bytes}, PrivateKey: own.key}), closed.saying("the certificate is its own authority, which is not known here")},
			{"a certificate that has expired", strict, shows("a", signed(trusted, until(time.Now().Add(-time.Minute)))), closed.saying("the certificate has expired")},
			{"a certificate for later", strict, shows("a", signed(trusted, func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Minute) })), closed.saying("the certificate is not valid yet")},
			{"a certificate for servers", strict, shows("a", trusted.sign(t, nil)), closed.saying("the certificate is not for clients: its extended key usage lacks clientAuth")},
			{"none: a certificate with one in between", strict, shows("a", withChain(signed(middle), middleDER)), harmless()},
			{"a certificate without the one in between", strict, shows("a", signed(middle)), closed.saying("the certificate is of no authority that is known here")},
			{"a certificate with too many in between", strict, shows("a", withChain(signed(deep), deepDER, middleDER)), closed.saying("too many certificates stand between the client's and its authority's")},
			{"a certificate whose authority may not issue it", strict,
				shows("a", withChain(signed(narrow, func(c *x509.Certificate) { c.DNSNames = []string{"outside.example.com"} }), narrowDER)), closed.saying("the certificate's authority may not issue it for its names")},
			{"a certificate that another one has signed that is no authority", strict,
				shows("a", withChain(signed(&testAuthority{certificate: leafOf(t, leaf), key: leaf.PrivateKey.(crypto.Signer)}), leaf.Certificate[0])), closed},
			{"none: no certificate where it may be", optional, shows("a"), harmless()},
			{"a sibling's certificate where there may be none", optional, shows("a", signed(sibling)), closed.saying("the certificate is of no authority that is known here")},
			{"an expired certificate where there may be none", optional, shows("a", signed(trusted, until(time.Now().Add(-time.Minute)))), closed.saying("the certificate has expired")},
			{"none: a certificate that is not in the list of revocations", listed, shows("a", signed(trusted)), harmless()},
			{"a revoked certificate", listed, shows("a", signed(trusted, numbered(66))), closed.saying("the certificate is revoked")},
			{"a certificate below one that may be revoked", listed, shows("a", withChain(signed(middle), middleDER)), unavailable.saying("there is no list of revocations of the certificate's issuer")},
			{"a certificate while the list of revocations is old", late, shows("a", signed(trusted)), unavailable.saying("the list of revocations has expired")},
			{"a certificate for another subject", only, shows("a", signed(trusted)), closed.saying("the certificate is for a subject that may not come")},
			{"no certificate where the rule has another status", only, shows("a"), refused(400, "CertificateRequired")},
			{"none: a certificate for the subject", only, shows("a", signed(trusted, called("somebody"))), harmless()},
			{"none: a sibling's certificate where it may be anybody's", unverified, shows("a", signed(sibling, called("forget"))),
				harmless("Ssl-Client-Verify: FAILED:unable to verify the first certificate", "Ssl-Client-Subject-Dn: CN=forget")},
			{"an expired certificate where it may be anybody's", unverified, shows("a", signed(trusted, until(time.Now().Add(-time.Minute)))), closed.saying("the certificate has expired")},
			{"a certificate while the Secret of the authority is gone", missing, shows("a", signed(trusted)), unavailable.saying("nobody can say now who may come in")},
			{"a certificate without TLS", strict, nil, closed},
			{"a certificate in a field, of which a proxy has taken TLS off", strict, nil, closed},
		} {
			all = append(all, attack{name: a.name, before: s.serving(asking("a", a.by)), over: a.over, want: a.want, asked: asked{fields: []string{
				"X-Forwarded-Proto: https", "Client-Cert: :Zm9yZ2Vk:", "Ssl-Client-Verify: forged", "X-Forwarded-Client-Cert: Hash=forged",
			}}})
		}
		return all
	})
}

// leafOf returns the certificate that a client shows.
func leafOf(t *testing.T, c tls.Certificate) *x509.Certificate {
	t.Helper()
	parsed, err := x509.ParseCertificate(c.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// A connection is of use for hosts with the terms that it was made under, and under those that hold now.
func TestAttacksByConnectionsForOtherHosts(t *testing.T) {
	t.Parallel()
	one, other := newAuthority(t, "one"), newAuthority(t, "other")
	certificate := one.sign(t, nil, clientOnly, func(c *x509.Certificate) { c.SerialNumber = big.NewInt(66) })
	misdirected := refused(421, "MisdirectedRequest")
	besiege(t, func(s *siege) (all []attack) {
		free := func(name string) snapshot.Host { return hostOf(name, prefix("/", "pool")) }
		hosts := []snapshot.Host{asking("a", requiring(one)), asking("same", requiring(one)), asking("b", requiring(other)), asking("*.w", requiring(one)),
			hostOf("free.w", prefix("/own", "pool")), free("free")}
		for _, a := range []struct {
			name, server, first, host string
			want                      outcome
		}{
			{"none: its own host", "a", "a", "a", harmless()},
			{"none: a host with the same terms", "a", "a", "same", harmless()},
			{"none: a host of a wildcard with the same terms", "a", "a", "x.w", harmless()},
			{"none: its own host, in other letters and with a dot", "A.", "a", "a", harmless()},
			{"none: a host that asks for nothing, over its own", "free", "free", "free", harmless()},
			{"a host with another authority", "a", "a", "b", misdirected},
			{"a host that asks for nothing, over one that asks", "a", "a", "free", misdirected},
			{"a host that asks, over one that does not", "free", "free", "a", misdirected},
			{"a host that asks, over one below no wildcard", "y.x.w", "", "x.w", misdirected},
			{"a host that asks, without a name", "127.0.0.1", "", "a", misdirected},
			{"a host that asks for nothing, whose path goes on to a wildcard that asks", "free.w", "", "free.w", refused(403, "CertificateRequired")},
		} {
			made := attack{name: "over a connection " + a.name, before: s.serving(hosts...), over: shows(a.server, certificate), asked: asked{host: a.host}, want: a.want}
			if a.first != "" {
				made.first = &asked{host: a.first}
			}
			all = append(all, made)
		}
		first := &asked{host: "a"}
		by := func(change func(*clientcert.Terms)) snapshot.Host {
			c := requiring(one)
			change(c.Terms)
			return asking("a", c)
		}
		revoked := by(func(c *clientcert.Terms) { c.Revocations = one.revoke(t, time.Now().Add(time.Hour), 66) })
		return append(all,
			attack{name: "over a connection that was made before the host asked", before: s.serving(free("a")), over: shows("a", certificate), first: first,
				meanwhile: s.serving(asking("a", requiring(one))), asked: *first, want: misdirected},
			attack{name: "over a connection whose certificate was revoked since", before: s.serving(asking("a", requiring(one))), over: shows("a", certificate), first: first,
				meanwhile: s.serving(revoked), asked: *first, want: refused(403, "CertificateRequired")},
			attack{name: "over a connection of a former authority", before: s.serving(asking("a", requiring(one))), over: shows("a", certificate), first: first,
				meanwhile: s.serving(asking("a", requiring(other))), asked: *first, want: refused(403, "CertificateRequired")},
			attack{name: "over a connection of an authority whose Secret is gone", before: s.serving(asking("a", requiring(one))), over: shows("a", certificate), first: first,
				meanwhile: s.serving(asking("a", auth.ClientCertificate{Missing: "gone"})), asked: *first, want: refused(503, "AuthUnavailable")},
		)
	})
}
