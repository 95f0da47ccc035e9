// SPDX-License-Identifier: Apache-2.0

// Command pebble is a certificate authority that speaks ACME, for tests and for trying things out. It takes every name
// for one of this machine's, or of another address. It keeps nothing, and signs with a root that it makes when it
// starts.
//
// It prints what it does on standard output. Pebble's own variables, such as PEBBLE_WFE_NONCEREJECT, make it misbehave.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"flag"
	"fmt"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/letsencrypt/challtestsrv"
	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
)

func main() {
	address := flag.String("listen", "127.0.0.1:14000", "`address` of the directory, at https://ADDRESS/dir")
	management := flag.String("management", "127.0.0.1:15000", "`address` of Pebble's management interface, with the root at /roots/0 and ca.pem at /ca.pem")
	resolver := flag.String("resolver", "127.0.0.1:18053", "`address` of the resolver that gives every name one address")
	answer := flag.String("answer", "127.0.0.1", "IPv4 `address` that every name has")
	reached := flag.String("reached", "127.0.0.1", "IP `address` that the directory is reached at besides, for its own certificate")
	httpPort := flag.Int("http-port", 8000, "`port` that HTTP-01 challenges are looked for at")
	tlsPort := flag.Int("tls-port", 8443, "`port` that TLS-ALPN-01 challenges are looked for at")
	folder := flag.String("folder", ".", "`folder` that ca.pem, which the directory's own certificate is trusted by, is written to")
	validity := flag.Uint64("validity", 90*24*60*60, "`seconds` that certificates are valid for")
	retryAfter := flag.Int("retry-after", 1, "`seconds` to wait between two looks at an order")
	flag.Parse()
	if err := run(*address, *management, *resolver, *answer, *reached, *folder, *httpPort, *tlsPort, *retryAfter, *validity); err != nil {
		fmt.Fprintln(os.Stderr, "pebble:", err)
		os.Exit(1)
	}
}

func run(address, management, resolver, answer, reached, folder string, httpPort, tlsPort, retryAfter int, validity uint64) error {
	names, err := challtestsrv.New(challtestsrv.Config{DNSAddrs: []string{resolver}, Log: log.New(os.Stderr, "", 0)})
	if err != nil {
		return fmt.Errorf("making the resolver: %w", err)
	}
	names.SetDefaultDNSIPv4(answer)
	names.SetDefaultDNSIPv6("")
	go names.Run()

	certificate, text, err := ownCertificate(reached)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, "ca.pem"), text, 0o644); err != nil {
		return fmt.Errorf("writing the directory's own certificate: %w", err)
	}
	logger := log.New(os.Stdout, "", log.LstdFlags|log.Lmicroseconds)
	store := db.NewMemoryStore()
	// There is only one. Of several, Pebble takes any for an order that names none.
	profiles := map[string]ca.Profile{"default": {Description: "as long as the flag says", ValidityPeriod: validity}}
	authority := ca.New(logger, store, "", "ecdsa", 1, 1, profiles)
	front := wfe.New(logger, store, va.New(logger, httpPort, tlsPort, false, resolver, store), authority,
		[]string{"pebble.letsencrypt.org"}, false, false, retryAfter, retryAfter)
	manage := http.NewServeMux()
	manage.Handle("/", front.ManagementHandler())
	manage.HandleFunc("GET /ca.pem", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(text) })
	failed := make(chan error, 2)
	go func() { failed <- serve(management, certificate, manage) }()
	go func() { failed <- serve(address, certificate, front.Handler()) }()
	return <-failed
}

func serve(address string, certificate tls.Certificate, handler http.Handler) error {
	server := &http.Server{Addr: address, Handler: handler, ReadHeaderTimeout: 10 * time.Second,
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{certificate}}}
	return server.ListenAndServeTLS("", "")
}

// ownCertificate makes the directory's own certificate. It also returns it as PEM.
func ownCertificate(reached string) (tls.Certificate, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	now := time.Now()
	template := &x509.Certificate{SerialNumber: big.NewInt(now.UnixNano()), NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.ParseIP(reached)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), nil
}
