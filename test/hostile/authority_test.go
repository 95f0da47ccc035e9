// SPDX-License-Identifier: Apache-2.0

//go:build hostile

package hostile

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/warren-dev/ingress/test/fixture"
	"github.com/warren-dev/ingress/test/kubeapi"
)

// authority is a certificate authority that speaks ACME: Pebble.
type authority struct {
	directory, caFile string
	// http is where it looks for challenges: the replica that orders from it has to listen there.
	http string
}

// startAuthority starts one. It ends with the test.
func startAuthority(t *testing.T) *authority {
	t.Helper()
	checkout, err := kubeapi.Checkout()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(checkout, "bin", "pebble")
	if _, err := os.Stat(file); err != nil {
		t.Fatalf(`%v: run "make pebble"`, err)
	}
	folder, address, http01 := t.TempDir(), fixture.FreeAddress(t), fixture.FreeAddress(t)
	_, port, err := net.SplitHostPort(http01)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(file, "-listen="+address, "-management="+fixture.FreeAddress(t), "-resolver="+fixture.FreeAddress(t),
		"-http-port="+port, "-folder="+folder)
	command.Env = append(os.Environ(), "PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=0")
	var said fixture.Tail
	command.Stdout, command.Stderr = &said, &said
	ended := make(chan struct{})
	if err := startInForeground(command, func(error) { close(ended) }); err != nil {
		t.Fatalf("starting the authority: %v", err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		<-ended
		if t.Failed() {
			t.Logf("the end of what the authority says:\n%s", said.String())
		}
	})
	a := &authority{directory: "https://" + address + "/dir", caFile: filepath.Join(folder, "ca.pem"), http: http01}
	eventually(t, "the authority", func() error {
		roots := x509.NewCertPool()
		content, err := os.ReadFile(a.caFile)
		if err != nil {
			return err
		}
		roots.AppendCertsFromPEM(content)
		client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: roots}}}
		response, err := client.Get(a.directory)
		if err != nil {
			return err
		}
		return response.Body.Close()
	})
	return a
}

// arguments have a replica order from it.
func (a *authority) arguments() []string {
	return []string{"--acme-directory=" + a.directory, "--acme-ca-file=" + a.caFile, httpFlag + a.http}
}
