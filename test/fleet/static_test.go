// SPDX-License-Identifier: Apache-2.0

//go:build fleet

package fleet

import (
	"os"
	"os/exec"
	"path/filepath"
)

// Servers of files. Most run the application as a CGI program too.
func init() {
	const cgi = "/cgi-bin/app.cgi"
	recipes["apache"] = recipe{files: true, app: true, prefix: cgi, start: func(p place) command {
		addApp(p, "cgi-bin")
		return apache(p, `LoadModule cgid_module /usr/lib/apache2/modules/mod_cgid.so
LoadModule alias_module /usr/lib/apache2/modules/mod_alias.so
LoadModule deflate_module /usr/lib/apache2/modules/mod_deflate.so
LoadModule filter_module /usr/lib/apache2/modules/mod_filter.so
ScriptSock {folder}/cgid
ScriptAlias /cgi-bin/ {folder}/cgi-bin/
AddOutputFilterByType DEFLATE text/html
<Directory {folder}/cgi-bin>
  Options ExecCGI
  Require all granted
</Directory>
`)
	}}
	recipes["apache-dav"] = recipe{files: true, dav: true, start: func(p place) command {
		p.write("www/dav/index.html", "dav\n")
		return apache(p, `LoadModule dav_module /usr/lib/apache2/modules/mod_dav.so
LoadModule dav_fs_module /usr/lib/apache2/modules/mod_dav_fs.so
DavLockDB {folder}/lock
<Directory {www}/dav>
  Dav On
</Directory>
`)
	}}
	recipes["lighttpd"] = recipe{files: true, app: true, dav: true, prefix: cgi, start: func(p place) command {
		p.write("www/dav/index.html", "dav\n")
		addApp(p, "cgi-bin")
		return lighttpd(p, `server.modules += ("mod_cgi", "mod_alias", "mod_webdav")
alias.url = ("/cgi-bin/" => "{folder}/cgi-bin/")
$HTTP["url"] =~ "^/cgi-bin/" { cgi.assign = (".cgi" => "") }
$HTTP["url"] =~ "^/dav/" { webdav.activate = "enable" webdav.sqlite-db-name = "{folder}/dav.db" }
`)
	}}
	recipes["git-http-backend"] = recipe{git: true, start: func(p place) command {
		makeRepository(p)
		return lighttpd(p, `server.modules += ("mod_cgi", "mod_alias", "mod_setenv")
alias.url = ("/repository.git" => "/usr/lib/git-core/git-http-backend/repository.git")
cgi.assign = ("" => "")
setenv.add-environment = ("GIT_PROJECT_ROOT" => "{folder}", "GIT_HTTP_EXPORT_ALL" => "1")
`)
	}}
	recipes["nginx"] = recipe{files: true, dav: true, start: func(p place) command {
		p.write("www/dav/index.html", "dav\n")
		return nginx(p, `server {
    listen 127.0.0.1:{port};
    root {www};
    gzip on;
    location /dav/ { dav_methods PUT DELETE MKCOL COPY MOVE; create_full_put_path on; client_max_body_size 1g; }
  }
`)
	}}
	recipes["caddy"] = recipe{files: true, app: true, prefix: "/app", start: func(p place) command {
		file := p.write("Caddyfile", p.fill(`{
	admin off
	auto_https off
	storage file_system {folder}/storage
	log {
		output discard
	}
}
http://:{port} {
	bind 127.0.0.1
	root * {www}
	encode gzip
	handle_path /app/* {
		reverse_proxy 127.0.0.1:{behind}
	}
	handle {
		file_server
	}
}
`))
		return command{arguments: []string{"caddy", "run", "--config", file, "--adapter", "caddyfile"}, environment: []string{"HOME=" + p.folder}}
	}}
	recipes["h2o"] = recipe{files: true, app: true, prefix: "/app", start: func(p place) command {
		file := p.write("h2o.conf", p.fill(`user: root
listen: {host: 127.0.0.1, port: {port}}
num-threads: 1
hosts:
  default:
    paths:
      /app:
        proxy.reverse.url: http://127.0.0.1:{behind}/
        proxy.preserve-host: ON
      /:
        file.dir: {www}
        compress: [gzip]
`))
		return command{arguments: []string{"h2o", "-c", file}}
	}}
	recipes["busybox"] = recipe{files: true, app: true, prefix: cgi, serial: true, start: func(p place) command {
		addApp(p, "www/cgi-bin")
		return command{arguments: []string{"busybox", "httpd", "-f", "-p", local(p.port), "-h", p.www()}}
	}}
	recipes["mini-httpd"] = recipe{files: true, serial: true, start: func(p place) command {
		return command{arguments: []string{"mini_httpd", "-D", "-h", "127.0.0.1", "-p", p.port, "-d", p.www(), "-u", "root", "-l", os.DevNull,
			"-i", filepath.Join(p.folder, "pid")}}
	}}
	recipes["webfs"] = recipe{files: true, start: func(p place) command {
		return command{arguments: []string{"webfsd", "-F", "-i", "127.0.0.1", "-p", p.port, "-r", p.www(), "-f", "index.html", "-c", "256"}}
	}}
	recipes["weborf"] = recipe{files: true, serial: true, start: func(p place) command {
		return command{arguments: []string{"weborf", "-i", "127.0.0.1", "-p", p.port, "-b", p.www(), "-I", "index.html"}}
	}}
	recipes["micro-httpd"] = recipe{files: true, inetd: func(p place) command {
		return command{arguments: []string{"/usr/sbin/micro-httpd", p.www()}}
	}}
	recipes["civetweb"] = recipe{files: true, app: true, prefix: cgi, serial: true, start: func(p place) command {
		addApp(p, "www/cgi-bin")
		return command{arguments: []string{"civetweb", "-listening_ports", local(p.port), "-document_root", p.www(), "-cgi_pattern", "**.cgi$",
			"-enable_keep_alive", "yes", "-keep_alive_timeout_ms", "5000", "-access_log_file", "", "-error_log_file", ""}}
	}}
	recipes["yaws"] = recipe{files: true, start: func(p place) command {
		file := p.write("yaws.conf", p.fill(`logdir = {folder}
max_connections = nolimit
keepalive_maxuses = nolimit
<server localhost>
  port = {port}
  listen = 127.0.0.1
  docroot = {www}
</server>
`))
		return command{arguments: []string{"yaws", "-i", "--conf", file, "--id", "fleet" + p.port, "--erlarg", "-noinput"},
			environment: []string{"HOME=" + p.folder, "YAWSHOME=" + p.folder}}
	}}
	recipes["mighttpd2"] = recipe{files: true, start: func(p place) command {
		option := p.write("mighty.conf", p.fill(`Port: {port}
Host: 127.0.0.1
Debug_Mode: Yes
User: root
Group: root
Pid_File: {folder}/pid
Logging: No
Log_File: {folder}/log
Log_File_Size: 16777216
Log_Backup_Number: 1
Index_File: index.html
Index_Cgi: index.cgi
Status_File_Dir: {folder}
Connection_Timeout: 30
Proxy_Timeout: 0
Worker_Processes: 1
Service: 0
`))
		route := p.write("mighty.route", p.fill("[*]\n/ -> {www}/\n"))
		return command{arguments: []string{"mighty", option, route}}
	}}
	recipes["fossil"] = recipe{files: true, start: func(p place) command {
		return command{arguments: []string{"fossil", "server", "--localhost", "--port", p.port, "--files", "*", "--nossl", "--repolist", p.www()},
			environment: []string{"HOME=" + p.folder, "USER=root"}}
	}}
}

func apache(p place, more string) command {
	file := p.write("apache.conf", p.fill(`ServerName localhost
ServerRoot {folder}
PidFile {folder}/pid
ErrorLog {folder}/error.log
DefaultRuntimeDir {folder}
Listen 127.0.0.1:{port}
User www-data
Group www-data
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule dir_module /usr/lib/apache2/modules/mod_dir.so
LoadModule mime_module /usr/lib/apache2/modules/mod_mime.so
LoadModule autoindex_module /usr/lib/apache2/modules/mod_autoindex.so
TypesConfig /etc/mime.types
DocumentRoot {www}
DirectoryIndex index.html
<Directory {www}>
  Options Indexes
  Require all granted
</Directory>
`+more))
	// It gives up root's rights.
	p.give("www-data")
	return command{arguments: []string{"apache2", "-DFOREGROUND", "-f", file}}
}

func lighttpd(p place, more string) command {
	file := p.write("lighttpd.conf", p.fill(`server.port = {port}
server.bind = "127.0.0.1"
server.document-root = "{www}"
server.errorlog = "{folder}/error.log"
server.upload-dirs = ("{folder}")
index-file.names = ("index.html")
mimetype.assign = (".html" => "text/html", ".txt" => "text/plain", ".json" => "application/json")
`+more))
	return command{arguments: []string{"lighttpd", "-D", "-f", file}}
}

// nginx is the server. What it is compared with as a proxy is started elsewhere.
func nginx(p place, servers string) command {
	file := p.write("nginx.conf", p.fill(`daemon off;
user root;
pid {folder}/pid;
error_log {folder}/error.log crit;
worker_processes 1;
events { worker_connections 1024; }
http {
  include /etc/nginx/mime.types;
  access_log off;
  client_max_body_size 1g;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  `+servers+`}
`))
	return command{arguments: []string{"nginx", "-p", p.folder, "-c", file}}
}

// addApp puts the CGI program where a server looks for such programs.
func addApp(p place, folder string) {
	p.t.Helper()
	folder = filepath.Join(p.folder, folder)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		p.t.Fatal(err)
	}
	for _, name := range []string{"app.cgi", "content.pl"} {
		text, err := os.ReadFile(filepath.Join(p.apps, "perl", name))
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, name), text, 0o755)
		}
		if err != nil {
			p.t.Fatal(err)
		}
	}
}

// makeRepository makes a repository of Git with one commit, always the same.
func makeRepository(p place) {
	p.t.Helper()
	work := filepath.Join(p.folder, "work")
	for _, arguments := range [][]string{
		{"init", "-q", "-b", "main", work},
		{"-C", work, "-c", "user.name=Fleet", "-c", "user.email=fleet@example.com", "commit", "-q", "--allow-empty", "-m", "Begin"},
		{"clone", "-q", "--bare", work, filepath.Join(p.folder, "repository.git")},
	} {
		git := exec.Command("git", arguments...)
		git.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_AUTHOR_DATE=2026-01-02T03:04:05Z", "GIT_COMMITTER_DATE=2026-01-02T03:04:05Z")
		if output, err := git.CombinedOutput(); err != nil {
			p.t.Fatalf("git %v: %v\n%s", arguments, err, output)
		}
	}
}
