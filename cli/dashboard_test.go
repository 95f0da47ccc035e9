// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDashboardPrintsTheAddressOfAPageThatIsThere(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+replicaPath, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("{}")) })
	server := httptest.NewServer(mux)
	defer server.Close()
	address := server.Listener.Addr().String()
	got := runWith("", "dashboard", "--admin-address", address)
	if want := "http://" + address + "/\n"; got.code != 0 || got.out != want || got.err != "" {
		t.Errorf("%+v, want %q", got, want)
	}
	older := httptest.NewServer(http.NotFoundHandler())
	defer older.Close()
	if got := runWith("", "dashboard", "--admin-address", older.Listener.Addr().String()); got.code != exitFailure || got.out != "" || !strings.Contains(got.err, "404") {
		t.Errorf("of a replica without a page: %+v", got)
	}
	if got := runWith("", "dashboard", "shop"); got.code != exitMisuse || !strings.Contains(got.err, "dashboard has only flags") {
		t.Errorf("with an argument: %+v", got)
	}
}

// forwardDouble says what kubectl says when it forwards a port, and ends.
const forwardDouble = `#!/bin/sh
folder=$(dirname "$0")
for argument; do printf '%s\037' "$argument"; done >>"$folder/calls"
echo >>"$folder/calls"
case "$*" in
*port-forward*) [ ! -e "$folder/refused" ] || { cat "$folder/refused" >&2; exit 1; }
  echo "Forwarding from 127.0.0.1:43117 -> 9091"
  echo "Handling connection for 43117" ;;
*) cat "$folder/get" ;;
esac
`

func TestPluginForwardsAPortToThePage(t *testing.T) {
	calls := withKubectl(t, map[string]string{"get": pods(podJSON("infra", "edge", "edge-a", "True", "--admin-address=127.0.0.1:1234"))})
	folder, _, _ := strings.Cut(os.Getenv("PATH"), ":")
	if err := os.WriteFile(filepath.Join(folder, "kubectl"), []byte(forwardDouble), 0o700); err != nil {
		t.Fatal(err)
	}
	got := runPlugin("--context=prod", "dashboard", "--port=8099")
	if got.code != 0 || got.out != "http://127.0.0.1:43117/\n" || !strings.Contains(got.err, "pod/edge-a in namespace infra") {
		t.Errorf("%+v", got)
	}
	all := calls()
	want := []string{"--context=prod", "port-forward", "--namespace=infra", "--address=127.0.0.1", "pod/edge-a", "8099:1234"}
	if diff := cmp.Diff(want, all[len(all)-1]); diff != "" {
		t.Errorf("kubectl's arguments (-want +got):\n%s", diff)
	}
	if err := os.WriteFile(filepath.Join(folder, "refused"), []byte("Error from server (Forbidden): pods/portforward\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := runPlugin("dashboard", "-n", "infra", "--deployment", "edge"); got.code != exitFailure || got.out != "" || !strings.Contains(got.err, "Forbidden") {
		t.Errorf("refused: %+v", got)
	}
	all = calls()
	if got := all[len(all)-1]; got[len(got)-2] != "deployment/edge" || got[len(got)-1] != ":9091" {
		t.Errorf("of a Deployment kubectl gets %q", got)
	}
}

func TestPluginForwardsWhileTheBrowserIsOpen(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("another program than xdg-open opens a page here")
	}
	withKubectl(t, map[string]string{"get": pods(podJSON("infra", "edge", "edge-a", "True"))})
	folder, _, _ := strings.Cut(os.Getenv("PATH"), ":")
	for name, script := range map[string]string{
		// More connections than a pipe has room for.
		"kubectl": strings.Replace(forwardDouble, `echo "Handling connection for 43117"`,
			`i=0; while [ $i -lt 4000 ]; do echo "Handling connection for 43117"; i=$((i+1)); done; : >"$folder/handled"`, 1),
		"xdg-open": "#!/bin/sh\nuntil [ -e \"${0%/*}/handled\" ]; do sleep 0.1; done\n",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if got := runPlugin("dashboard", "--open"); got.code != 0 || got.out != "http://127.0.0.1:43117/\n" {
		t.Errorf("%+v", got)
	}
}
