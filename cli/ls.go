// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"net/url"
)

const listUsage = `warren-ingress ls [routes|certs|tasks] [flags]

Lists what a replica serves now: its routes, its certificates with their expiry, or the Tasks and endpoints with their health.
Its flags:`

// list prints what is served as a table.
func list(ctx context.Context, args []string, s Streams) error {
	c := newCommand("ls", listUsage, s)
	of, err := c.parse(args)
	if err != nil {
		return err
	}
	what := "routes"
	switch {
	case len(of) > 1:
		return misuse{fmt.Errorf("%q is too much: write one of routes, certs and tasks", of[1])}
	case len(of) == 1:
		what = of[0]
	}
	paths := map[string]string{"routes": "/routes", "certs": "/certificates", "tasks": "/tasks"}
	path, ok := paths[what]
	if !ok {
		return misuse{fmt.Errorf("there is no list of %q: write routes, certs or tasks", what)}
	}
	return c.ask(ctx, path, url.Values{})
}
