// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"maps"
	"net/url"
	"path"
	"slices"
	"strings"
)

// checkLinks returns the links within the checkout that lead to no file, or to no heading of a page. It asks no other
// server for what links lead to there.
func checkLinks(pages map[string]*page, exists func(name string) bool) (faults []fault) {
	for _, name := range slices.Sorted(maps.Keys(pages)) {
		for _, l := range pages[name].links {
			if text := wrongLink(name, l.target, pages, exists); text != "" {
				faults = append(faults, fault{name, l.line, text})
			}
		}
	}
	return faults
}

// wrongLink says what is wrong with a link of a page. It returns nothing if it leads somewhere.
func wrongLink(from, target string, pages map[string]*page, exists func(name string) bool) string {
	u, err := url.Parse(target)
	if err != nil {
		return fmt.Sprintf("the link to %q is none: %v", target, err)
	}
	if u.Scheme != "" || u.Host != "" {
		return ""
	}
	to := from
	if u.Path != "" {
		to = path.Join(path.Dir(from), u.Path)
	}
	switch {
	case to == ".." || strings.HasPrefix(to, "../"):
		return fmt.Sprintf("the link to %s leads out of the checkout", target)
	case !exists(to):
		return fmt.Sprintf("the link to %s leads to no file: there is no %s", target, to)
	case u.Fragment == "":
		return ""
	case pages[to] == nil:
		return fmt.Sprintf("the link to %s has an anchor, and %s is no page", target, to)
	case !pages[to].anchors[u.Fragment]:
		return fmt.Sprintf("the link to %s leads to no heading of %s", target, to)
	}
	return ""
}
