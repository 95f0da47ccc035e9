// SPDX-License-Identifier: Apache-2.0

// Command bench measures the controller's data plane beside the proxies that it finds on PATH. All get the same load
// and equal configurations, one core for the proxy and another for all else. They take turns in many short rounds, and
// ratios are taken within each. It prints one table, and installs nothing.
//
// The binary plays every part. Started by a person, it finds the peers, writes their configurations, starts everything
// and reports. As a child of itself it is also the backends, the load, or the floor: a relay that only copies bytes. It
// needs Linux: it uses epoll, binds processes to cores and reads /proc.
//
// It measures what a request costs, not how a network behaves: everything is on loopback.
//
// Read in this order: main.go, main_other.go and options.go (the command line), bench.go (one run of everything),
// row.go and scenario.go (what is measured), authentication.go and signer.go (what clients prove themselves by),
// proxy.go (what is compared), warren.go with cluster.go and objects.go (the controller and its Kubernetes API),
// peer.go with template.go (other proxies), flood.go (wrong passwords meanwhile), floor.go and floor_proxy.go (the
// floor), check.go and check_authentication.go (whether a proxy does the work), measure.go (measuring a row),
// profile.go (where the controller's time goes meanwhile), measurement.go with usage.go and machine.go (what is
// counted), result.go and latency.go (figures), rounds.go (turns and ratios), table.go (the output), bars.go (a
// picture of it), load.go (the kinds of load), load_conn.go, load_closed.go, load_open.go, load_handshakes.go,
// load_idle.go and load_streams.go (each of them), reply.go (reading responses), backend.go (answering requests),
// socket.go, stream.go and poller.go (sockets without Go's poller), role.go and child.go (processes), cores.go,
// ports.go and certificate.go (what they get).
package main
