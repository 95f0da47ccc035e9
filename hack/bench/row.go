// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"strconv"
	"time"
)

// row is one measurement: a scenario, and a load on it.
type row struct {
	name, title string
	scenario    *scenario
	mode        loadMode
	connections int
	// streams is how many run on each connection, for loadStreams.
	streams int
	sources int
	// talk is how the request of loadIdle is made.
	talk loadTalk
	// halfOf is the row whose throughput by the first proxy is halved for the rate of loadOpen. Empty: of keepalive.
	halfOf string
	method string
	// path is what requests ask for. In the scenario of hosts, it is below each of the scenario's paths.
	path string
	// fields are sent besides those of every request.
	fields []string
	// body is the size of each response and upload that of each request, in bytes.
	body, upload int
	// tokens is how many the requests have in turn, where tokens are verified. 0 is for one.
	tokens int
	// floor says that the floor takes part. It has neither TLS nor routes.
	floor bool
	// flood has each measurement repeated while wrong passwords arrive. Only the time without them is beside the figures.
	flood bool
	// once is for what is the same each time.
	once bool
}

// rows returns all of them, in the order of the table.
func rows() []row {
	plain, https, http2, hosts := plainScenario(), httpsScenario(), http2Scenario(), hostsScenario()
	asked, tokens := authenticationScenario("auth-external", askAlways), authenticationScenario("auth-jwt", verifyTokens)
	return []row{
		{
			name: "keepalive", title: "plain, 1 KiB, 64 connections",
			scenario: plain, mode: loadClosed, connections: 64, path: smallPath, body: smallBody, floor: true,
		}, {
			name: "half-load", title: "plain, 1 KiB, at half of the first proxy's throughput",
			scenario: plain, mode: loadOpen, connections: 64, path: smallPath, body: smallBody, floor: true,
		}, {
			name: "https", title: "HTTPS, 1 KiB, 64 connections",
			scenario: https, mode: loadClosed, connections: 64, path: smallPath, body: smallBody,
		}, {
			name: "handshakes", title: "a new TLS 1.3 connection for each request, 16 at once",
			scenario: https, mode: loadHandshakes, connections: 16, sources: 16, path: smallPath, body: smallBody,
		}, {
			name: "h2", title: "HTTP/2, 1 KiB, 16 connections of 32 streams",
			scenario: http2, mode: loadStreams, connections: 16, streams: 32, path: smallPath, body: smallBody,
		}, {
			name: "h2-one", title: "HTTP/2, 1 KiB, 16 connections of one stream",
			scenario: http2, mode: loadStreams, connections: 16, streams: 1, path: smallPath, body: smallBody,
		}, {
			name: "h2-64k", title: "HTTP/2, 64 KiB, 16 connections of 32 streams",
			scenario: http2, mode: loadStreams, connections: 16, streams: 32, path: mediumPath, body: mediumBody,
		}, {
			name: "h2-one-64k", title: "HTTP/2, 64 KiB, 16 connections of one stream",
			scenario: http2, mode: loadStreams, connections: 16, streams: 1, path: mediumPath, body: mediumBody,
		}, {
			name: "64k", title: "plain, 64 KiB, 64 connections",
			scenario: plain, mode: loadClosed, connections: 64, path: mediumPath, body: mediumBody,
		}, {
			name: "10m", title: "plain, 10 MiB, 8 connections",
			scenario: plain, mode: loadClosed, connections: 8, path: largePath, body: largeBody, floor: true,
		}, {
			name: "upload", title: "plain, an upload of 1 MiB, 16 connections",
			scenario: plain, mode: loadClosed, connections: 16, method: "POST", path: smallPath, body: smallBody, upload: uploadBody,
		}, {
			name: "policies", title: "all policies on, 1 KiB, 64 connections",
			scenario: policiesScenario(), mode: loadClosed, connections: 64, path: policyPath + smallPath, body: smallBody,
			fields: []string{requestSetField + ": client", requestRemoveField + ": client"},
		}, {
			name: "routes", title: "two header matches and two weighted backends, 1 KiB, 64 connections",
			scenario: routesScenario(), mode: loadClosed, connections: 64, path: smallPath, body: smallBody, fields: routeLines(),
		}, {
			name: "compression", title: "a document in JSON of 16 KiB, compressed for a browser, 64 connections",
			scenario: compressionScenario(), mode: loadClosed, connections: 64, path: documentPath, body: encodedBody,
			fields: []string{"Accept-Encoding: gzip, deflate, br, zstd"},
		}, {
			name: "compression-gzip", title: "the same, compressed by gzip",
			scenario: compressionScenario(), mode: loadClosed, connections: 64, path: documentPath, body: encodedBody,
			fields: []string{"Accept-Encoding: gzip"},
		}, {
			name: "hosts", title: "1,000 hosts of 10 paths, 1 KiB, 64 connections, over all of them",
			scenario: hosts, mode: loadClosed, connections: 64, path: smallPath, body: smallBody,
		}, {
			name: "nginx-ingress", title: "1,000 Ingresses of ingress-nginx, of 10 expressions with a rewrite, 1 KiB, 64 connections, over all of them",
			scenario: expressionsScenario(), mode: loadClosed, connections: 64, path: smallPath, body: smallBody,
		}, {
			name: "fields", title: "five changes of fields, 1 KiB, 64 connections",
			scenario: fieldsScenario(), mode: loadClosed, connections: 64, path: smallPath, body: smallBody,
			fields: []string{requestSetField + ": client", requestRemoveField + ": client"},
		}, {
			name: "snippet-fields", title: "the same by a snippet of ingress-nginx",
			scenario: snippetFieldsScenario(), mode: loadClosed, connections: 64, path: smallPath, body: smallBody,
			fields: []string{requestSetField + ": client", requestRemoveField + ": client"},
		}, {
			name: "snippet", title: "a snippet of ingress-nginx with a variable and three conditions, 1 KiB, 64 connections",
			scenario: snippetScenario(), mode: loadClosed, connections: 64, path: smallPath, body: smallBody,
		}, {
			name: "auth-external", title: "a service is asked about each request, 1 KiB, 64 connections",
			scenario: asked, mode: loadClosed, connections: 64, path: smallPath, body: smallBody,
		}, {
			name: "auth-half-load", title: "the same, at half of the first proxy's throughput", halfOf: "auth-external",
			scenario: asked, mode: loadOpen, connections: 64, path: smallPath, body: smallBody,
		}, {
			name: "auth-kept", title: "what the service says is kept for a minute, 1 KiB, 64 connections",
			scenario: authenticationScenario("auth-kept", askOnce), mode: loadClosed, connections: 64, path: smallPath, body: smallBody,
		}, {
			name: "auth-jwt", title: "another token by ES256 with each request, 1 KiB, 64 connections; nginx asks a service",
			scenario: tokens, mode: loadClosed, connections: 64, path: smallPath, body: smallBody, tokens: manyTokens,
		}, {
			name: "auth-jwt-rs256", title: "another token by RS256 with each request, 1 KiB, 64 connections; nginx asks a service",
			scenario: authenticationScenario("auth-jwt-rs256", verifyRSA), mode: loadClosed, connections: 64, path: smallPath, body: smallBody,
			tokens: manyRSATokens,
		}, {
			name: "auth-jwt-same", title: "the same token with each request; nginx asks a service",
			scenario: tokens, mode: loadClosed, connections: 64, path: smallPath, body: smallBody,
		},
		{
			name: "auth-flood", title: "plain, 1 KiB, at half of the first proxy's throughput, while wrong passwords arrive for another path",
			scenario: passwordsScenario(), mode: loadOpen, connections: 64, path: smallPath, body: smallBody, flood: true,
		},
		idleRow("idle", "10,000 idle connections", plain, talkPlainly),
		idleRow("idle-tls", "10,000 idle connections over TLS", https, talkPlainly),
		idleRow("idle-h2", "10,000 idle connections of HTTP/2 over TLS", http2, talkStreams),
		idleRow("idle-websocket", "5,000 idle WebSockets", webSocketScenario(), talkWebSocket),
	}
}

// idleRow has connections that made a request each, and then rest.
func idleRow(name, title string, on *scenario, talk loadTalk) row {
	r := row{
		name: name, title: title, scenario: on, mode: loadIdle, talk: talk, connections: 10_000, sources: 8,
		path: smallPath, body: smallBody, once: true,
	}
	if talk == talkWebSocket {
		// Each has one to a backend as well, and both have to fit into the usual limits of open files.
		r.path, r.connections = webSocketPath, 5_000
	}
	return r
}

// routeLines are the fields that the rule of the scenario with conditions wants.
func routeLines() (lines []string) {
	for _, f := range routeFields() {
		lines = append(lines, f.Name+": "+f.Value)
	}
	return lines
}

// manyTokens are several times as many as the controller remembers. As each round goes on with those that follow the
// last one's, none is asked for while it is still remembered.
const manyTokens = 1 << 16

// manyRSATokens are twice as many as the controller remembers, and no more, because each takes long to sign.
const manyRSATokens = 1 << 15

// settle is how long idle connections have idled when the memory is read.
const settle = 3 * time.Second

// spec describes the load on a proxy.
func (r *row) spec(p *running, s *session) *loadSpec {
	l := &loadSpec{
		Mode: r.mode, Address: p.http, Connections: r.connections, Streams: r.streams, Sources: r.sources, Talk: r.talk,
		Requests: r.requests(), Body: int64(r.body),
		WarmUp: s.options.warmUp, Window: s.options.window, Settle: settle, Process: p.child.id(), Backends: s.backendsProcess.id(),
	}
	if a := r.scenario.authentication; a != "" {
		l.Requests = a.proven(l.Requests[0], s.signers.of(a).tokens(max(1, r.tokens)))
	}
	if r.scenario.https {
		l.Address, l.ServerName = p.https, mainHost
	}
	return l
}

// requests returns those that the row sends in turn. Neighbours are for different hosts, so that none stays in a cache
// because it is asked for again at once.
func (r *row) requests() []request {
	method := r.method
	if method == "" {
		method = "GET"
	}
	if len(r.scenario.hosts) == 1 {
		return []request{{Method: method, Host: r.scenario.hosts[0], Path: r.path, Fields: r.fields, Body: r.upload}}
	}
	var all []request
	for i := range r.scenario.paths {
		for j, host := range r.scenario.hosts {
			path := r.scenario.paths[(i+j)%len(r.scenario.paths)] + r.path
			all = append(all, request{Method: method, Host: host, Path: path})
		}
	}
	return all
}

// number writes n with commas between thousands.
func number(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
