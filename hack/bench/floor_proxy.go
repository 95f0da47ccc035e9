// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"context"
)

// floorProxy is the floor as one of the compared proxies.
type floorProxy struct{ self string }

func (p *floorProxy) name() string            { return floorName }
func (p *floorProxy) version() string         { return "floor: copies bytes both ways, looks at none" }
func (p *floorProxy) cannot(*scenario) string { return "" }

func (p *floorProxy) start(_ context.Context, c *configuration) (*child, error) {
	program := []string{p.self, roleFloor, c.HTTP.String()}
	for _, backend := range c.Backends {
		program = append(program, backend.String())
	}
	return c.launcher.start(c.cores, floorName, []string{c.cores.environment()}, program...)
}
