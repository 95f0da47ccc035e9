// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"net/netip"
	"slices"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/controllers/rules"
)

// addresses are what a Gateway takes connections at.
type addresses struct {
	// list are the addresses. It has the unspecified address if the Gateway takes connections at all of the machine's.
	list []netip.Addr
	// shared is set if the Gateway has not got an address of its own.
	shared bool
	// service is the Gateway's own Service, which has its addresses. Nil if Gateways have none.
	service *ownService
	// refused is why the Gateway cannot be served at all. Its reason is empty if it can. unusable says which addresses
	// cannot be had, empty for none.
	refused  finding
	unusable string
}

// assign returns which addresses each Gateway has. The Gateways are ours, oldest first. With a pool, a Gateway has the
// addresses of it that its author asks for, or else keeps the one in its status, or else gets one that no other Gateway
// has. If none is left, it shares the one that fewest have. What a Gateway of another namespace has cannot be asked
// for: clients know that one by it. Without a pool, all Gateways share all addresses of the machine, and none can be
// asked for. With Services, they do so too, but not their ports.
func (o *Options) assign(gateways []*gatewayv1.Gateway) []addresses {
	assigned := make([]addresses, len(gateways))
	pool := o.Addresses
	if len(pool) == 0 || o.Services != "" {
		for i, gateway := range gateways {
			assigned[i] = addresses{list: []netip.Addr{netip.IPv6Unspecified()}, shared: o.Services == ""}
			if o.Services != "" {
				assigned[i].checkForService(gateway, o.Services)
			} else {
				assigned[i].check(gateway, func(string) bool { return false })
			}
		}
		return assigned
	}
	count := make(map[netip.Addr]int, len(pool)) // how many Gateways have an address
	take := func(i int, address netip.Addr) {
		if !slices.Contains(assigned[i].list, address) {
			assigned[i].list = append(assigned[i].list, address)
			count[address]++
		}
	}
	holders := holdersOf(pool, gateways)
	for i, gateway := range gateways {
		assigned[i].check(gateway, func(value string) bool {
			address, err := netip.ParseAddr(value)
			if address = address.Unmap(); err != nil || !slices.Contains(pool, address) {
				return false
			}
			switch holder := holders[address]; {
			case holder == nil:
				holders[address] = gateway // Of two that ask, the older one has it.
			case holder.Namespace != gateway.Namespace:
				return false
			}
			take(i, address)
			return true
		})
	}
	for i, gateway := range gateways {
		if len(assigned[i].list) > 0 || asksForAddress(gateway) {
			continue
		}
		for n := range gateway.Status.Addresses {
			address, err := netip.ParseAddr(gateway.Status.Addresses[n].Value)
			if err == nil && slices.Contains(pool, address) && count[address] == 0 {
				take(i, address)
				break
			}
		}
	}
	for i, gateway := range gateways {
		if len(assigned[i].list) > 0 || asksForAddress(gateway) {
			continue
		}
		least := slices.MinFunc(pool, func(a, b netip.Addr) int { return count[a] - count[b] })
		assigned[i].shared = count[least] > 0
		take(i, least)
	}
	return assigned
}

// holdersOf returns the Gateway that has each address, by its status, unless its author asks for others by now.
func holdersOf(pool []netip.Addr, gateways []*gatewayv1.Gateway) map[netip.Addr]*gatewayv1.Gateway {
	holders := make(map[netip.Addr]*gatewayv1.Gateway)
	for _, gateway := range gateways {
		for n := range gateway.Status.Addresses {
			value := gateway.Status.Addresses[n].Value
			address, err := netip.ParseAddr(value)
			if err != nil || !slices.Contains(pool, address) || holders[address] != nil {
				continue
			}
			asked := slices.ContainsFunc(gateway.Spec.Addresses, func(a gatewayv1.GatewaySpecAddress) bool { return a.Value == value })
			if asked || !asksForAddress(gateway) {
				holders[address] = gateway
			}
		}
	}
	return holders
}

// asksForAddress returns whether a Gateway's author asks for some address. An address without a value is any.
func asksForAddress(gateway *gatewayv1.Gateway) bool {
	return slices.ContainsFunc(gateway.Spec.Addresses, func(a gatewayv1.GatewaySpecAddress) bool { return a.Value != "" })
}

// check notes what keeps a Gateway from being served: parameters, of which there are none here, or addresses that
// cannot be had. usable returns whether one can.
func (a *addresses) check(gateway *gatewayv1.Gateway, usable func(value string) bool) {
	var unsupported, unusable []string
	for i := range gateway.Spec.Addresses {
		asked := &gateway.Spec.Addresses[i]
		switch {
		case or(asked.Type, gatewayv1.IPAddressType) != gatewayv1.IPAddressType:
			unsupported = append(unsupported, string(*asked.Type))
		case asked.Value != "" && !usable(asked.Value):
			unusable = append(unusable, asked.Value)
		}
	}
	if len(unsupported) > 0 {
		a.refused = finding{string(gatewayv1.GatewayReasonUnsupportedAddress),
			"addresses of type " + rules.ListNames(unsupported) + " cannot be had: write type IPAddress"}
	}
	if i := gateway.Spec.Infrastructure; i != nil && i.ParametersRef != nil {
		a.refused = finding{string(gatewayv1.GatewayReasonInvalidParameters), "infrastructure.parametersRef names the " +
			rules.Clip(string(i.ParametersRef.Kind)) + " " + rules.Clip(i.ParametersRef.Name) + ", and Gateways have no parameters here: leave it out"}
	}
	if len(unusable) > 0 {
		a.unusable = "the controller has no address " + rules.ListNames(unusable) + " for Gateways that is free: write one that it was given and no Gateway of another namespace has, or none"
	}
}
