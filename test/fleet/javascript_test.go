// SPDX-License-Identifier: Apache-2.0

//go:build fleet

package fleet

import "path/filepath"

func init() {
	for name, file := range map[string]string{
		"node": "http.js", "express": "express.js", "fastify": "fastify.js", "koa": "koa.js", "hapi": "hapi.js",
	} {
		recipes[name] = recipe{app: true, start: func(p place) command {
			return command{arguments: []string{"node", filepath.Join(p.apps, "node", file), p.port}, environment: []string{"NODE_PATH=" + p.modules, "NODE_ENV=production"}}
		}}
	}
}
