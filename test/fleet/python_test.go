// SPDX-License-Identifier: Apache-2.0

//go:build fleet

package fleet

import "path/filepath"

// python is Debian's, whatever else is on PATH: its packages are there.
const python = "/usr/bin/python3"

func init() {
	recipes["http.server"] = recipe{files: true, serial: true, start: func(p place) command {
		return pythonCommand(p, python, "-m", "http.server", "--bind", "127.0.0.1", "--directory", p.www(), p.port)
	}}
	script := func(name, file string) {
		recipes[name] = recipe{app: true, start: func(p place) command {
			return pythonCommand(p, python, filepath.Join(p.apps, "python", file), p.port)
		}}
	}
	script("http.server-handler", "http_server.py")
	script("wsgiref", "wsgiref_server.py")
	for _, name := range []string{"http.server-handler", "wsgiref"} {
		few := recipes[name]
		few.serial = true
		recipes[name] = few
	}
	script("gevent", "gevent_server.py")
	script("eventlet", "eventlet_server.py")
	script("waitress", "waitress_server.py")
	script("cheroot", "cheroot_server.py")
	script("werkzeug", "werkzeug_server.py")
	script("tornado", "tornado_server.py")
	script("aiohttp", "aiohttp_server.py")
	with := func(name string, arguments func(p place) []string) {
		recipes[name] = recipe{app: true, start: func(p place) command { return pythonCommand(p, arguments(p)...) }}
	}
	gunicorn := func(name string, more ...string) {
		with(name, func(p place) []string {
			return append([]string{"/usr/bin/gunicorn", "--bind", local(p.port), "--log-level", "critical", "--worker-tmp-dir", p.folder},
				append(more, "wsgi:application")...)
		})
	}
	gunicorn("gunicorn-sync", "--workers", "4")
	gunicorn("gunicorn-gthread", "--worker-class", "gthread", "--threads", "16")
	gunicorn("gunicorn-gevent", "--worker-class", "gevent")
	with("uwsgi", func(p place) []string {
		return []string{"/usr/bin/uwsgi", "--plugin", "python3", "--http-socket", local(p.port), "--wsgi-file", filepath.Join(p.apps, "python", "wsgi.py"),
			"--master", "--processes", "4", "--disable-logging", "--die-on-term"}
	})
	with("twisted", func(p place) []string {
		return []string{"/usr/bin/twist3", "--log-level", "critical", "web", "--listen", "tcp:" + p.port + ":interface=127.0.0.1", "--wsgi", "wsgi.application"}
	})
	with("uvicorn", func(p place) []string {
		return []string{"/usr/bin/uvicorn", "--host", "127.0.0.1", "--port", p.port, "--http", "httptools", "--loop", "uvloop", "--log-level", "critical", "asgi:application"}
	})
	with("uvicorn-h11", func(p place) []string {
		return []string{"/usr/bin/uvicorn", "--host", "127.0.0.1", "--port", p.port, "--http", "h11", "--loop", "asyncio", "--log-level", "critical", "asgi:application"}
	})
	with("hypercorn", func(p place) []string {
		return []string{"/usr/bin/hypercorn", "--bind", local(p.port), "--log-level", "critical", "asgi:application"}
	})
	with("daphne", func(p place) []string {
		return []string{"/usr/bin/daphne", "-v", "0", "-b", "127.0.0.1", "-p", p.port, "asgi:application"}
	})
}

// pythonCommand runs a program that finds the application's modules, and writes nothing beside them.
func pythonCommand(p place, arguments ...string) command {
	return command{arguments: arguments, environment: []string{"PYTHONPATH=" + filepath.Join(p.apps, "python"), "PYTHONDONTWRITEBYTECODE=1", "HOME=" + p.folder}}
}
