// SPDX-License-Identifier: Apache-2.0

// Package fleet asks real servers the same, directly and through the controller, nginx and HAProxy, and compares what a
// client gets and what the application saw. "make fleet" installs the servers and runs it:
//
//	puma     5.6.5-3+deb12u2    1031 pairs   differences: http 23 https 24 http2 21 nginx 256 haproxy 5
//	...
//	85 requests were not compared: the server gave no whole answer directly, or two different ones
//	63207 pairs tried with 58 servers, 3799 differences listed, 0 not listed
//
// A pair is a case of a server in one way: through the controller over HTTP/1.1, over HTTPS and over HTTP/2, through
// nginx, and through HAProxy. A difference between what a server answers directly and through the controller fails the
// test, unless nginx and HAProxy both show the same, or the list in listed_test.go says why it is right. An entry of
// that list that no difference needs fails the test too.
//
// A difference has to come again each time that the same is asked twice more. Those that do not are printed as by
// chance: many servers end a connection while a request is on its way to it, which hits anybody who is between.
//
// Each server is asked directly twice. What differs between these two answers says nothing about a proxy.
//
// Read in this order: servers.txt (which servers there are), server_test.go (what is known of one), cases_test.go,
// file_cases_test.go and app_cases_test.go (what is asked), ways_test.go, controller_test.go and peers_test.go (how),
// http1_test.go and http2_test.go (the clients), observation_test.go (what is seen of an answer), compare_test.go,
// entry_test.go and listed_test.go (which differences count), fleet_test.go (a run). The files of the families, from
// static_test.go to proxies_test.go, say how servers are started. The applications that they run are in apps: all
// answer alike, and say of other requests what they saw.
//
// To add a server, write its line into servers.txt and its recipe into the file of its family.
//
// Environment variables: FLEET=quick asks only the servers that servers.txt calls so, which install fast, and needs all
// of them. FLEET_SHOW=1 prints every difference, those of nginx and HAProxy too. WARREN_BINARY names another program
// than this checkout's.
//
// The package has no code but tests, with the build tag "fleet".
package fleet
