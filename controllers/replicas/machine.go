// SPDX-License-Identifier: Apache-2.0

package replicas

import (
	"net"
	"net/netip"
	"strings"

	coordinationv1 "k8s.io/api/coordination/v1"
)

// machineAddresses bounds the addresses of a machine that are told, since a Lease holds them.
const machineAddresses = 64

// machineLimit is how long the text of a machine's addresses may be in bytes: the longest address takes 39.
const machineLimit = 4 << 10

// servicesInterface has the addresses of all Services on a node where kube-proxy runs in mode ipvs. They are not the
// node's own.
const servicesInterface = "kube-ipvs0"

// Machine returns the addresses of the machine, or Pod, that this process runs on, with commas between them. It leaves
// out loopback and link-local ones, which every machine has.
func Machine() (string, error) {
	interfaces, err := net.Interfaces()
	if err != nil {
		return "", err
	}
	var texts []string
	for i := range interfaces {
		if interfaces[i].Name == servicesInterface {
			continue
		}
		addresses, err := interfaces[i].Addrs()
		if err != nil {
			continue // The interface is gone again.
		}
		for _, a := range addresses {
			prefix, err := netip.ParsePrefix(a.String())
			if address := prefix.Addr().Unmap(); err == nil && address.IsGlobalUnicast() && len(texts) < machineAddresses {
				texts = append(texts, address.WithZone("").String())
			}
		}
	}
	return strings.Join(texts, ","), nil
}

// readMachine returns the addresses in a replica's Lease, none if the Lease tells none.
func readMachine(lease *coordinationv1.Lease) (addresses []netip.Addr) {
	for _, name := range []string{addressAnnotation, machineAnnotation} {
		if text := lease.Annotations[name]; len(text) <= machineLimit {
			addresses = append(addresses, ParseMachine(text)...)
		}
	}
	return addresses
}

// ParseMachine reads what Machine returns, and leaves out what is no address.
func ParseMachine(text string) (addresses []netip.Addr) {
	for element := range strings.SplitSeq(text, ",") {
		if address, err := netip.ParseAddr(element); err == nil {
			addresses = append(addresses, address.Unmap())
		}
	}
	return addresses
}
