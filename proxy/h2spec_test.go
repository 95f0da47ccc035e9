// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

// All cases of h2spec pass without exception, even the strict ones. Without TLS one case cannot: what is not the
// preface of HTTP/2 is a request of HTTP/1.1 there, and is answered as one (RFC 9113, section 3.4, wants such a
// connection closed).
func TestHTTP2ConformsToItsSpecification(t *testing.T) {
	t.Parallel()
	key := ecdsaKey(t)
	b := startBackend(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, "an answer with some content")
	})
	p := serve(t)
	p.apply(with(everything(b.address), asDefault(issue(t, "a", key, "a"))))
	address := p.listen("127.0.0.1:0", p.ServeTLS)
	command := exec.CommandContext(t.Context(), filepath.Join("..", "bin", "h2spec"), "-address="+address, "-tls", "-timeout="+patience.String())
	said, err := command.CombinedOutput()
	switch {
	case errors.Is(err, os.ErrNotExist):
		t.Fatalf(`%v: run "make h2spec"`, err)
	case err != nil:
		t.Errorf("%v\n%s", err, said)
	}
}

// asDefault makes a certificate the one for every name.
func asDefault(c snapshot.Certificate) snapshot.Certificate {
	c.Default = true
	return c
}
