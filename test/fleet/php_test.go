// SPDX-License-Identifier: Apache-2.0

//go:build fleet

package fleet

import (
	"os/exec"
	"path/filepath"
	"slices"
)

func init() {
	recipes["php"] = recipe{app: true, start: func(p place) command {
		return command{arguments: []string{"php", "-q", "-d", "error_log=" + filepath.Join(p.folder, "error.log"), "-S", local(p.port), filepath.Join(p.apps, "php", "index.php")},
			environment: []string{"PHP_CLI_SERVER_WORKERS=8"}}
	}}
	recipes["php-fpm"] = recipe{app: true, start: func(p place) command {
		pool := p.write("fpm.conf", p.fill(`[global]
error_log = {folder}/fpm.log
daemonize = no
[www]
listen = {folder}/fpm.sock
user = root
group = root
pm = static
pm.max_children = 8
`))
		server := run(p.t, p.folder, command{arguments: []string{fpm(), "--nodaemonize", "--allow-to-run-as-root", "--fpm-config", pool}})
		p.t.Cleanup(server.stop)
		return nginx(p, `server {
    listen 127.0.0.1:{port};
    location / {
      include /etc/nginx/fastcgi_params;
      fastcgi_param SCRIPT_FILENAME {apps}/php/index.php;
      fastcgi_pass unix:{folder}/fpm.sock;
    }
  }
`)
	}}
}

// fpm returns the program, which has PHP's version in its name.
func fpm() string {
	found, err := filepath.Glob("/usr/sbin/php-fpm*")
	if err != nil || len(found) == 0 {
		return "php-fpm"
	}
	path, err := exec.LookPath(slices.Max(found))
	if err != nil {
		return "php-fpm"
	}
	return path
}
