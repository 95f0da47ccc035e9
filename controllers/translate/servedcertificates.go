// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

// servedCertificates are the certificates that islands have served for their hosts.
type servedCertificates struct {
	// hosts has for each Secret how many islands have it served for each host.
	hosts map[types.NamespacedName]map[string]int
	// made are the certificates of the latest snapshot.
	made map[types.NamespacedName]snapshot.Certificate
	// changed is set if a Secret is another one now, or the order of the certificates may be.
	changed bool
}

func newServedCertificates() servedCertificates {
	return servedCertificates{hosts: make(map[types.NamespacedName]map[string]int), made: make(map[types.NamespacedName]snapshot.Certificate)}
}

// count adds to how many islands have a certificate served for hosts. It notes the Secret as touched.
func (c *servedCertificates) count(s servedFor, by int, touched map[types.NamespacedName]bool) {
	name := types.NamespacedName{Namespace: s.secret.Namespace, Name: s.secret.Name}
	touched[name] = true
	if c.hosts[name] == nil {
		c.hosts[name] = make(map[string]int)
	}
	for _, host := range s.hosts {
		if c.hosts[name][host] += by; c.hosts[name][host] == 0 {
			delete(c.hosts[name], host)
		}
	}
}

// mergeCertificates returns the certificates that are served, in the order of preference.
func (b *Builder) mergeCertificates(before []snapshot.Certificate, was *Input, fresh []*island) []snapshot.Certificate {
	c := &b.certificates
	touched := make(map[types.NamespacedName]bool)
	for _, i := range fresh {
		for _, s := range i.served {
			c.count(s, 1, touched)
		}
	}
	for _, i := range b.taken {
		for _, s := range i.served {
			c.count(s, -1, touched)
		}
	}
	with := &certificates{hosts: &hosts{shared: b.in.Options.AllowSharedHosts}, options: b.in.Options, now: b.in.Now, secrets: b.secrets}
	changed := c.changed || !slices.Equal(was.Listeners, b.in.Listeners)
	for name := range touched {
		hosts := slices.Sorted(maps.Keys(c.hosts[name]))
		if len(hosts) == 0 {
			delete(c.hosts, name)
			changed = true
			continue
		}
		if made, ok := c.made[name]; ok && slices.Equal(made.Hosts, hosts) {
			continue
		}
		c.made[name], changed = snapshot.Certificate{Hosts: hosts}, true
	}
	if !changed {
		return before
	}
	c.changed = false
	served := make(map[*Secret][]string, len(c.hosts))
	for name := range c.hosts {
		served[b.secrets[name]] = c.made[name].Hosts
	}
	with.served = served
	with.serveNameless(b.in.Listeners)
	list := with.list()
	made := make(map[types.NamespacedName]snapshot.Certificate, len(list))
	for secret, hosts := range served {
		made[types.NamespacedName{Namespace: secret.Namespace, Name: secret.Name}] = snapshot.Certificate{Hosts: hosts}
	}
	c.made = made
	return shared(before, list, snapshot.Certificate.Equal)
}
