// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

// certificates finds the certificates for a server name: exact names before wildcards. It is immutable.
type certificates struct {
	// exact has an empty list for a name if the wildcard over it has certificates, but only other owners'.
	exact map[string][]*tls.Certificate
	// wildcard is keyed by what follows the star: ".example.com".
	wildcard map[string][]*tls.Certificate
	// others are for every other name.
	others []*tls.Certificate
	// loaded are all of them, in the order of the snapshot.
	loaded []*loadedCertificate
}

// loadedCertificate is a parsed certificate with its source.
type loadedCertificate struct {
	source              snapshot.Certificate
	notBefore, notAfter time.Time
	// parsed has no Leaf. That would be two thirds of its memory, and is needed only if a name has several certificates.
	parsed *tls.Certificate
	// withLeaf is the same with its Leaf. It is nil until it is needed.
	withLeaf *tls.Certificate
}

func (s *Store) compileCertificates(list []snapshot.Certificate, hosts []snapshot.Host) (certificates, error) {
	c := certificates{exact: make(map[string][]*tls.Certificate, len(list)), wildcard: make(map[string][]*tls.Certificate)}
	owners := make(map[string][]string) // owners of the certificates in wildcard
	names := make(map[string]int, len(list))
	for i := range list {
		for _, host := range list[i].Hosts {
			names[host]++
		}
	}
	for i := range list {
		contested := slices.ContainsFunc(list[i].Hosts, func(host string) bool { return names[host] > 1 })
		parsed, err := s.certificate(&list[i], contested)
		if err != nil {
			return c, err
		}
		c.loaded = append(c.loaded, s.parsed[list[i].ID])
		if list[i].Default {
			c.others = append(c.others, parsed)
		}
		for _, host := range list[i].Hosts {
			if suffix, ok := strings.CutPrefix(host, "*"); ok {
				c.wildcard[suffix], owners[suffix] = append(c.wildcard[suffix], parsed), append(owners[suffix], list[i].Owner)
			} else {
				c.exact[host] = append(c.exact[host], parsed)
			}
		}
	}
	if len(owners) > 0 {
		for i := range hosts {
			c.keepOwn(&hosts[i], owners)
		}
	}
	return c, nil
}

// keepOwn keeps a host below a wildcard from being served with another owner's certificate. If the wildcard has any of
// those, it gives the host a list of its owner's own ones.
func (c *certificates) keepOwn(h *snapshot.Host, owners map[string][]string) {
	dot := strings.IndexByte(h.Name, '.')
	if dot <= 0 || !h.Exact() || len(c.exact[h.Name]) > 0 {
		return
	}
	suffix := h.Name[dot:]
	foreign := func(owner string) bool { return owner != h.Owner }
	if !slices.ContainsFunc(owners[suffix], foreign) {
		return
	}
	own := []*tls.Certificate{}
	for i, candidate := range c.wildcard[suffix] {
		if !foreign(owners[suffix][i]) {
			own = append(own, candidate)
		}
	}
	c.exact[h.Name] = own
}

// certificate parses a certificate, or returns what it parsed for an earlier snapshot: checking the key costs more than
// all the rest of compiling. With leaf it includes the Leaf, which makes it cheap to ask whether a client can use it.
func (s *Store) certificate(c *snapshot.Certificate, leaf bool) (*tls.Certificate, error) {
	loaded := s.parsed[c.ID]
	if loaded == nil || loaded.source.Chain != c.Chain || loaded.source.Key != c.Key {
		parsed, err := tls.X509KeyPair([]byte(c.Chain), []byte(c.Key))
		if err != nil {
			return nil, fmt.Errorf("certificate %q: %w", c.ID, err)
		}
		loaded = &loadedCertificate{source: *c, parsed: &parsed, notBefore: parsed.Leaf.NotBefore, notAfter: parsed.Leaf.NotAfter}
		parsed.Leaf, parsed.PrivateKey = nil, s.signing.bounded(parsed.PrivateKey)
		s.parsed[c.ID] = loaded
	}
	if !leaf {
		return loaded.parsed, nil
	}
	if loaded.withLeaf == nil {
		x, err := x509.ParseCertificate(loaded.parsed.Certificate[0])
		if err != nil {
			return nil, fmt.Errorf("certificate %q: %w", c.ID, err)
		}
		with := *loaded.parsed
		with.Leaf = x
		loaded.withLeaf = &with
	}
	return loaded.withLeaf, nil
}

// find returns the certificate for a handshake. See [Set.Certificate].
func (c *certificates) find(hello *tls.ClientHelloInfo) *tls.Certificate {
	candidates := c.named(spelled(hello.ServerName))
	if len(candidates) == 0 {
		candidates = c.others
	}
	return usable(candidates, hello)
}

// usable returns the first certificate that a client can use, the first of all if it can use none, and nil if there is
// none.
func usable(candidates []*tls.Certificate, hello *tls.ClientHelloInfo) *tls.Certificate {
	for _, candidate := range candidates {
		if len(candidates) == 1 || hello.SupportsCertificate(candidate) == nil {
			return candidate
		}
	}
	if len(candidates) > 0 {
		return candidates[0]
	}
	return nil
}

// named returns the certificates for a name in lower case. It leaves out those for every other name.
func (c *certificates) named(name string) []*tls.Certificate {
	if candidates, ok := c.exact[name]; ok {
		return candidates
	}
	if dot := strings.IndexByte(name, '.'); dot > 0 {
		return c.wildcard[name[dot:]]
	}
	return nil
}

// serve says whether there is any certificate for a name in lower case.
func (c *certificates) serve(name string) bool { return len(c.named(name)) > 0 || len(c.others) > 0 }

// commonHello returns a handshake of what today's clients can do. It decides which of several certificates counts as
// the one that a name is served with.
func commonHello(host string) *tls.ClientHelloInfo {
	return &tls.ClientHelloInfo{
		ServerName:        host,
		SupportedVersions: []uint16{tls.VersionTLS13, tls.VersionTLS12},
		CipherSuites:      []uint16{tls.TLS_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256},
		SignatureSchemes: []tls.SignatureScheme{
			tls.ECDSAWithP256AndSHA256, tls.ECDSAWithP384AndSHA384, tls.Ed25519, tls.PSSWithSHA256, tls.PSSWithSHA384, tls.PKCS1WithSHA256,
		},
		SupportedCurves: []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384},
		SupportedPoints: []uint8{0},
	}
}
