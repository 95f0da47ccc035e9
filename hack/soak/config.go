// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// The routes of these hosts never change, while everything around them does.
const (
	stableHost   = "stable.soak.test"
	wildcardHost = "*.wild.soak.test"
	// sharedHost's endpoint is spoken to in HTTP/2.
	sharedHost = "shared.soak.test"
	// secureHost has a certificate that stays.
	secureHost = "secure.soak.test"
	// rotatingHost's certificate is replaced again and again. rollingHost's endpoints are.
	rotatingHost = "rotating.soak.test"
	rollingHost  = "rolling.soak.test"
	// brokenHost's endpoint follows scripts. hurriedHost's does too, but its requests have little time.
	brokenHost  = "broken.soak.test"
	hurriedHost = "hurried.soak.test"
	// fickleHost's endpoint soon closes idle connections, without a word.
	fickleHost = "fickle.soak.test"
	// refusedHost's endpoint refuses connections. So does the first of spareHost's. emptyHost has no endpoint that takes
	// requests.
	refusedHost = "refused.soak.test"
	spareHost   = "spare.soak.test"
	emptyHost   = "empty.soak.test"
	mutantHost  = "mutant.soak.test"
	unknownHost = "unknown.soak.test"
)

const (
	// patientIdle is longer than a good endpoint ever lets a client wait.
	patientIdle    = 30 * time.Second
	connectTimeout = 5 * time.Second
	hurry          = time.Second

	limitPerSecond = 5
	limitBurst     = 3
)

// loopback is where all clients come from.
var loopback = netip.MustParsePrefix("127.0.0.0/8")

func host(name string, routes ...snapshot.Route) snapshot.Host {
	for i := range routes {
		r := &routes[i]
		r.Rule = snapshot.RuleID{Ingress: "soak/" + strings.TrimPrefix(name, "*."), Path: i}
		if r.Timeouts == (snapshot.Timeouts{}) {
			r.Timeouts = snapshot.Timeouts{Connect: connectTimeout, Idle: patientIdle}
		}
	}
	return snapshot.Host{Name: name, Routes: routes}
}

func pool(id string, endpoints ...snapshot.Endpoint) snapshot.Pool {
	for i := range endpoints {
		if e := &endpoints[i]; e.ID == "" {
			e.ID = "task/" + id + "/" + strconv.Itoa(i)
		}
	}
	return snapshot.Pool{ID: id, Service: "soak/" + id, Endpoints: endpoints}
}

func at(address netip.AddrPort) snapshot.Endpoint {
	return snapshot.Endpoint{Address: address, Weight: 1}
}

// treated is a stable route with policies.
func treated(path string, match snapshot.PathMatch, policies ...policy.Policy) snapshot.Route {
	return snapshot.Route{Path: path, Match: match, Pool: "stable", Policies: policies}
}

// stableHosts are the hosts that do not change.
func stableHosts() []snapshot.Host {
	short := snapshot.Timeouts{Connect: connectTimeout, Idle: scriptIdle}
	whole := snapshot.Timeouts{Request: hurry, Connect: connectTimeout, Idle: patientIdle}
	return []snapshot.Host{
		host(stableHost,
			snapshot.Route{Path: "/", Pool: "stable"},
			treated("/denied", snapshot.MatchPrefix, &policy.Access{Denied: []netip.Prefix{loopback}}),
			treated("/limited", snapshot.MatchPrefix,
				&policy.RateLimit{PerSecond: limitPerSecond, Burst: limitBurst}, &policy.Rewrite{StripPrefix: "/limited"}),
			treated("/stripped", snapshot.MatchPrefix, &policy.Rewrite{StripPrefix: "/stripped"}),
			treated("/replaced", snapshot.MatchExact, &policy.Rewrite{Path: policy.PathChange{Replace: "/bytes/1/10"}}),
		),
		host(wildcardHost, snapshot.Route{Path: "/", Pool: "stable"}),
		host(secureHost, snapshot.Route{Path: "/", Pool: "stable"}),
		host(sharedHost, snapshot.Route{Path: "/", Pool: "shared"}),
		host(rotatingHost, snapshot.Route{Path: "/", Pool: "stable"}),
		host(brokenHost, snapshot.Route{Path: "/", Pool: "scripts", Timeouts: short}),
		host(hurriedHost,
			snapshot.Route{Path: "/", Pool: "scripts", Timeouts: whole},
			snapshot.Route{Path: "/wait", Pool: "stable", Timeouts: whole}),
		host(fickleHost, snapshot.Route{Path: "/", Pool: "fickle"}),
		host(refusedHost, snapshot.Route{Path: "/", Pool: "refused"}),
		host(spareHost, snapshot.Route{Path: "/", Pool: "spare", Retries: 1}),
		host(emptyHost, snapshot.Route{Path: "/", Pool: "empty"}),
		host(mutantHost, snapshot.Route{Path: "/", Pool: "mutants"}),
	}
}

// stablePools are the pools that do not change.
func (s *site) stablePools() []snapshot.Pool {
	good := s.endpoints[0].address
	unhealthy, draining, weightless := at(good), at(good), at(good)
	unhealthy.Unhealthy, draining.Draining, weightless.Weight = true, true, 0
	shared := pool("shared", at(good), at(s.endpoints[1].address))
	shared.H2C = true
	return []snapshot.Pool{
		shared,
		pool("mutants", at(s.endpoints[stableEndpoints].address)),
		pool("scripts", at(s.scripted[0].address)),
		pool("fickle", at(s.scripted[1].address)),
		pool("refused", at(s.refusing.address)),
		pool("spare", at(s.refusing.address), at(good)),
		pool("empty", unhealthy, draining, weightless),
	}
}

// sorted puts a snapshot's lists into the order that they have to have.
func sorted(s *snapshot.Snapshot) *snapshot.Snapshot {
	slices.SortFunc(s.Hosts, func(a, b snapshot.Host) int { return strings.Compare(a.Name, b.Name) })
	for i := range s.Hosts {
		slices.SortFunc(s.Hosts[i].Routes, func(a, b snapshot.Route) int { return strings.Compare(a.Path, b.Path) })
	}
	slices.SortFunc(s.Pools, func(a, b snapshot.Pool) int { return strings.Compare(a.ID, b.ID) })
	for i := range s.Pools {
		slices.SortFunc(s.Pools[i].Endpoints, func(a, b snapshot.Endpoint) int { return strings.Compare(a.ID, b.ID) })
	}
	slices.SortFunc(s.Certificates, func(a, b snapshot.Certificate) int { return strings.Compare(a.ID, b.ID) })
	return s
}
