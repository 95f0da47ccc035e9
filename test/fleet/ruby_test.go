// SPDX-License-Identifier: Apache-2.0

//go:build fleet

package fleet

import "path/filepath"

func init() {
	with := func(name string, arguments func(p place, app string) []string) {
		recipes[name] = recipe{app: true, start: func(p place) command {
			return command{arguments: arguments(p, filepath.Join(p.apps, "ruby", "config.ru")),
				environment: []string{"HOME=" + p.folder, "RACK_ENV=none", "FLEET_PORT=" + p.port}}
		}}
	}
	with("webrick", func(p place, app string) []string {
		return []string{"/usr/bin/ruby", filepath.Join(p.apps, "ruby", "webrick.rb"), p.port, app}
	})
	with("puma", func(p place, app string) []string {
		return []string{"/usr/bin/puma", "--quiet", "--environment", "none", "--bind", "tcp://" + local(p.port), "--threads", "4:16", app}
	})
	with("thin", func(p place, app string) []string {
		return []string{"/usr/bin/thin", "--address", "127.0.0.1", "--port", p.port, "--rackup", app, "--environment", "none", "--quiet", "start"}
	})
	with("unicorn", func(p place, app string) []string {
		return []string{"/usr/bin/unicorn", "--env", "none", "--config-file", filepath.Join(p.apps, "ruby", "unicorn.rb"), app}
	})
}
