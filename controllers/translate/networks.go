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
	"github.com/warren-dev/ingress/proxy/addresses"
)

// Reserved are addresses that no Task may be at. Other addresses are reserved without being listed here: see networks.
type Reserved struct {
	// Controller are those of the replicas of controllers. What listens there besides the data plane is for operators.
	Controller []netip.Addr
	// APIServer are those that the controller has reached the API server at. Build adds those of its Service.
	APIServer []netip.Addr
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

// newNetworks returns the networks of an input. It may have no other Services and EndpointSlices than the API server's.
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
	for _, meant := range addresses.Meanings(address) {
		subject := "address " + address.String()
		if meant != address {
			subject += " stands for " + meant.String() + ", which"
		}
		switch {
		case addresses.IsMetadata(meant):
			return subject + " is a metadata service's, which no Task may be at" + instead
		case addresses.IsNobody(meant):
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
