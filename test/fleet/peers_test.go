// SPDX-License-Identifier: Apache-2.0

//go:build fleet

package fleet

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/warren-dev/ingress/test/fixture"
)

// upstream is where requests for a host go.
type upstream struct{ host, port string }

// upstreams returns those of one way: for each server one, and one for each gap, so that no other request comes in
// between.
func upstreams(servers []*server, ports map[string]string, way string) []upstream {
	var all []upstream
	for _, s := range servers {
		all = append(all, upstream{s.host(""), ports[s.name]})
		for _, g := range gaps() {
			all = append(all, upstream{s.host(g.label(way)), ports[s.name]})
		}
	}
	return all
}

// startNginx starts nginx with the settings that people use in front of applications.
func startNginx(t *testing.T, to []upstream) way {
	t.Helper()
	folder, port := openFolder(t, "nginx"), fixture.FreePort(t)
	var text strings.Builder
	fmt.Fprintf(&text, `daemon off;
pid %[1]s/pid;
error_log %[1]s/error.log crit;
worker_processes 1;
events { worker_connections 8192; }
http {
  access_log off;
  client_body_temp_path %[1]s/body;
  proxy_temp_path %[1]s/proxy;
  fastcgi_temp_path %[1]s/fastcgi;
  uwsgi_temp_path %[1]s/uwsgi;
  scgi_temp_path %[1]s/scgi;
  server_names_hash_max_size 32768;
  server_names_hash_bucket_size 128;
  client_max_body_size 0;
  large_client_header_buffers 8 64k;
  proxy_buffer_size 64k;
  proxy_buffers 8 64k;
  proxy_busy_buffers_size 128k;
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  proxy_set_header Host $http_host;
  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
  proxy_set_header X-Forwarded-Proto $scheme;
`, folder)
	for n, u := range to {
		fmt.Fprintf(&text, "  upstream u%[1]d { server %[2]s; keepalive 32; }\n"+
			"  server { listen %[3]s; server_name %[4]s; location / { proxy_pass http://u%[1]d; } }\n", n, local(u.port), local(port), u.host)
	}
	text.WriteString("}\n")
	file := filepath.Join(folder, "nginx.conf")
	if err := os.WriteFile(file, []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	// As root it would give up its rights, and could not write into its folder.
	arguments := []string{"nginx", "-p", folder, "-c", file}
	if os.Getuid() == 0 {
		arguments = append(arguments, "-g", "user root;")
	}
	run(t, folder, command{arguments: arguments}).awaitListening(t, local(port))
	return way{name: "nginx", address: local(port)}
}

// startHAProxy starts HAProxy with its own defaults, but for times and sizes that the cases want.
func startHAProxy(t *testing.T, to []upstream) way {
	t.Helper()
	folder, port := openFolder(t, "haproxy"), fixture.FreePort(t)
	var text strings.Builder
	fmt.Fprintf(&text, `global
  maxconn 8192
  nbthread 1
  tune.bufsize 131072
  tune.http.maxhdr 1024
defaults
  mode http
  option forwardfor
  timeout connect 10s
  timeout client 60s
  timeout server 60s
  timeout http-keep-alive 60s
frontend all
  bind %s
  use_backend %%[req.hdr(host),lower]
`, local(port))
	for _, u := range to {
		fmt.Fprintf(&text, "backend %s\n  server one %s\n", u.host, local(u.port))
	}
	file := filepath.Join(folder, "haproxy.cfg")
	if err := os.WriteFile(file, []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, folder, command{arguments: []string{"haproxy", "-db", "-f", file}}).awaitListening(t, local(port))
	return way{name: "haproxy", address: local(port)}
}
