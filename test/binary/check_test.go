// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
)

// checks runs the program with --check and returns what it prints.
func checks(t *testing.T, target string) (string, error) {
	t.Helper()
	output, err := exec.CommandContext(t.Context(), program.path(t), "--check="+target).CombinedOutput()
	return string(output), err
}

func TestCheckPassesWhereTheControllerAnswers(t *testing.T) {
	t.Parallel()
	c := newScene(t).start().ready()
	said, err := checks(t, "http://"+c.http+"/")
	if err != nil || !strings.Contains(said, `404 Not Found warren; error=`) {
		t.Errorf("it says %q (%v), want the answer of the controller", said, err)
	}
}

func TestCheckTriesAgainWhileAnotherServerHasNothingBehindIt(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	said, err := checks(t, server.URL)
	if err != nil || asked.Load() != 2 || !strings.Contains(said, "200 OK") {
		t.Errorf("after %d requests it says %q (%v), want 200 at the second", asked.Load(), said, err)
	}
}

func TestCheckOfWhatIsNoAddressFailsAtOnce(t *testing.T) {
	t.Parallel()
	said, err := checks(t, "warren-ingress:80")
	if err == nil || !strings.Contains(said, "such as http://10.96.0.10/") {
		t.Errorf("it says %q (%v), want what to write", said, err)
	}
}
