// SPDX-License-Identifier: Apache-2.0

// Command bench measures the controller's data plane beside the proxies it finds on PATH: the same load, equal
// configurations, one core for the proxy and another for all else, in turn and repeated. It prints one table, and
// installs nothing.
//
// The binary plays every part. Started by a person it finds the peers, writes their configurations, starts everything
// and reports. As children of that it is also the backends, the load and the floor, a relay that only copies bytes. It
// needs Linux: it speaks epoll, binds processes to cores and reads /proc.
//
// It measures what a request costs, not how a network behaves: everything is on loopback.
package main
