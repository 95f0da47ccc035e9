// SPDX-License-Identifier: Apache-2.0

package nginx

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

var errorPageNames = []Name{
	acts("default-backend", "The Service of the Ingress's own namespace that answers where no endpoint takes a request. It has the pages of `custom-http-errors` too.", readService),
	acts("custom-http-errors", "The statuses from 400 for which `default-backend` is asked for `/`, by GET or HEAD. What it answers is what the client gets, the status too.", readStatuses),
	acts("disable-proxy-intercept-errors", "`true` switches `custom-http-errors` off.", boolean(func(t *Terms) *bool { return &t.noPages })),
}

func readService(t *Terms, value string) (fault string) {
	if value == "" || !rules.ValidHost(value) || value[0] == '*' {
		return rules.Quote(value) + " is no name of a Service: write one such as error-pages"
	}
	t.pages = value
	return ""
}

func readStatuses(t *Terms, value string) (fault string) {
	var list []int
	for _, text := range fields(value) {
		status, err := strconv.Atoi(text)
		if err != nil || status < snapshot.FirstErrorStatus || status > snapshot.LastErrorStatus {
			return rules.Quote(text) + " is no status of an error: write some from 400 to 599, with commas between them"
		}
		list = append(list, status)
	}
	slices.Sort(list)
	t.pageStatuses = slices.Compact(list)
	return ""
}

// errorPages has a rule ask default-backend for pages, and has that answer where no endpoint does.
func (r *reading) errorPages(rule *rules.Rule) {
	t := &r.terms
	if t.pages == "" || len(rule.Backends) == 0 {
		return
	}
	to := rules.Backend{Service: t.pages, Port: 80, FirstPort: true, Protocol: rules.HTTP}
	b := &rule.Backends[0]
	told := []policy.Header{
		{Name: "X-Ingress-Name", Value: r.object.Name}, {Name: "X-Namespace", Value: r.object.Namespace},
		{Name: "X-Service-Name", Value: b.Service}, {Name: "X-Service-Port", Value: cmp.Or(b.PortName, strconv.Itoa(int(b.Port)))},
	}
	rule.Fallback = &rules.Fallback{Backend: to, Fields: slices.Insert(slices.Clone(told), 0, policy.Header{Name: "X-Code", Value: "503"})}
	if len(t.pageStatuses) > 0 && !t.noPages {
		rule.ErrorPages = []rules.ErrorPage{{Backend: to, Statuses: t.pageStatuses, Path: "/", Handles: true, Fields: told}}
	}
}
