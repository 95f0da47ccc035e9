// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/controllers/rules"
)

// Reserved are addresses that no Task may be at. Other addresses are reserved without being listed here: see networks.
type Reserved struct {
	// Controller are those of the replicas of controllers. What listens there besides the data plane is for operators.
	Controller []netip.Addr
	// APIServer are those that the controller has reached the API server at. Build adds those of its Service.
	APIServer []netip.Addr
}

// metadataServices are where clouds tell a machine who it is, with its credentials, besides link-local addresses.
var metadataServices = []netip.Prefix{
	netip.MustParsePrefix("169.254.169.254/32"),     // nearly all of them; here because --allow-local-tasks allows link-local
	netip.MustParsePrefix("169.254.170.0/24"),       // credentials of AWS's containers
	netip.MustParsePrefix("fd00:ec2::/32"),          // AWS, with its other services for a machine
	netip.MustParsePrefix("fd20:ce::254/128"),       // Google
	netip.MustParsePrefix("168.63.129.16/32"),       // Azure
	netip.MustParsePrefix("100.100.100.200/32"),     // Alibaba
	netip.MustParsePrefix("192.0.0.192/32"),         // Oracle, classic
	netip.MustParsePrefix("fd00:c1::a9fe:a9fe/128"), // Oracle
	netip.MustParsePrefix("fd00:42::42/128"),        // Scaleway
	netip.MustParsePrefix("fd00:a9fe:a9fe::1/128"),  // Akamai
}

// networks decides which addresses Tasks may be at. A Task is reached from where the controller is, past whatever keeps
// its namespace from doing so by itself. That is why Kubernetes has taken the same right from its role edit
// (CVE-2021-25740).
type networks struct {
	// allowed are the networks that Tasks may be in. Empty stands for all.
	allowed []netip.Prefix
	// local lets Tasks be at addresses of the controller's own machine.
	local                 bool
	controller, apiServer map[netip.Addr]bool
}

func newNetworks(in *Input) *networks {
	n := &networks{allowed: in.Options.TaskNetworks, local: in.Options.AllowLocalTasks,
		controller: make(map[netip.Addr]bool), apiServer: make(map[netip.Addr]bool)}
	for _, address := range in.Reserved.Controller {
		n.controller[address.Unmap()] = true
	}
	for _, address := range in.Own {
		n.controller[address.Addr().Unmap()] = true
	}
	for _, address := range in.Reserved.APIServer {
		n.apiServer[address.Unmap()] = true
	}
	n.reserveAPIServer(in)
	return n
}

// apiServerService is the Service that Kubernetes keeps for the API server.
var apiServerService = types.NamespacedName{Namespace: corev1.NamespaceDefault, Name: "kubernetes"}

// reserveAPIServer takes the addresses of the API server from its Service and that Service's endpoints.
func (n *networks) reserveAPIServer(in *Input) {
	reserve := func(texts []string) {
		for _, text := range texts {
			if address, err := netip.ParseAddr(text); err == nil {
				n.apiServer[address.Unmap()] = true
			}
		}
	}
	for _, s := range in.Services {
		if s.Namespace == apiServerService.Namespace && s.Name == apiServerService.Name {
			reserve(s.Spec.ClusterIPs)
		}
	}
	for _, slice := range in.EndpointSlices {
		if slice.Namespace != apiServerService.Namespace || slice.Labels[discoveryv1.LabelServiceName] != apiServerService.Name {
			continue
		}
		for i := range slice.Endpoints {
			reserve(slice.Endpoints[i].Addresses)
		}
	}
}

// fault returns why no Task may be at an address, or nothing. The address is no mapped one.
func (n *networks) fault(address netip.Addr) string {
	const instead = ": write the address of an instance of yours"
	for _, meant := range meanings(address) {
		subject := "address " + address.String()
		if meant != address {
			subject += " stands for " + meant.String() + ", which"
		}
		switch {
		case slices.ContainsFunc(metadataServices, func(p netip.Prefix) bool { return p.Contains(meant) }):
			return subject + " is a metadata service's, which no Task may be at" + instead
		case meant.IsUnspecified() || meant.IsMulticast() || thisNetwork.Contains(meant) || meant == broadcast:
			return subject + " cannot be connected to: write the instance's IPv4 or IPv6 address, such as 192.168.1.10"
		case meant.IsLoopback() || meant.IsLinkLocalUnicast() || n.controller[meant]:
			if !n.local {
				return subject + " is of the machine that the controller runs on, not of an instance of yours: " +
					"write an address that others reach it at, or have the controller run with --allow-local-tasks"
			}
		case n.apiServer[meant]:
			return subject + " is the API server's, which no Task may be at" + instead
		}
	}
	if len(n.allowed) > 0 && !slices.ContainsFunc(n.allowed, func(p netip.Prefix) bool { return p.Contains(address) }) {
		texts := make([]string, len(n.allowed))
		for i, p := range n.allowed {
			texts[i] = p.String()
		}
		return "address " + address.String() + " is in no network that Tasks may be in (" + strings.Join(rules.Bounded(texts), ", ") +
			"): have the instance in one of them, or ask the controller's operator to add one to --task-networks"
	}
	return ""
}

var (
	// thisNetwork is what RFC 6890 calls "this host on this network". Linux connects to 0.0.0.0 at loopback.
	thisNetwork = netip.MustParsePrefix("0.0.0.0/8")
	broadcast   = netip.AddrFrom4([4]byte{255, 255, 255, 255})

	nat64      = netip.MustParsePrefix("64:ff9b::/96")    // RFC 6052, section 2.1
	nat64Local = netip.MustParsePrefix("64:ff9b:1::/48")  // RFC 8215
	sixToFour  = netip.MustParsePrefix("2002::/16")       // RFC 3056
	teredo     = netip.MustParsePrefix("2001::/32")       // RFC 4380, section 4
	compatible = netip.MustParsePrefix("::/96")           // RFC 4291, section 2.5.5.1
	translated = netip.MustParsePrefix("::ffff:0:0:0/96") // RFC 2765, section 2.1
)

// meanings returns an address, and the IPv4 addresses that a packet to it may be sent on to.
func meanings(address netip.Addr) []netip.Addr {
	all := []netip.Addr{address}
	if !address.Is6() {
		return all
	}
	b := address.As16()
	embedded := func(at ...int) {
		all = append(all, netip.AddrFrom4([4]byte{b[at[0]], b[at[1]], b[at[2]], b[at[3]]}))
	}
	perhaps := func(at ...int) {
		if embedded(at...); thisNetwork.Contains(all[len(all)-1]) {
			all = all[:len(all)-1] // It is in another place.
		}
	}
	switch {
	case address.IsUnspecified() || address.IsLoopback(): // They are in the range of compatible ones.
	case nat64.Contains(address), compatible.Contains(address), translated.Contains(address):
		embedded(12, 13, 14, 15)
	case nat64Local.Contains(address):
		// Where the IPv4 address is hangs on the length of the prefix that the operator has chosen (RFC 6052, section 2.2).
		perhaps(6, 7, 9, 10)
		perhaps(7, 9, 10, 11)
		perhaps(9, 10, 11, 12)
		perhaps(12, 13, 14, 15)
	case sixToFour.Contains(address):
		embedded(2, 3, 4, 5)
	case teredo.Contains(address):
		embedded(4, 5, 6, 7)
		all = append(all, netip.AddrFrom4([4]byte{^b[12], ^b[13], ^b[14], ^b[15]}))
	}
	if b[8]&^2 == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe { // ISATAP (RFC 5214, section 6.1)
		embedded(12, 13, 14, 15)
	}
	return all
}
