// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/warren-dev/ingress/proxy/lookup"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// certificates finds the certificates for a server name: exact names before wildcards. It is immutable. The
// certificates of the next snapshot share what is the same.
type certificates struct {
	exact lookup.Table[candidates]
	// wildcard is keyed by what follows the star: ".example.com".
	wildcard lookup.Table[candidates]
	// others are for every other name.
	others []*servedCertificate
	// loaded are all of them, in the order of the snapshot.
	loaded []*servedCertificate
}

// candidates are the certificates for a name, in the order of preference.
type candidates struct {
	list []*servedCertificate
	// own is set for an exact name that no certificate is for. The list has those of the wildcard over it that have the
	// owner of its host. It may be empty.
	own bool
}

// servedCertificate is a certificate of the snapshot, parsed.
type servedCertificate struct {
	*parsedCertificate
	id, owner string
	hosts     []string
	isDefault bool
}

// parsedCertificate is what is costly to make of a certificate.
type parsedCertificate struct {
	chain, key          string
	notBefore, notAfter time.Time
	// parsed has no Leaf. That would be two thirds of its memory, and is needed only if a name has several certificates.
	parsed *tls.Certificate
	// withLeaf is the same with its Leaf. It is nil until it is needed.
	withLeaf *tls.Certificate
}

// certificatesEdit makes certificates of those before.
type certificatesEdit struct {
	certificates
	exact, wildcard *lookup.Edit[candidates]
	// hosts are those of the snapshot.
	hosts []snapshot.Host
	// went and came are the certificates that differ. One that has another place in the order of preference is among both.
	// Those that came are in that order.
	went map[*servedCertificate]bool
	came []*servedCertificate
	// places are those of all certificates in the order of preference. They are nil until they are needed.
	places map[*servedCertificate]int
}

// compileCertificates makes the certificates of a snapshot from those of the one before, by what differs.
func (s *Store) compileCertificates(of *snapshot.Snapshot, c *snapshot.Changes, before *certificates) (certificates, error) {
	if c.Certificates == nil && (len(c.Hosts) == 0 || before.wildcard.Len() == 0) {
		return *before, nil
	}
	e := certificatesEdit{certificates: *before, exact: before.exact.Edit(), wildcard: before.wildcard.Edit(), hosts: of.Hosts}
	// below has what follows the star of wildcards whose certificates differ.
	below := make(map[string]bool)
	if c.Certificates != nil {
		if err := e.load(c.Certificates, s); err != nil {
			return certificates{}, err
		}
		for name, came := range e.names() {
			if err := e.list(name, came); err != nil {
				return certificates{}, err
			}
			if suffix, ok := strings.CutPrefix(name, "*"); ok {
				below[suffix] = true
			} else {
				e.keepOwn(name, e.host(name))
			}
		}
	}
	if len(below) > 0 {
		for i := range of.Hosts {
			if h := &of.Hosts[i]; below[suffixOf(h.Name)] {
				e.keepOwn(h.Name, h)
			}
		}
	}
	for i := range c.Hosts {
		if h := c.Hosts[i].After; h != nil {
			e.keepOwn(h.Name, h)
		} else {
			e.keepOwn(c.Hosts[i].Before.Name, nil)
		}
	}
	e.certificates.exact, e.certificates.wildcard = e.exact.Done(), e.wildcard.Done()
	return e.certificates, nil
}

// load parses the certificates that came, and notes which went. What is parsed already is not parsed again: checking
// the key costs more than all the rest.
func (e *certificatesEdit) load(c *snapshot.CertificatesChange, s *Store) error {
	end := c.First + len(c.Before)
	old, rest := e.loaded[c.First:end], e.loaded[end:]
	e.went = make(map[*servedCertificate]bool)
	byID := make(map[string]int)
	for i := range old {
		byID[old[i].id], e.went[old[i]] = i, true
	}
	e.loaded = append(make([]*servedCertificate, 0, c.First+len(c.After)+len(rest)), e.loaded[:c.First]...)
	last := -1 // the last of the old ones that stays
	for i := range c.After {
		of := &c.After[i]
		var known *parsedCertificate
		at, ok := byID[of.ID]
		if ok && at > last && of.Equal(c.Before[at]) {
			delete(e.went, old[at])
			e.loaded, last = append(e.loaded, old[at]), at
			continue
		}
		if ok {
			known = old[at].parsedCertificate
		}
		parsed, err := s.certificate(of, known)
		if err != nil {
			return err
		}
		served := &servedCertificate{parsed, of.ID, of.Owner, of.Hosts, of.Default}
		e.loaded, e.came = append(e.loaded, served), append(e.came, served)
	}
	e.loaded = append(e.loaded, rest...)
	return e.listOthers()
}

// listOthers lists the certificates for every other name anew, if any of those went or came.
func (e *certificatesEdit) listOthers() error {
	others := slices.ContainsFunc(e.came, func(c *servedCertificate) bool { return c.isDefault })
	for c := range e.went {
		others = others || c.isDefault
	}
	if !others {
		return nil
	}
	e.others = nil
	for _, c := range e.loaded {
		if c.isDefault {
			e.others = append(e.others, c)
		}
	}
	return withLeaves(e.others)
}

// names returns the names that certificates are for that went or came, with those that came.
func (e *certificatesEdit) names() map[string][]*servedCertificate {
	names := make(map[string][]*servedCertificate)
	for c := range e.went {
		for _, name := range c.hosts {
			names[name] = nil
		}
	}
	for _, c := range e.came {
		for _, name := range c.hosts {
			names[name] = append(names[name], c)
		}
	}
	return names
}

// list replaces the certificates for a name that went with those that came.
func (e *certificatesEdit) list(name string, came []*servedCertificate) error {
	table := e.exact
	suffix, ok := strings.CutPrefix(name, "*")
	if ok {
		table = e.wildcard
	}
	var list []*servedCertificate
	if before, _ := table.Get(suffix); !before.own {
		for _, c := range before.list {
			if !e.went[c] {
				list = append(list, c)
			}
		}
	}
	kept := len(list)
	list = append(list, came...)
	if len(list) == 0 {
		table.Delete(suffix)
		return nil
	}
	if kept > 0 && len(came) > 0 {
		slices.SortStableFunc(list, func(a, b *servedCertificate) int { return cmp.Compare(e.place(a), e.place(b)) })
	}
	table.Set(suffix, candidates{list: list})
	return withLeaves(list)
}

// place returns the place of a certificate in the order of preference.
func (e *certificatesEdit) place(c *servedCertificate) int {
	if e.places == nil {
		e.places = make(map[*servedCertificate]int, len(e.loaded))
		for i, c := range e.loaded {
			e.places[c] = i
		}
	}
	return e.places[c]
}

// host returns the host of a name, or nil.
func (e *certificatesEdit) host(name string) *snapshot.Host {
	i, ok := slices.BinarySearchFunc(e.hosts, name, func(h snapshot.Host, name string) int { return strings.Compare(h.Name, name) })
	if !ok {
		return nil
	}
	return &e.hosts[i]
}

// keepOwn keeps a host below a wildcard from being served with another owner's certificate. If the wildcard has any of
// those, it gives the host a list of its owner's own ones. h is nil for a name that is no host's.
func (e *certificatesEdit) keepOwn(name string, h *snapshot.Host) {
	listed, ok := e.exact.Get(name)
	if ok && !listed.own {
		return
	}
	foreign := func(c *servedCertificate) bool { return c.owner != h.Owner }
	over, _ := e.wildcard.Get(suffixOf(name))
	if h == nil || !h.Exact() || !slices.ContainsFunc(over.list, foreign) {
		e.exact.Delete(name)
		return
	}
	own := slices.DeleteFunc(slices.Clone(over.list), foreign)
	e.exact.Set(name, candidates{own, true})
}

// suffixOf returns a name from its first dot on, without its first label. It is empty if there is none.
func suffixOf(name string) string {
	if dot := strings.IndexByte(name, '.'); dot > 0 {
		return name[dot:]
	}
	return ""
}

// certificate parses a certificate. If what is known of it was parsed from the same, it returns that.
func (s *Store) certificate(c *snapshot.Certificate, known *parsedCertificate) (*parsedCertificate, error) {
	if known != nil && known.chain == c.Chain && known.key == c.Key {
		return known, nil
	}
	parsed, err := tls.X509KeyPair([]byte(c.Chain), []byte(c.Key))
	if err != nil {
		return nil, fmt.Errorf("certificate %q: %w", c.ID, err)
	}
	made := &parsedCertificate{chain: c.Chain, key: c.Key, parsed: &parsed, notBefore: parsed.Leaf.NotBefore, notAfter: parsed.Leaf.NotAfter}
	parsed.Leaf, parsed.PrivateKey = nil, s.signing.bounded(parsed.PrivateKey)
	return made, nil
}

// withLeaves parses the Leaf of each certificate if there are several. That makes it cheap to ask whether a client can
// use it. No handshake looks at the Leaf of one that has none yet.
func withLeaves(list []*servedCertificate) error {
	if len(list) < 2 {
		return nil
	}
	for _, c := range list {
		if c.withLeaf != nil {
			continue
		}
		x, err := x509.ParseCertificate(c.parsed.Certificate[0])
		if err != nil {
			return fmt.Errorf("certificate %q: %w", c.id, err)
		}
		with := *c.parsed
		with.Leaf = x
		c.withLeaf = &with
	}
	return nil
}

// find returns the certificate for a handshake, or nil. See [Set.Certificate].
func (c *certificates) find(hello *tls.ClientHelloInfo) *servedCertificate {
	list := c.named(spelled(hello.ServerName))
	if len(list) == 0 {
		list = c.others
	}
	return usable(list, hello)
}

// usable returns the first certificate that a client can use, the first of all if it can use none, and nil if there is
// none.
func usable(list []*servedCertificate, hello *tls.ClientHelloInfo) *servedCertificate {
	for _, c := range list {
		if len(list) == 1 || hello.SupportsCertificate(c.withLeaf) == nil {
			return c
		}
	}
	if len(list) > 0 {
		return list[0]
	}
	return nil
}

// forHandshakes returns the certificate as crypto/tls takes it. It is nil for nil.
func (c *servedCertificate) forHandshakes() *tls.Certificate {
	if c == nil {
		return nil
	}
	return c.parsed
}

// named returns the certificates for a name in lower case. It leaves out those for every other name.
func (c *certificates) named(name string) []*servedCertificate {
	if found, ok := c.exact.Get(name); ok {
		return found.list
	}
	if suffix := suffixOf(name); suffix != "" {
		found, _ := c.wildcard.Get(suffix)
		return found.list
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
