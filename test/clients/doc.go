// SPDX-License-Identifier: Apache-2.0

// Package clients runs real clients of HTTP against the program, between a real Kubernetes API and a backend on
// loopback, and compares what they make of it with what they make of the backend itself, or of nginx and HAProxy.
// "make clients" runs all of them:
//
//	wget                     1.21.3         87 pairs in 8.4 s
//	requests                 2.28.1        125 pairs in 12.1 s
//	...
//	all, while one drains                   47 pairs in 41.8 s
//	3728 pairs tried with 37 clients, 63 differences listed, 0 not listed
//
// A pair is a client and a case, with a transport: an upload of 32 MiB in chunks that is refused with 403, by Node's
// http over TLS. A pair fails if the client does not get behind the program what the case wants, unless
// differences_test.go has the outcome with the reason. An entry says whether the client fails in the same case where
// the program is not in between too, which is tried. An entry that nothing matches fails as well. The same file has the
// cases in which a client fails by chance, which are not tried.
//
// Read in this order: clients_test.go (the run), table_test.go (the clients), cases_test.go (the cases of all clients
// that are able to), differences_test.go (the list), job_test.go (what a client is told, and what it makes of it),
// runner_test.go (clients that are scripts), commands_test.go and gonet_test.go (those that are not),
// downloads_test.go, repositories_test.go, media_test.go and chromium_test.go (cases that single clients have),
// drain_test.go (a replica that ends while all clients use it), scene_test.go, backend_test.go and apache_test.go (what
// is behind the fronts), fronts_test.go, program_test.go and peers_test.go (the program, nginx and HAProxy),
// process_test.go and run_test.go (servers and commands).
//
// pages_test.go runs the commands of a page in docs/recipes: htpasswd, openssl, kubectl and curl.
//
// Scripts, in the folder scripts, read jobs as lines of JSON and write outcomes as lines of JSON. To add a client is to
// write such a script, and a line of the table.
//
// hack/clients/install installs what is missing. CLIENTS=quick leaves out the clients whose packages take long.
// CLIENTS_ONLY is a pattern of clients, CLIENTS_CASES one of cases. With any of them, nobody looks for entries that
// nothing matches. WARREN_BINARY names another program than this checkout's.
//
// The package has no code but tests, with the build tag "clients".
package clients
