// SPDX-License-Identifier: Apache-2.0

//go:build clients

package clients

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/warren-dev/ingress/test/fixture"
)

// startNginx starts nginx with Debian's defaults, but for what the cases need: contents of any length that are not
// gathered, long heads, WebSockets.
func (s *scene) startNginx(t *testing.T) *front {
	t.Helper()
	f := &front{name: "nginx", plain: fixture.FreeAddress(t), secure: fixture.FreeAddress(t), h2c: fixture.FreeAddress(t)}
	folder := t.TempDir()
	user := ""
	if os.Getuid() == 0 {
		user = "user root;"
	}
	configuration := strings.NewReplacer("USER", user, "FOLDER", folder, "PLAIN", f.plain, "SECURE", f.secure, "H2C", f.h2c,
		"CERTIFICATE", s.certificate, "KEY", s.key, "BACKEND", s.backend.address, "APACHE", s.apache).Replace(nginxConfiguration)
	file := filepath.Join(folder, "nginx.conf")
	if err := os.WriteFile(file, []byte(configuration), 0o600); err != nil {
		t.Fatal(err)
	}
	f.process = startProcess(t, "nginx", "nginx", "-c", file, "-p", folder, "-e", filepath.Join(folder, "error.log"), "-g", "daemon off;")
	f.process.listening(f.plain)
	useUp(t, f)
	return f
}

const nginxConfiguration = `
USER
worker_processes 1;
pid FOLDER/pid;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path FOLDER/body;
  proxy_temp_path FOLDER/proxy;
  fastcgi_temp_path FOLDER/fastcgi;
  uwsgi_temp_path FOLDER/uwsgi;
  scgi_temp_path FOLDER/scgi;
  large_client_header_buffers 8 64k;
  proxy_buffer_size 64k;
  proxy_buffers 8 64k;
  limit_req_zone $binary_remote_addr zone=once:1m rate=1r/m;
  map $http_upgrade $hop { default upgrade; '' ''; }
  server {
    listen PLAIN;
    listen H2C http2;
    listen SECURE ssl http2;
    ssl_certificate CERTIFICATE;
    ssl_certificate_key KEY;
    client_max_body_size 0;
    proxy_http_version 1.1;
    proxy_request_buffering off;
    proxy_set_header Host $http_host;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $hop;
    location / { proxy_pass http://BACKEND; }
    location /dav/ { proxy_pass http://APACHE; }
    location /svn/ { proxy_pass http://APACHE; }
    location /denied/ { deny all; }
    location /git/refused.git/git-receive-pack { deny all; }
    location /limited/ { limit_req zone=once; limit_req_status 429; proxy_pass http://BACKEND; }
    location /empty/ { return 503; }
    location /buffered/ { client_max_body_size 64k; proxy_request_buffering on; proxy_pass http://BACKEND; }
    location /clients.Echo/ { grpc_pass grpc://BACKEND; }
  }
}
`

// startHAProxy starts HAProxy with buffers that hold the heads that the cases have.
func (s *scene) startHAProxy(t *testing.T) *front {
	t.Helper()
	f := &front{name: "haproxy", plain: fixture.FreeAddress(t), secure: fixture.FreeAddress(t)}
	f.h2c = f.plain
	folder := t.TempDir()
	both := filepath.Join(folder, "both.pem")
	var pem []byte
	for _, part := range []string{s.certificate, s.key} {
		content, err := os.ReadFile(part)
		if err != nil {
			t.Fatal(err)
		}
		pem = append(pem, content...)
	}
	if err := os.WriteFile(both, pem, 0o600); err != nil {
		t.Fatal(err)
	}
	configuration := strings.NewReplacer("PLAIN", f.plain, "SECURE", f.secure, "BOTH", both,
		"BACKEND", s.backend.address, "APACHE", s.apache).Replace(haproxyConfiguration)
	file := filepath.Join(folder, "haproxy.cfg")
	if err := os.WriteFile(file, []byte(configuration), 0o600); err != nil {
		t.Fatal(err)
	}
	f.process = startProcess(t, "haproxy", "haproxy", "-db", "-f", file)
	f.process.listening(f.plain)
	useUp(t, f)
	return f
}

const haproxyConfiguration = `
global
  maxconn 1000
  nbthread 2
  tune.bufsize 131072
  tune.http.maxhdr 512
  h2-workaround-bogus-websocket-clients
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend clients
  bind PLAIN
  bind SECURE ssl crt BOTH alpn h2,http/1.1
  stick-table type ip size 1k expire 1h store http_req_cnt
  http-request track-sc0 src if { path_beg /limited/ }
  http-request deny deny_status 403 if { path_beg /denied/ } or { path /git/refused.git/git-receive-pack }
  http-request deny deny_status 429 if { path_beg /limited/ } { sc_http_req_cnt(0) gt 1 }
  http-request deny deny_status 413 if { path_beg /buffered/ } { req.hdr_val(content-length) gt 65536 }
  http-request wait-for-body time 2s at-least 65537 if { path_beg /buffered/ }
  http-request deny deny_status 413 if { path_beg /buffered/ } { req.body_size gt 65536 }
  use_backend nobody if { path_beg /empty/ }
  use_backend apache if { path_beg /dav/ } or { path_beg /svn/ }
  use_backend calls if { path_beg /clients.Echo/ }
  default_backend web
backend web
  server web BACKEND
backend calls
  server calls BACKEND proto h2
backend apache
  server apache APACHE
backend nobody
`
