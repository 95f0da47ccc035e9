package controllers

import (
	"net"
	"sync"
	"testing"

	"github.com/go-logr/logr"

	"github.com/warren-dev/ingress/proxy"
)

// startProxy starts a data plane of its own for a test, and returns where it listens.
func startProxy(t *testing.T) (p *proxy.Proxy, address string) {
	t.Helper()
	return startProxyWith(t, proxy.Config{Logger: logr.Discard(), MaxHeaderBytes: 64 << 10, MaxHeaders: 128, DrainTimeout: patience})
}

func startProxyWith(t *testing.T, config proxy.Config) (p *proxy.Proxy, address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p = proxy.New(config)
	var running sync.WaitGroup
	running.Go(func() { _ = p.ServeHTTP(l) })
	running.Go(func() { p.Watch(t.Context()) })
	t.Cleanup(func() {
		_ = p.Shutdown(t.Context())
		running.Wait()
	})
	return p, l.Addr().String()
}
