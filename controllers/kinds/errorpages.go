// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// maxErrorPages bounds the error pages of a path, as the schema does.
const maxErrorPages = 8

func annotateErrorPages(path *v1alpha1.IngressPath, value, example string) (fault string) {
	pages, fault := readYAML[[]v1alpha1.ErrorPage](value, example)
	if fault != "" {
		return fault
	}
	if path.ErrorPages = *pages; len(*pages) == 0 {
		return "it has no page: write " + example + " for instance, or take the annotation off"
	}
	return ""
}

// readErrorPages reads which services have pages for which statuses. An annotation meets no schema, so all is checked
// here.
func (r *pathReader) readErrorPages(from []v1alpha1.ErrorPage) (pages []rules.ErrorPage, fault string) {
	if len(from) > maxErrorPages {
		return nil, "errorPages has more than " + strconv.Itoa(maxErrorPages) + " services: write fewer"
	}
	where := func(i int) string { return "errorPages[" + strconv.Itoa(i) + "]" }
	has := make(map[int]int)
	for i := range from {
		page, fault := r.readErrorPage(where(i), &from[i])
		if fault != "" {
			return nil, fault
		}
		for _, status := range page.Statuses {
			if before, twice := has[status]; twice {
				return nil, where(i) + ".statusCodes has " + strconv.Itoa(status) + ", and so has " + where(before) + ": write it in one of them"
			}
			has[status] = i
		}
		pages = append(pages, page)
	}
	return pages, ""
}

func (r *pathReader) readErrorPage(where string, from *v1alpha1.ErrorPage) (page rules.ErrorPage, fault string) {
	page.Backend, fault = readWeighted(where, &v1alpha1.WeightedBackend{
		ServiceName: from.ServiceName, Port: from.Port, Protocol: from.Protocol, TLS: from.TLS,
	})
	if fault != "" {
		return page, fault
	}
	page.Backend.Weight = 0
	for _, status := range from.StatusCodes {
		if status < snapshot.FirstErrorStatus || status > snapshot.LastErrorStatus {
			return page, where + ".statusCodes has " + strconv.Itoa(int(status)) + ": write statuses from 400 to 599, such as 503"
		}
		page.Statuses = append(page.Statuses, int(status))
	}
	if len(page.Statuses) == 0 {
		return page, where + ".statusCodes is empty: list the statuses that the service has a page for, such as 503"
	}
	slices.Sort(page.Statuses)
	page.Statuses = slices.Compact(page.Statuses)
	page.Path = cmp.Or(from.Path, "/")
	asked := strings.ReplaceAll(page.Path, snapshot.StatusInPath, "503")
	if canonical, err := r.canonical(asked); err != nil || canonical != asked {
		return page, where + ".path " + rules.Quote(from.Path) + " is no canonical path: write one such as /{status}.html"
	}
	return page, ""
}
