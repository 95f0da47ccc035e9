// SPDX-License-Identifier: Apache-2.0

//go:build fleet

package fleet

import "path/filepath"

// perl is Debian's, whatever else is on PATH: its packages are there.
const perl = "/usr/bin/perl"

func init() {
	with := func(name string, arguments func(p place, app string) []string) {
		recipes[name] = recipe{app: true, start: func(p place) command {
			return command{arguments: append([]string{perl}, arguments(p, filepath.Join(p.apps, "perl", "app.psgi"))...),
				environment: []string{"MOJO_MODE=production", "HOME=" + p.folder}}
		}}
	}
	with("starman", func(p place, app string) []string {
		return []string{"/usr/bin/starman", "--listen", local(p.port), "--workers", "32", "--error-log", filepath.Join(p.folder, "error.log"), app}
	})
	plackup := func(name, handler string, more ...string) {
		with(name, func(p place, app string) []string {
			return append([]string{"/usr/bin/plackup", "--no-default-middleware", "--server", handler, "--host", "127.0.0.1", "--port", p.port}, append(more, app)...)
		})
	}
	plackup("starlet", "Starlet", "--max-workers", "32", "--max-keepalive-reqs", "100")
	plackup("twiggy", "Twiggy")
	plackup("plack", "HTTP::Server::PSGI")
	few := recipes["plack"]
	few.serial = true
	recipes["plack"] = few
	with("mojolicious", func(p place, _ string) []string {
		return []string{filepath.Join(p.apps, "perl", "mojo.pl"), "daemon", "--listen", "http://" + local(p.port), "--clients", "10000"}
	})
	with("http-daemon", func(p place, _ string) []string {
		return []string{filepath.Join(p.apps, "perl", "http_daemon.pl"), p.port}
	})
}
