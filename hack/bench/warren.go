// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// readyLimit is how long a proxy may take from its start until it serves its configuration. The machine does nothing
// else.
const readyLimit = 30 * time.Second

// warren is the controller: a real binary, on a Kubernetes API with the scenario's objects.
type warren struct {
	called  string
	program string
	cluster *cluster
	ports   *ports
	// admin is where the one that was started last answers operators.
	admin netip.AddrPort
}

func (w *warren) name() string            { return w.called }
func (w *warren) cannot(*scenario) string { return "" }

func (w *warren) version() string {
	said, err := exec.Command(w.program, "--version").Output()
	if err != nil {
		return w.called
	}
	version := strings.TrimSpace(string(said))
	if w.called == warrenName {
		return version
	}
	return w.called + ": " + version
}

// start applies the scenario's objects and runs the binary. It returns when the status of each object says that all of
// it is served.
func (w *warren) start(ctx context.Context, c *configuration) (*child, error) {
	namespace, err := w.cluster.apply(ctx, c)
	if err != nil {
		return nil, err
	}
	kubeconfig := filepath.Join(c.Folder, "kubeconfig")
	if err := os.WriteFile(kubeconfig, w.cluster.kubeconfig(), 0o600); err != nil {
		return nil, fmt.Errorf("writing a kubeconfig: %w", err)
	}
	var metrics, health netip.AddrPort
	if err := w.ports.takeAll(&metrics, &health, &w.admin); err != nil {
		return nil, err
	}
	arguments := []string{
		w.program,
		"--kubeconfig=" + kubeconfig,
		"--watch-namespaces=" + namespace,
		"--leader-elect=false",
		"--allow-local-tasks",
		"--http-address=" + c.HTTP.String(),
		"--https-address=" + c.HTTPS.String(),
		"--metrics-address=" + metrics.String(),
		"--health-address=" + health.String(),
		"--admin-address=" + w.admin.String(),
		"--drain-delay=0s",
		"--drain-timeout=1s",
	}
	if c.expressions || c.snippet != "" {
		arguments = append(arguments, "--nginx-class="+nginxClass)
	}
	started, err := c.launcher.start(c.cores, w.called, []string{c.cores.environment()}, arguments...)
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, readyLimit)
	defer cancel()
	if err := started.until(limited, func() error { return answers200(limited, "http://"+health.String()+"/readyz") }); err != nil {
		return started, err
	}
	return started, started.until(limited, func() error { return w.cluster.served(limited, namespace) })
}

func (w *warren) profileURL(seconds int) string {
	return fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", w.admin, seconds)
}

func answers200(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, response.Status)
	}
	return nil
}
