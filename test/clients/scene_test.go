// SPDX-License-Identifier: Apache-2.0

//go:build clients

package clients

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	cryptotls "crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/warren-dev/ingress/test/fixture"
	"github.com/warren-dev/ingress/test/kubeapi"
)

// scene is what all clients share: the backend, a certificate for localhost, and files to send.
type scene struct {
	api     *kubeapi.Shared
	backend *backend
	// apache is the address of Apache with WebDAV and Subversion.
	apache string
	// pair is the certificate and its key. Files have them too.
	pair             fixture.KeyPair
	certificate, key string
	// spki is the hash of its key, by which a browser is told to trust it.
	spki string
	// folder has the files that are sent, named after their sizes, and what the backend serves.
	folder    string
	program   string
	arguments []string
}

// Sizes of content.
const (
	small  = 1 << 10
	medium = 1 << 20
	large  = 32 << 20
)

func newScene(t *testing.T, api *kubeapi.Shared) *scene {
	t.Helper()
	folder := t.TempDir()
	// Apache runs as another user.
	for _, each := range []string{folder, filepath.Dir(folder)} {
		if err := os.Chmod(each, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	s := &scene{api: api, folder: folder, certificate: filepath.Join(folder, "certificate.pem"), key: filepath.Join(folder, "key.pem")}
	s.pair = newPair(t)
	leaf, err := x509.ParseCertificate(s.certificateOf(t).Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(leaf.RawSubjectPublicKeyInfo)
	s.spki = base64.StdEncoding.EncodeToString(sum[:])
	s.write(t, "certificate.pem", s.pair.Chain)
	s.write(t, "key.pem", s.pair.Key)
	for _, size := range []int{0, 11, small, medium, large} {
		content := make([]byte, size)
		for i := range content {
			content[i] = 'a'
		}
		s.write(t, strconv.Itoa(size), content)
	}
	s.backend = startBackend(t, folder)
	return s
}

func (s *scene) write(t *testing.T, name string, content []byte) {
	t.Helper()
	name = filepath.Join(s.folder, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

// certificateOf returns the pair as crypto/tls wants it.
func (s *scene) certificateOf(t *testing.T) cryptotls.Certificate {
	t.Helper()
	certificate, err := cryptotls.X509KeyPair(s.pair.Chain, s.pair.Key)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

// newPair makes a certificate for localhost that signed itself.
func newPair(t *testing.T) fixture.KeyPair {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		DNSNames: []string{"localhost", "other.localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		BasicConstraintsValid: true, IsCA: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return fixture.KeyPair{
		Chain: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}),
		Key:   pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}),
	}
}

// port returns the port of an address.
func port(address string) string {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		panic(err)
	}
	return port
}

// compileJava compiles the client of Java once. Each process of it would do that otherwise.
func (s *scene) compileJava(t *testing.T) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(s.folder, "java")); err == nil {
		return
	}
	if said := steps(t, "scripts", nil, "javac -d "+filepath.Join(s.folder, "java")+" JavaClient.java"); said != "done" {
		t.Fatal(said)
	}
}

// noApache is where nothing listens.
const noApache = "127.0.0.1:9"

// makeFiles makes what clients of the table ask the backend for. It starts Apache if one of them needs it.
func (s *scene) makeFiles(t *testing.T, clients []*client) {
	t.Helper()
	s.apache = noApache
	for _, c := range clients {
		switch c.name {
		case "apt":
			s.makeRepository(t)
		case "git":
			s.makeGit(t)
		case "ffmpeg":
			s.makeMedia(t)
		case "Java HttpClient", "Java HttpURLConnection":
			s.compileJava(t)
		case "svn", "cadaver", "rclone":
			s.startApache(t)
		}
	}
}
