// SPDX-License-Identifier: Apache-2.0

//go:build fleet

package fleet

import (
	"path/filepath"
)

// Caches in front of the application in this process.
func init() {
	recipes["varnish"] = recipe{app: true, start: func(p place) command {
		file := p.write("default.vcl", p.fill("vcl 4.1;\nbackend default { .host = \"127.0.0.1\"; .port = \"{behind}\"; }\n"))
		return command{arguments: []string{"varnishd", "-F", "-j", "none", "-a", local(p.port), "-f", file, "-n", filepath.Join(p.folder, "varnish"),
			"-s", "malloc,32m", "-p", "vsl_space=1M"}}
	}}
	recipes["squid"] = recipe{app: true, start: func(p place) command {
		p.give("proxy")
		file := p.write("squid.conf", p.fill(`http_port 127.0.0.1:{port} accel defaultsite=localhost vhost
cache_peer 127.0.0.1 parent {behind} 0 no-query originserver
http_access allow all
cache deny all
cache_mem 16 MB
access_log none
cache_log /dev/null
cache_store_log none
pid_filename none
netdb_filename none
coredump_dir {folder}
shutdown_lifetime 0 seconds
pinger_enable off
`))
		return command{arguments: []string{"squid", "-N", "-n", "fleet" + p.port, "-f", file}}
	}}
	recipes["go"] = recipe{app: true, handler: true}
}
