// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net/netip"
	"strconv"
	"sync/atomic"

	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// toggle is a host that the configuration keeps switching. Either it is served, or its requests get a certain answer of
// the proxy. Clients can tell which of the two it has to be.
type toggle struct {
	host string
	// kind says what is switched.
	kind toggleKind
	// certificate is what toggleCertificate switches.
	certificate snapshot.Certificate
	// phase only grows. Modulo 4 it is 0 while the toggle is off, 1 while it is being switched on, 2 while it is on, and 3
	// while it is being switched off.
	phase atomic.Uint64
}

type toggleKind int

const (
	// toggleHost takes the host away. toggleAccess denies everybody. toggleHealth leaves no endpoint that takes requests.
	// toggleRedirect sends everybody to HTTPS. toggleCertificate takes the host's certificate away.
	toggleHost toggleKind = iota
	toggleAccess
	toggleHealth
	toggleRedirect
	toggleCertificate
	toggleKinds
)

// off returns the outcome of a request while the toggle is off.
func (k toggleKind) off() string {
	switch k {
	case toggleHost:
		return "404 RouteNotFound"
	case toggleAccess:
		return "403 AccessDenied"
	case toggleHealth:
		return "503 NoHealthyTask"
	case toggleRedirect:
		return "308 RedirectToHTTPS"
	}
	return unrecognizedName
}

// unrecognizedName is the outcome of a handshake for a host without a certificate.
const unrecognizedName = "unrecognized name"

// There are togglesPerKind toggles of each kind.
const togglesPerKind = 6

func newToggles(a *authority) ([]*toggle, error) {
	var toggles []*toggle
	for kind := range toggleKinds {
		for i := range togglesPerKind {
			t := &toggle{kind: kind, host: "toggle-" + strconv.Itoa(int(kind)) + "-" + strconv.Itoa(i) + ".soak.test"}
			if kind == toggleCertificate {
				var err error
				if t.certificate, err = a.issue("soak/"+t.host, t.host, 1); err != nil {
					return nil, err
				}
			}
			toggles = append(toggles, t)
		}
	}
	return toggles, nil
}

// on says whether the toggle is on, or is being switched on.
func (t *toggle) on() bool { p := t.phase.Load() % 4; return p == 1 || p == 2 }

// allowed returns the outcomes that a request may have. It was sent when the phase was before, and answered when it was
// after.
func (t *toggle) allowed(before, after uint64) []string {
	switch {
	case before == after && before%4 == 0:
		return []string{t.kind.off()}
	case before == after && before%4 == 2:
		return []string{"200"}
	}
	return []string{"200", t.kind.off()}
}

// addTo adds to a snapshot what the toggle stands for now.
func (t *toggle) addTo(s *snapshot.Snapshot, good netip.AddrPort) {
	on := t.on()
	if t.kind == toggleHost && !on {
		return
	}
	route := snapshot.Route{Path: "/", Pool: "stable"}
	if t.kind == toggleAccess && !on {
		route.Policies = []policy.Policy{&policy.Access{Denied: []netip.Prefix{loopback}}}
	}
	if t.kind == toggleHealth {
		e := at(good)
		e.Unhealthy = !on
		route.Pool = t.host
		s.Pools = append(s.Pools, pool(t.host, e))
	}
	h := host(t.host, route)
	h.RedirectHTTPS = t.kind == toggleRedirect && !on
	s.Hosts = append(s.Hosts, h)
	if t.kind == toggleCertificate && on {
		s.Certificates = append(s.Certificates, t.certificate)
	}
}
