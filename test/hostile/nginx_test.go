// SPDX-License-Identifier: Apache-2.0

//go:build hostile

package hostile

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/warren-dev/ingress/test/fixture"
)

// nginx is a server to compare a replica with. It stands before the same backend, with its defaults but for connections
// to the backend that are kept.
type nginx struct{ http string }

// startNginx starts one that may have so many descriptors, as many of them for connections as its default is at most.
// It returns nil where there is no nginx, and says so. It ends with the test.
func startNginx(t *testing.T, backend string, descriptors int) *nginx {
	t.Helper()
	file, err := exec.LookPath("nginx")
	if err != nil {
		t.Logf("the replica is compared with no nginx: %v", err)
		return nil
	}
	folder, n := t.TempDir(), &nginx{http: fixture.FreeAddress(t)}
	configuration := filepath.Join(folder, "nginx.conf")
	text := fmt.Sprintf(`
daemon off;
master_process off;
pid %[1]s/pid;
error_log stderr crit;
worker_rlimit_nofile %[2]d;
events { worker_connections %[3]d; }
http {
  access_log off;
  client_body_temp_path %[1]s/body;
  proxy_temp_path %[1]s/proxy;
  fastcgi_temp_path %[1]s/fastcgi;
  uwsgi_temp_path %[1]s/uwsgi;
  scgi_temp_path %[1]s/scgi;
  upstream backend { server %[4]s; keepalive 32; }
  server {
    listen %[5]s;
    location / {
      proxy_pass http://backend;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
    }
  }
}`, folder, descriptors, min(descriptors, 512), backend, n.http)
	if err := os.WriteFile(configuration, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var said fixture.Tail
	command := exec.Command(file, "-p", folder, "-e", "stderr", "-c", configuration)
	command.Stdout, command.Stderr = &said, &said
	ended := make(chan struct{})
	if err := startInForeground(command, func(error) { close(ended) }); err != nil {
		t.Fatalf("starting nginx: %v", err)
	}
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		<-ended
	})
	eventually(t, "nginx", func() error {
		select {
		case <-ended:
			t.Fatalf("nginx ended:\n%s", said.String())
		default:
		}
		response, err := http.Get("http://" + n.http + "/")
		if err != nil {
			return err
		}
		return response.Body.Close()
	})
	return n
}
