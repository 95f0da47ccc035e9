// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
)

// ports are the TCP ports of a run, all on 127.0.0.1.
type ports struct {
	http, https, metrics, health, admin int
	api                                 int
	firstDemo                           int
	// authority is the first of three ports: the authority's directory, its management and its resolver.
	authority int
}

// defaultPorts are the controller's own, those that the samples name for the demo tasks, and 6444 for the API: a
// cluster on the same machine has its API at 6443.
func defaultPorts() ports {
	return ports{http: 8000, https: 8443, metrics: 9090, health: 8081, admin: 9091, api: 6444, firstDemo: 18081, authority: 14000}
}

// namedPort is one port with the flag that sets it.
type namedPort struct {
	number  *int
	flag    string
	purpose string
}

func (p *ports) named() []namedPort {
	return []namedPort{
		{&p.http, "http-port", "HTTP of the data plane"},
		{&p.https, "https-port", "HTTPS of the data plane"},
		{&p.metrics, "metrics-port", "metrics of the controller"},
		{&p.health, "health-port", "health of the controller"},
		{&p.admin, "admin-port", "what the controller serves"},
		{&p.api, "api-port", "the Kubernetes API"},
		{&p.firstDemo, "demo-port", "the first demo task; the others follow it"},
		{&p.authority, "authority-port", "with -acme, the certificate authority; two more follow it"},
	}
}

// check returns an error that names each port that something else listens on, or that two purposes share. It names the
// flag that changes the port. demos is the number of demo tasks. unused are those of the ports that nothing will listen
// on.
func (p *ports) check(demos int, unused ...*int) error {
	wanted := slices.DeleteFunc(p.named(), func(port namedPort) bool { return slices.Contains(unused, port.number) })
	for i := 1; i < demos; i++ {
		number := p.firstDemo + i
		wanted = append(wanted, namedPort{&number, "demo-port", "a demo task"})
	}
	if !slices.Contains(unused, &p.authority) {
		for _, number := range []int{p.authorityManagement(), p.authorityResolver()} {
			wanted = append(wanted, namedPort{&number, "authority-port", "the certificate authority"})
		}
	}

	var errs []error
	purposes := map[int]string{}
	for _, port := range wanted {
		if *port.number < 1 || *port.number > 65535 {
			errs = append(errs, fmt.Errorf("-%s %d is no TCP port: choose one from 1 to 65535", port.flag, *port.number))
			continue
		}
		if other, ok := purposes[*port.number]; ok {
			errs = append(errs, fmt.Errorf("port %d is wanted twice, for %s and for %s: choose another with make run RUNFLAGS=\"-%s PORT\"",
				*port.number, other, port.purpose, port.flag))
			continue
		}
		purposes[*port.number] = port.purpose
		if err := listenable(*port.number); err != nil {
			errs = append(errs, fmt.Errorf("port %d, for %s, cannot be had (%w): stop what uses it, or choose another with make run RUNFLAGS=\"-%s PORT\"",
				*port.number, port.purpose, err, port.flag))
		}
	}
	return errors.Join(errs...)
}

func (p *ports) authorityManagement() int { return p.authority + 1 }
func (p *ports) authorityResolver() int   { return p.authority + 2 }

func listenable(port int) error {
	listener, err := net.Listen("tcp", loopback(port))
	if err == nil {
		return listener.Close()
	}
	var op *net.OpError
	if errors.As(err, &op) {
		// The message has the address already.
		return errors.New(strings.TrimPrefix(op.Err.Error(), "bind: "))
	}
	return err
}

const loopbackHost = "127.0.0.1"

func loopback(port int) string {
	return net.JoinHostPort(loopbackHost, strconv.Itoa(port))
}
