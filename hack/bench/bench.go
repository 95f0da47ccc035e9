// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/google/pprof/profile"

	"github.com/warren-dev/ingress/test/kubeapi"
)

// backendCount is how many backends there are.
const backendCount = 2

// openFiles is the limit for a process with 10,000 connections, and perhaps one to a backend for each.
const openFiles = 32_768

// roomForConnections is how many a proxy is configured for: the 10,000 idle ones, and some to the backends.
const roomForConnections = 12_000

// session is one run of everything.
type session struct {
	options     *options
	rows        []row
	proxies     []proxy
	absent      []string
	launcher    *launcher
	cores       cores
	ports       *ports
	folder      string
	certificate *certificate
	signers     signers
	users       []byte
	cluster     *cluster
	backends    []netip.AddrPort
	// backendsProcess serves all of them.
	backendsProcess *child
	openFiles       int
	profiles        []*profile.Profile
	// closers end what was started, the last first.
	closers []func() error
}

// bench measures and prints the table. Everything that it started has ended when it returns.
func bench(ctx context.Context, o *options) (err error) {
	s := &session{options: o, ports: &ports{}}
	defer func() { err = errors.Join(err, s.close()) }()
	if err := s.prepare(ctx); err != nil {
		return err
	}
	began := time.Now()
	t := &table{session: s}
	for i := range s.rows {
		measured, err := s.measure(ctx, &s.rows[i], t)
		if err != nil {
			return err
		}
		t.rows = append(t.rows, measured)
	}
	t.took = time.Since(began)
	if o.markdown {
		t.writeMarkdown(os.Stdout)
	} else {
		t.write(os.Stdout)
	}
	if err := t.verdict(); err != nil {
		return err
	}
	return errors.Join(t.draw(), s.writeProfile())
}

// say tells the person who waits what happens.
func say(format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", arguments...)
}

// prepare finds the proxies and starts what they all need.
func (s *session) prepare(ctx context.Context) (err error) {
	if s.rows, err = s.options.chosenRows(); err != nil {
		return err
	}
	if s.cores, err = findCores(s.options.cores); err != nil {
		return err
	}
	if s.openFiles, err = raiseOpenFiles(); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program: %w", err)
	}
	if s.folder, err = os.MkdirTemp("", "warren-bench-"); err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	s.closers = append(s.closers, func() error { return os.RemoveAll(s.folder) })
	s.launcher = &launcher{self: self, folder: s.folder}
	if s.certificate, err = makeCertificate(s.folder, mainHost); err != nil {
		return err
	}
	s.signers = newSigners()
	if s.users, err = users(); err != nil {
		return err
	}
	if err := s.startBackends(ctx, self); err != nil {
		return err
	}

	s.proxies, s.absent = findPeers(s.options)
	if len(s.absent) > 0 {
		say("Neither fetched nor on PATH, so not measured: %s.", strings.Join(s.absent, ", "))
	}
	if chosen(s.options.proxies, warrenName) {
		if err := s.addControllers(); err != nil {
			return err
		}
	}
	// The floor is one loop, which a second core is of no use to.
	if chosen(s.options.proxies, floorName) && s.options.cores == 1 {
		s.proxies = append(s.proxies, &floorProxy{self: self})
	}
	if len(s.proxies) == 0 {
		return errors.New("there is no proxy to measure: choose others with -proxies, or put one on PATH")
	}
	return ctx.Err()
}

func (s *session) startBackends(ctx context.Context, self string) error {
	program := []string{self, roleBackend}
	for range backendCount {
		address, err := s.ports.take()
		if err != nil {
			return err
		}
		s.backends = append(s.backends, address)
		program = append(program, address.String())
	}
	started, err := s.launcher.start(s.cores.load, "backends", nil, program...)
	if err != nil {
		return err
	}
	s.backendsProcess = started
	s.closers = append(s.closers, started.stop)
	limited, cancel := context.WithTimeout(ctx, readyLimit)
	defer cancel()
	for _, address := range s.backends {
		if err := started.until(limited, func() error { return listens(address.String()) }); err != nil {
			return err
		}
	}
	return nil
}

// addControllers adds each binary of the controller, and starts the Kubernetes API that all of them read.
func (s *session) addControllers() error {
	controllers := s.options.controllers
	if len(controllers) == 0 {
		checkout, err := kubeapi.Checkout()
		if err != nil {
			return err
		}
		controllers = []controller{{warrenName, filepath.Join(checkout, "bin", "warren-ingress")}}
	}
	for _, c := range controllers {
		if _, err := os.Stat(c.program); err != nil {
			return fmt.Errorf("the controller is not built (%w): run \"make build\" first", err)
		}
	}
	say("Starting a Kubernetes API.")
	var err error
	if s.cluster, err = startCluster(); err != nil {
		return err
	}
	s.closers = append(s.closers, s.cluster.stop)
	for _, c := range controllers {
		s.proxies = append(s.proxies, &warren{called: c.name, program: c.program, cluster: s.cluster, ports: s.ports})
	}
	return nil
}

// reference returns the name of the proxy that ratios are to: nginx, or the first of several controllers where nginx
// is not measured.
func (s *session) reference() string {
	if controllers := s.controllers(); len(controllers) > 1 && !s.measures(referenceName) {
		return controllers[0]
	}
	return referenceName
}

// besides returns further proxies that controllers are compared to: HAProxy, and the first of several controllers.
func (s *session) besides() (names []string) {
	if s.measures(besideName) && s.reference() != besideName {
		names = append(names, besideName)
	}
	if controllers := s.controllers(); len(controllers) > 1 && s.reference() != controllers[0] {
		names = append(names, controllers[0])
	}
	return names
}

// measures says whether a proxy takes part.
func (s *session) measures(name string) bool {
	return slices.ContainsFunc(s.proxies, func(p proxy) bool { return p.name() == name })
}

// controllers returns the names of the controllers that take part.
func (s *session) controllers() (names []string) {
	for _, p := range s.proxies {
		if w, ok := p.(*warren); ok {
			names = append(names, w.called)
		}
	}
	return names
}

func (s *session) close() error {
	var all []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		all = append(all, s.closers[i]())
	}
	return errors.Join(all...)
}

// configure describes how a proxy is to run in a row, with addresses and a folder of its own.
func (s *session) configure(r *row, p proxy) (*configuration, error) {
	c := &configuration{
		scenario: r.scenario, launcher: s.launcher, cores: s.cores.proxy,
		Backends: s.backends, Certificate: s.certificate.certFile, Key: s.certificate.keyFile, Both: s.certificate.both, KeySet: s.signers.keySet(),
		Users:     s.users,
		OpenFiles: s.openFiles, Connections: min(roomForConnections, s.openFiles-500),
	}
	if err := s.ports.takeAll(&c.HTTP, &c.HTTPS); err != nil {
		return nil, err
	}
	c.Folder = filepath.Join(s.folder, p.name()+"-"+r.name)
	if err := os.MkdirAll(c.Folder, 0o700); err != nil {
		return nil, fmt.Errorf("making a folder: %w", err)
	}
	if os.Geteuid() == 0 {
		current, err := user.Current()
		if err != nil {
			return nil, fmt.Errorf("finding this user's name: %w", err)
		}
		c.User = current.Username
	}
	return c, nil
}

// raiseOpenFiles raises the limit of open files for this process and its children, as far as it may, and returns it.
func raiseOpenFiles() (int, error) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0, fmt.Errorf("reading the limit of open files: %w", err)
	}
	wanted := syscall.Rlimit{Cur: openFiles, Max: max(openFiles, limit.Max)}
	if limit.Cur >= openFiles {
		return int(min(limit.Cur, 1<<20)), nil
	}
	// Only root may go beyond the upper limit.
	if syscall.Setrlimit(syscall.RLIMIT_NOFILE, &wanted) == nil {
		return openFiles, nil
	}
	wanted = syscall.Rlimit{Cur: limit.Max, Max: limit.Max}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &wanted); err != nil {
		return 0, fmt.Errorf("raising the limit of open files: %w", err)
	}
	return int(limit.Max), nil
}
