// SPDX-License-Identifier: Apache-2.0

package translate_test

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/controllers/translate"
)

// locationsOfNginx has what nginx did with requests to hosts of several Ingresses, each from a seed of its own. It had
// the locations that ingress-nginx makes of them. "make snippets" asks nginx, and with TESTFLAGS=-update it writes the
// file.
const locationsOfNginx = "testdata/nginx-locations.json"

// hostOfNginx is a host, and what became of requests for it.
type hostOfNginx struct {
	// Ingresses are those of the host, the oldest first.
	Ingresses []ingressOfNginx
	// Requests have the service of the location that took a path, or "RouteNotFound".
	Requests map[string]string
}

type ingressOfNginx struct {
	// Regex is use-regex.
	Regex bool `json:",omitempty"`
	// Paths are as in nginxRule. The service of each is named after the places of the Ingress and of the path.
	Paths []string
}

func (h *hostOfNginx) objects() (list []*rules.Object) {
	for i, from := range h.Ingresses {
		var written []string
		for j, path := range from.Paths {
			written = append(written, fmt.Sprintf("s%d-%d %s", i, j, path))
		}
		o := nginxObject(fmt.Sprint("i", i), i, "x.io", written...)
		o.Hosts[0].Expressions = from.Regex
		list = append(list, o)
	}
	return list
}

func TestHostsOfSeveralIngressesAreTakenAsByNginx(t *testing.T) {
	text, err := os.ReadFile(locationsOfNginx)
	if err != nil {
		t.Fatal(err)
	}
	var hosts []hostOfNginx
	if err := json.Unmarshal(text, &hosts); err != nil {
		t.Fatal(err)
	}
	requests := 0
	for n := range hosts {
		h := &hosts[n]
		x, _, _ := explainer(t, translate.Input{Objects: h.objects()})
		for path, want := range h.Requests {
			requests++
			if got := decided(t, x, "x.io"+path); got != want {
				t.Errorf("host %d %+v: %s is taken by %s, nginx says %s", n, h.Ingresses, path, got, want)
			}
		}
	}
	if len(hosts) < 60 || requests < 600 {
		t.Errorf("only %d requests to %d hosts are on file", requests, len(hosts))
	}
}
