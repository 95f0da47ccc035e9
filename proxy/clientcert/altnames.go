// SPDX-License-Identifier: Apache-2.0

package clientcert

import (
	"crypto/x509"
	"net/netip"
	"slices"
	"strings"
)

// hasAltName returns whether a certificate has one of some subject alternative names. A wildcard in a certificate
// stands for itself alone: the name of a client is no set of names.
func hasAltName(c *x509.Certificate, wanted []string) bool {
	for _, name := range wanted {
		dns := func(of string) bool { return coversName(name, of) }
		mail := func(of string) bool { return of == name }
		if slices.ContainsFunc(c.DNSNames, dns) || slices.ContainsFunc(c.EmailAddresses, mail) {
			return true
		}
		for _, uri := range c.URIs {
			if uri.String() == name {
				return true
			}
		}
		if address, err := netip.ParseAddr(name); err == nil {
			for _, ip := range c.IPAddresses {
				if of, ok := netip.AddrFromSlice(ip); ok && of.Unmap() == address.Unmap() {
					return true
				}
			}
		}
	}
	return false
}

// coversName returns whether a DNS name, which may begin with "*." for one label, covers another.
func coversName(pattern, name string) bool {
	if strings.EqualFold(pattern, name) {
		return true
	}
	suffix, wildcard := strings.CutPrefix(pattern, "*")
	dot := strings.IndexByte(name, '.')
	return wildcard && dot > 0 && name[:dot] != "*" && strings.EqualFold(suffix, name[dot:])
}
