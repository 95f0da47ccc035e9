// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// offeredSample is what a user applies to order a certificate.
const offeredSample = "ingress_secure.yaml"

// authority is a certificate authority that takes every name for one of this machine's. It keeps nothing, so each start
// is another authority.
type authority struct {
	ports  ports
	folder string
	path   string
}

func newAuthority(o options, paths files) *authority {
	return &authority{ports: o.ports, folder: paths.acme, path: paths.pebble}
}

// caFile is what its directory is trusted by. rootFile is what its certificates are trusted by.
func (a *authority) caFile() string   { return filepath.Join(a.folder, "ca.pem") }
func (a *authority) rootFile() string { return filepath.Join(a.folder, "root.pem") }
func (a *authority) logFile() string  { return filepath.Join(a.folder, "pebble.log") }

// run returns when ctx has ended, or with an error if the authority ended.
func (a *authority) run(ctx context.Context) error {
	if err := os.MkdirAll(a.folder, 0o700); err != nil {
		return fmt.Errorf("making the authority's folder: %w", err)
	}
	log, err := os.Create(a.logFile())
	if err != nil {
		return fmt.Errorf("making the authority's log: %w", err)
	}
	defer log.Close()
	// Pebble waits for up to five seconds before it looks at a challenge, unless this variable is set.
	c := &child{path: a.path, output: log, env: []string{"PEBBLE_VA_NOSLEEP=1"}, args: []string{
		"-listen=" + loopback(a.ports.authority),
		"-management=" + loopback(a.ports.authorityManagement()),
		"-resolver=" + loopback(a.ports.authorityResolver()),
		"-http-port=" + strconv.Itoa(a.ports.http),
		"-tls-port=" + strconv.Itoa(a.ports.https),
		"-folder=" + a.folder,
	}}
	err = c.runOnce(ctx)
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("the certificate authority ended by itself, see %s: %w", a.logFile(), err)
}

// ready waits until the authority answers, and writes its root. It returns the URL of the directory. The URL differs
// with each start: what was ordered from an earlier one is ordered again.
func (a *authority) ready(ctx context.Context) (directory string, err error) {
	var root []byte
	var last error
	err = waitFor(ctx, readyLimit, "the certificate authority did not answer", func(ctx context.Context) bool {
		root, last = a.root(ctx)
		return last == nil
	})
	if err != nil {
		return "", errors.Join(err, last)
	}
	if err := os.WriteFile(a.rootFile(), root, 0o644); err != nil {
		return "", fmt.Errorf("writing the authority's root: %w", err)
	}
	start := sha256.Sum256(root)
	return fmt.Sprintf("https://%s/dir?start=%x", loopback(a.ports.authority), start[:8]), nil
}

// root asks for the certificate that the authority's chains end in, as PEM.
func (a *authority) root(ctx context.Context) ([]byte, error) {
	content, err := os.ReadFile(a.caFile())
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(content)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, DisableKeepAlives: true}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+loopback(a.ports.authorityManagement())+"/roots/0", nil)
	if err != nil {
		return nil, err
	}
	response, err := (&http.Client{Transport: transport, Timeout: probeTimeout}).Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("its root is answered with %s", response.Status)
	}
	return io.ReadAll(response.Body)
}

// readOffered returns the samples whose services have to be there before the user applies them.
func readOffered(o options, paths files) ([]*unstructured.Unstructured, error) {
	if !o.acme {
		return nil, nil
	}
	content, err := os.ReadFile(filepath.Join(paths.samples, offeredSample))
	if err != nil {
		return nil, fmt.Errorf("reading a sample: %w", err)
	}
	return decode(content)
}

// howToOrder says how to order a certificate, in lines that can be typed as they are.
func (a *authority) howToOrder(paths files, offered []route) string {
	text := fmt.Sprintf("\nTo have a certificate ordered, from an authority of this run's own:\n\n  kubectl apply -f %s\n",
		filepath.Join(paths.samples, offeredSample))
	for _, r := range offered {
		text += fmt.Sprintf("  curl --retry 15 --retry-all-errors --retry-delay 1 --cacert %s --resolve %s:%d:127.0.0.1 https://%[2]s:%[3]d%s\n",
			a.rootFile(), r.exampleHost(), a.ports.https, r.path)
	}
	return text
}
