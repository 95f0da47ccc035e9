// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"

	"github.com/warren-dev/ingress/proxy"
	"github.com/warren-dev/ingress/proxy/observe"
)

// The proxy's timeouts are short, so that clients that stall cost only seconds. They are long beside any pause of a
// busy machine.
const (
	readTimeout  = 5 * time.Second
	writeTimeout = 5 * time.Second
	idleTimeout  = 20 * time.Second
	drainDelay   = time.Second
	drainTimeout = 30 * time.Second

	maxHeaderBytes = 64 << 10
	maxHeaders     = 128
)

// trustedProxy is the address of clients that send a PROXY header and are believed.
var trustedProxy = netip.MustParseAddr("127.0.0.100")

// site is all that the clients find: the proxy, and what is behind it.
type site struct {
	proxy *proxy.Proxy
	// plain and secure are the proxy's addresses.
	plain, secure netip.AddrPort
	authority     *authority
	pattern       *pattern
	streams       *streams
	churn         *churn
	ids           atomic.Uint64
	log           *accessLog
	lateness      lateness

	endpoints []*endpoint
	scripted  []*scriptedServer
	refusing  *refusal
	serving   sync.WaitGroup
	stopWatch context.CancelFunc
}

// stableEndpoints is how many endpoints answer for the stable hosts.
const stableEndpoints = 3

// newSite starts the endpoints and a proxy in front of them, with the first configuration applied.
func newSite(books *ledger, seed uint64) (_ *site, err error) {
	s := &site{pattern: newPattern(), streams: newStreams()}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.stopEndpoints())
		}
	}()
	if s.authority, err = newAuthority(); err != nil {
		return nil, err
	}
	if err := s.startEndpoints(books); err != nil {
		return nil, err
	}
	if s.churn, err = newChurn(s, books, seed); err != nil {
		return nil, err
	}
	if err := s.startProxy(books); err != nil {
		return nil, err
	}
	return s, s.churn.applyFirst()
}

func (s *site) startEndpoints(books *ledger) error {
	faults := books.open("endpoints")
	for i := range stableEndpoints {
		e, err := s.startService(fmt.Sprintf("stable-%d", i), faults)
		if err != nil {
			return err
		}
		s.endpoints = append(s.endpoints, e)
	}
	mutants, err := startEndpoint("mutants", anything{})
	if err != nil {
		return err
	}
	s.endpoints = append(s.endpoints, mutants)
	for _, serve := range []func(*scriptedConn){serveScripts, serveFickle} {
		server, err := startScripted(serve)
		if err != nil {
			return err
		}
		s.scripted = append(s.scripted, server)
	}
	s.refusing, err = newRefusal()
	return err
}

func (s *site) startService(name string, faults *tally) (*endpoint, error) {
	return startEndpoint(name, &service{name: name, pattern: s.pattern, streams: s.streams, tally: faults})
}

func (s *site) startProxy(books *ledger) error {
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	secure, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		_ = plain.Close()
		return fmt.Errorf("listening: %w", err)
	}
	s.plain = plain.Addr().(*net.TCPAddr).AddrPort()
	s.secure = secure.Addr().(*net.TCPAddr).AddrPort()
	s.log = &accessLog{tally: books.open("access log")}
	s.proxy = proxy.New(proxy.Config{
		Logger:          logr.New(faultLog{books.openQuiet("proxy log")}),
		TrustedProxies:  []netip.Prefix{netip.PrefixFrom(trustedProxy, trustedProxy.BitLen())},
		ReadTimeout:     readTimeout,
		WriteTimeout:    writeTimeout,
		IdleTimeout:     idleTimeout,
		MaxHeaderBytes:  maxHeaderBytes,
		MaxHeaders:      maxHeaders,
		ProxyProtocol:   true,
		AccessLog:       observe.LogJSON,
		AccessLogWriter: s.log,
		DrainDelay:      drainDelay,
		DrainTimeout:    drainTimeout,
	})
	var watch context.Context
	watch, s.stopWatch = context.WithCancel(context.Background())
	s.serving.Go(func() { s.proxy.Watch(watch) })
	failures := books.openQuiet("listeners")
	s.serving.Go(func() {
		if err := s.proxy.ServePlain(plain); err != nil {
			failures.fail(fmt.Errorf("serving HTTP: %w", err))
		}
	})
	s.serving.Go(func() {
		if err := s.proxy.ServeTLS(secure); err != nil {
			failures.fail(fmt.Errorf("serving HTTPS: %w", err))
		}
	})
	return nil
}

// stopProxy drains the proxy and waits for all that it started.
func (s *site) stopProxy() error {
	err := s.proxy.Shutdown(context.Background())
	s.stopWatch()
	s.serving.Wait()
	return err
}

// endpointPatience is how long running requests may take to end once their endpoint is stopped.
const endpointPatience = 15 * time.Second

func (s *site) stopEndpoints() error {
	ctx, cancel := context.WithTimeout(context.Background(), endpointPatience)
	defer cancel()
	var errs []error
	for _, e := range s.endpoints {
		if err := e.stop(ctx); err != nil {
			errs = append(errs, fmt.Errorf("stopping endpoint %s: %w", e.name, err))
		}
	}
	for _, server := range s.scripted {
		server.stop()
	}
	if s.refusing != nil {
		s.refusing.release()
	}
	return errors.Join(errs...)
}
