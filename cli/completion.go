// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/warren-dev/ingress/proxy/explain"
)

// completionPatience is how long somebody waits who pressed the tabulator key.
const completionPatience = 3 * time.Second

// completeURL completes a URL by the hosts and paths that are served.
func (p *program) completeURL(c *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	scheme, rest := "", begun
	if name, after, ok := strings.Cut(begun, "://"); ok {
		scheme, rest = name+"://", after
	}
	var found []string
	for _, r := range p.served(c.Context()) {
		if host := r.Host; host != "" && !strings.HasPrefix(host, "*") {
			if r.Address != "" {
				host = shownAt(host, r.Address)
			}
			if url := host + r.Path; strings.HasPrefix(url, rest) {
				found = append(found, scheme+url)
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// completeHost completes a host by those that are served.
func (p *program) completeHost(c *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	var found []string
	if len(args) == 0 {
		for _, r := range p.served(c.Context()) {
			if r.Host != "" && strings.HasPrefix(r.Host, begun) {
				found = append(found, r.Host)
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found), cobra.ShellCompDirectiveNoFileComp
}

// served returns what the replica serves, nothing if it cannot be asked: there is no place to say why.
func (p *program) served(ctx context.Context) (routes []explain.ServedRoute) {
	if ctx == nil {
		ctx = context.Background()
	}
	ctx, cancel := context.WithTimeout(ctx, completionPatience)
	defer cancel()
	from, err := p.find(ctx)
	if err != nil || answer(ctx, from, routesPath, nil, &routes) != nil {
		return nil
	}
	return routes
}
