// SPDX-License-Identifier: Apache-2.0

//go:build snippets

package snippets

import (
	"bytes"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/test/fixture"
)

const (
	// samples is how many snippets are made, and requests how many requests are asked of each.
	samples, requests = 1000, 20
	// mostClosed bounds how many of them may be closed, in per cent: a snippet that is closed proves nothing.
	mostClosed = 3
	// module is where Debian puts headers-more.
	module = "/usr/lib/nginx/modules/ngx_http_headers_more_filter_module.so"
)

// head is the part of nginx's configuration that all servers share. It has of ingress-nginx's what a snippet can see.
const head = `
load_module %[1]s;
daemon off;
master_process off;
pid %[2]s/nginx.pid;
error_log %[2]s/error.log error;
events { worker_connections 1024; }
http {
  include /etc/nginx/mime.types;
  default_type text/html;
  access_log off;
  root %[2]s/nothing;
  client_body_temp_path %[2]s/body;
  proxy_temp_path %[2]s/proxy;
  fastcgi_temp_path %[2]s/fastcgi;
  uwsgi_temp_path %[2]s/uwsgi;
  scgi_temp_path %[2]s/scgi;
  server_names_hash_max_size 8192;
  server_names_hash_bucket_size 128;
  variables_hash_max_size 4096;
  variables_hash_bucket_size 256;
  map_hash_bucket_size 128;
  proxy_headers_hash_max_size 1024;
  proxy_headers_hash_bucket_size 128;
  server_tokens off;
  port_in_redirect off; # as it is where the ports are the usual ones
  more_clear_headers Server;
  uninitialized_variable_warn off;
  rewrite_log off;
  keepalive_requests 100000;
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  map $http_x_request_id $req_id { default $http_x_request_id; "" $request_id; }
  upstream upstream_balancer { server %[3]s; keepalive 32; keepalive_requests 100000; }
`

// location is a location as ingress-nginx writes it.
const location = `
    location %[1]s {
      set $namespace "shop"; set $ingress_name "web"; set $service_name "cart"; set $service_port "8080"; set $location_path "%[2]s";
      port_in_redirect off;
      set $proxy_upstream_name "shop-cart-8080";
      set $proxy_host $proxy_upstream_name;
      set $pass_access_scheme $scheme;
      set $pass_server_port $server_port;
      set $best_http_host $http_host;
      set $pass_port $pass_server_port;
      set $proxy_alternative_upstream_name "";
      client_max_body_size 1m;
      proxy_set_header Host $best_http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_set_header X-Request-ID $req_id;
      proxy_set_header X-Real-IP $remote_addr;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Host $best_http_host;
      proxy_set_header X-Forwarded-Port $pass_port;
      proxy_set_header X-Forwarded-Proto $pass_access_scheme;
      proxy_set_header X-Forwarded-Scheme $pass_access_scheme;
      proxy_set_header X-Scheme $pass_access_scheme;
      proxy_set_header X-Original-Forwarded-For $http_x_forwarded_for;
      proxy_set_header X-Original-Forwarded-Host $http_x_forwarded_host;
      proxy_set_header Proxy "";
      proxy_connect_timeout 5s;
      proxy_send_timeout 60s;
      proxy_read_timeout 60s;
      proxy_buffering off;
      proxy_buffer_size 4k;
      proxy_buffers 4 4k;
      proxy_request_buffering on;
      proxy_http_version 1.1;
      proxy_cookie_domain off;
      proxy_cookie_path off;
      proxy_next_upstream error timeout;
      proxy_next_upstream_timeout 0;
      proxy_next_upstream_tries 3;
%[3]s
%[4]s
      proxy_pass http://upstream_balancer;
      proxy_redirect off;
    }
`

// server returns the server of a sample.
func (s *sample) server(port string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "  server {\n    listen 127.0.0.1:%s;\n    server_name %s;\n    set $proxy_upstream_name \"-\";\n%s\n", port, s.Host, s.Server)
	if s.Path != "" {
		fmt.Fprintf(&b, location, `~* "^`+s.Path+`"`, strings.ReplaceAll(s.Path, "$", "${literal_dollar}"), s.Configuration, fmt.Sprintf("rewrite \"(?i)%s\" %s break;", s.Path, s.Target))
		fmt.Fprintf(&b, location, `"/"`, "/", "return 404;", "") // the default backend
	} else {
		fmt.Fprintf(&b, location, `"/b/"`, "/b", s.Configuration, "")
		fmt.Fprintf(&b, location, `= "/b"`, "/b", s.Configuration, "")
		fmt.Fprintf(&b, location, `"/"`, "/", s.Configuration, "")
	}
	b.WriteString("  }\n")
	return b.String()
}

// startNginx starts nginx with all samples, and returns its address.
func startNginx(t *testing.T, list []*sample, backend netip.AddrPort) string {
	t.Helper()
	if _, err := os.Stat(module); err != nil {
		t.Fatalf("%v: make snippets installs it", err)
	}
	directory := t.TempDir()
	port := fixture.FreePort(t)
	var b strings.Builder
	fmt.Fprintf(&b, head, module, directory, backend)
	b.WriteString("  geo $literal_dollar { default \"$\"; }\n")
	for _, s := range list {
		b.WriteString(s.server(port))
	}
	b.WriteString("}\n")
	file := filepath.Join(directory, "nginx.conf")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("nginx", "-t", "-c", file).CombinedOutput(); err != nil {
		kept := filepath.Join(os.TempDir(), "snippets-nginx.conf")
		_ = os.WriteFile(kept, []byte(b.String()), 0o600)
		t.Fatalf("%v: %s(the configuration is in %s)", err, out, kept)
	}
	var errors bytes.Buffer
	command := exec.Command("nginx", "-c", file)
	command.Stderr = &errors
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Signal(os.Interrupt)
		_ = command.Wait()
		if text := errors.String(); text != "" {
			t.Logf("nginx: %s", text)
		}
	})
	address := net.JoinHostPort("127.0.0.1", port)
	fixture.Eventually(t, func() error {
		c, err := net.Dial("tcp", address)
		if err != nil {
			return fmt.Errorf("nginx does not answer: %w", err)
		}
		return c.Close()
	})
	return address
}

// Every snippet does what nginx does, or closes.
func TestSnippetsDoWhatNginxDoes(t *testing.T) {
	count := samples
	if text := os.Getenv("SAMPLES"); text != "" {
		var err error
		if count, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	var list []*sample
	for seed := range uint64(count) {
		list = append(list, newSample(seed))
	}
	backend := startBackend(t)
	ours, closed := startOurs(t, list, backend)
	nginx := startNginx(t, list, backend)
	c := newClient(t)
	asked, differ := 0, map[uint64]bool{}
	var golden []record
	for _, s := range list {
		if closed[s.Seed] != nil {
			continue
		}
		for i, q := range s.questions(requests) {
			asked++
			theirs, err := c.ask(nginx, s.Host, &q)
			if err != nil {
				t.Fatalf("nginx, seed %d, %s: %v", s.Seed, q.text(), err)
			}
			theirs.Seen.settleNginx()
			if s.Seed < goldenSamples && i < goldenRequests {
				golden = append(golden, record{Seed: s.Seed, Request: i, Lines: theirs.lines()})
			}
			got, err := c.ask(ours, s.Host, &q)
			if err != nil {
				t.Errorf("ours, seed %d, %s: %v", s.Seed, q.text(), err)
				differ[s.Seed] = true
				continue
			}
			if diff := cmp.Diff(theirs.lines(), got.lines()); diff != "" {
				if !differ[s.Seed] {
					t.Errorf("seed %d, path %q, server:\n%s\nlocation:\n%s\n%s (-nginx +ours):\n%s", s.Seed, s.Path, s.Server, s.Configuration, q.text(), diff)
				}
				differ[s.Seed] = true
			}
		}
	}
	t.Logf("%d requests of %d snippets, %d of which are closed; %d differ", asked, len(list), len(closed), len(differ))
	for _, seed := range slices.Sorted(maps.Keys(closed)) {
		t.Logf("closed: seed %d: %v", seed, closed[seed])
	}
	if len(closed)*100 > len(list)*mostClosed {
		t.Errorf("%d of %d snippets are closed", len(closed), len(list))
	}
	if *update && count == samples && len(differ) == 0 {
		writeGolden(t, golden)
	}
}
