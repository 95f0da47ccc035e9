// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/warren-dev/ingress/controllers/replicas"
)

// thisReplica is how the other replicas know and reach this process: in a cluster by its Pod's name and address, which
// the downward API puts into POD_NAME, POD_IP and NODE_NAME, elsewhere by names and addresses of this machine.
func thisReplica(l *listeners) (replicas.Replica, error) {
	http, https, health := addressOf(l.http), addressOf(l.https), addressOf(l.health)
	r := replicas.Replica{Name: os.Getenv("POD_NAME"), HTTPPort: http.Port(), HTTPSPort: https.Port(), HealthPort: health.Port(),
		Node: os.Getenv("NODE_NAME")}
	if r.Name == "" {
		r.Name = localName(http.Port())
	}
	var err error
	if r.Machine, err = replicas.Machine(); err != nil {
		return r, fmt.Errorf("finding the addresses of this machine, which no Task may be at: %w", err)
	}
	switch ip := os.Getenv("POD_IP"); {
	case !http.Addr().IsUnspecified():
		r.Address = http.Addr() // and no other
	case ip == "":
		r.Address = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	default:
		if r.Address, err = netip.ParseAddr(ip); err != nil {
			return r, fmt.Errorf("POD_IP is %q, want the Pod's address: %w", ip, err)
		}
	}
	return r, nil
}

// localName is unique on this machine, since one process alone listens on a port, and the same after a restart.
func localName(port uint16) string {
	host, err := os.Hostname()
	if host = strings.ToLower(host); err != nil || len(validation.IsDNS1123Subdomain(host)) > 0 {
		host = "localhost"
	}
	return fmt.Sprintf("%s-%d", host, port)
}

// podUID is empty where the Lease is in another namespace than the Pod, which then cannot own it.
func podUID(leaseNamespace string) types.UID {
	if os.Getenv("POD_NAMESPACE") != leaseNamespace {
		return ""
	}
	return types.UID(os.Getenv("POD_UID"))
}

func addressOf(l net.Listener) netip.AddrPort {
	address := l.Addr().(*net.TCPAddr).AddrPort()
	return netip.AddrPortFrom(address.Addr().Unmap(), address.Port())
}
