// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheSamplesAreServedFromFilesAndFollowed(t *testing.T) {
	t.Parallel()
	d := demonstrate(t, "-files")
	shows(t, d.output.String(), "curl http://demo.localhost:", "curl http://standard.localhost:", "controller | Ingress default/demo: Ready=True Served: ")
	if err := d.serves("demo.localhost"); err != nil {
		t.Error(err)
	}
	file := filepath.Join(d.data, "try", "ingress_demo.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(text), "demo.localhost", "mine.localhost")), 0o644); err != nil {
		t.Fatal(err)
	}
	eventually(t, patience, "what was edited", func() error { return d.serves("mine.localhost") })
}

// serves returns an error unless a demo task answers a request for a host.
func (d *demonstration) serves(host string) error {
	request, err := http.NewRequestWithContext(d.t.Context(), http.MethodGet, "http://"+d.http+"/", http.NoBody)
	if err != nil {
		return err
	}
	request.Host = host
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err == nil && !strings.HasPrefix(string(content), "service web, task web-") {
		err = fmt.Errorf("%s is answered with %s %q", host, response.Status, content)
	}
	return err
}
