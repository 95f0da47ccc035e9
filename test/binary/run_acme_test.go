// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/warren-dev/ingress/test/kubeapi"
)

// demonstration is what "make run-acme" or "make try" starts, on ports of its own and without earlier data.
type demonstration struct {
	t           *testing.T
	checkout    string
	data        string
	http, https string
	output      output
}

func demonstrate(t *testing.T, mode string) *demonstration {
	t.Helper()
	checkout, err := kubeapi.Checkout()
	if err != nil {
		t.Fatal(err)
	}
	d := &demonstration{t: t, checkout: checkout, data: t.TempDir(), http: ports.address(t), https: ports.address(t)}
	run := filepath.Join(t.TempDir(), "run")
	build := exec.Command("go", "build", "-buildvcs=false", "-o", run, "./hack/run")
	build.Dir = checkout
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building hack/run: %v\n%s", err, text)
	}
	port := func(address string) string { _, port, _ := net.SplitHostPort(address); return port }
	command := exec.Command(run, mode, "-controller", program.path(t), "-data", d.data,
		"-http-port", port(d.http), "-https-port", port(d.https), "-metrics-port", port(ports.address(t)),
		"-health-port", port(ports.address(t)), "-admin-port", port(ports.address(t)), "-api-port", port(ports.address(t)),
		"-demo-port", strconv.Itoa(ports.row(t, 7)), "-authority-port", strconv.Itoa(ports.row(t, 3)))
	command.Dir = checkout
	command.Stdout, command.Stderr = &d.output, &d.output
	command.SysProcAttr = childAttributes()
	started, ended := make(chan error, 1), make(chan struct{})
	go func() {
		// A child may be bound to the thread that starts it. So the thread must live as long.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := command.Start()
		started <- err
		if err == nil {
			_ = command.Wait() // What it prints shows how it ends.
		}
		close(ended)
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(3 * patience):
			t.Errorf("it has not ended %s after it was asked to", 3*patience)
			_ = command.Process.Kill()
			<-ended
		}
		if t.Failed() {
			t.Logf("the end of its output:\n%s", d.output.end())
		}
	})
	eventually(t, 2*patience, "the samples to be served", func() error {
		select {
		case <-ended:
			t.Fatal("it has ended")
		default:
		}
		if !strings.Contains(d.output.String(), "Ctrl-C ends everything") {
			return errors.New("it has not said how to go on")
		}
		return nil
	})
	return d
}

// kubectl runs kubectl as the output of the demonstration says, and returns what it prints.
func (d *demonstration) kubectl(arguments ...string) string {
	d.t.Helper()
	command := exec.CommandContext(d.t.Context(), filepath.Join(d.checkout, "bin", "kube", "kubectl"),
		append([]string{"--kubeconfig=" + filepath.Join(d.data, "kubeconfig"), "--cache-dir=" + d.t.TempDir()}, arguments...)...)
	text, err := command.CombinedOutput()
	if err != nil {
		d.t.Fatalf("kubectl %s: %v\n%s", strings.Join(arguments, " "), err, text)
	}
	return string(text)
}

// client returns one that trusts only the demonstration's authority. It reaches every host at the address.
func (d *demonstration) client(address string) *http.Client {
	d.t.Helper()
	root, err := os.ReadFile(filepath.Join(d.data, "acme", "root.pem"))
	if err != nil {
		d.t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(root) {
		d.t.Fatal("the authority's root is no certificate")
	}
	return &http.Client{
		Timeout:       patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: pool},
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, network, address)
			}},
	}
}

func TestMakeRunACMEEndsInACertificateForAnIngressThatIsApplied(t *testing.T) {
	t.Parallel()
	d := demonstrate(t, "-acme")
	secure, plain := d.client(d.https), d.client(d.http)
	began := time.Now()
	d.kubectl("apply", "-f", filepath.Join("..", "..", "config", "samples", "ingress_secure.yaml"))
	eventually(t, orderLimit, "a verified answer", func() error {
		response, err := secure.Get("https://secure.example.com/path")
		if err != nil {
			return err
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != http.StatusOK || !strings.HasPrefix(string(text), "service secure-app") {
			return fmt.Errorf("status %d with %q: %w", response.StatusCode, text, err)
		}
		return nil
	})
	t.Logf("there was a verified answer %s after kubectl apply was begun", time.Since(began).Round(time.Millisecond))

	eventually(t, patience, "the redirect", func() error {
		response, err := plain.Get("http://secure.example.com/path?a=b")
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if to := response.Header.Get("Location"); response.StatusCode != http.StatusPermanentRedirect || to != "https://secure.example.com/path?a=b" {
			return fmt.Errorf("status %d to %q", response.StatusCode, to)
		}
		return nil
	})
	d.kubectl("apply", "-f", filepath.Join("..", "..", "config", "samples", "tlscertificate_demo.yaml"))
	d.kubectl("wait", "--for=condition=Ready", "--timeout="+orderLimit.String(), "tlscertificate/demo")
	if got := d.kubectl("get", "secret", "secure-app-tls", "-o", "jsonpath={.type}"); got != "kubernetes.io/tls" {
		t.Errorf("the Secret is of type %q", got)
	}
}
