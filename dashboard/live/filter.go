// SPDX-License-Identifier: Apache-2.0

package live

import (
	"bytes"
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/reason"
)

// Filter says which requests are shown. What is empty admits all.
type Filter struct {
	// host is exact, or begins with a dot and stands for all names below it.
	host, path, method, object, place string
	// least and most bound the status. most is 0 for no bounds.
	least, most int
	// reason is that of the answer. any is set if any reason will do.
	reason reason.Reason
	any    bool
	client netip.Prefix
}

// filterFields are the fields of the access log that say what a parameter of a filter asks for.
var filterFields = map[string]string{
	"host": "host", "path": "path", "method": "method", "object": "ingress", "rule": "rule", "status": "status", "reason": "reason", "client": "client",
}

// ParseFilter reads a filter from the parameters of a query: host, path, method, object, rule, status, reason and
// client. It refuses one by something that the access log does not show.
func (q *Requests) ParseFilter(query url.Values) (*Filter, error) {
	f := &Filter{
		host: strings.ToLower(query.Get("host")), path: query.Get("path"), method: strings.ToUpper(query.Get("method")),
		object: query.Get("object"), place: query.Get("rule"),
	}
	for name := range query {
		if _, ok := filterFields[name]; !ok {
			return nil, fmt.Errorf("requests are not shown by %q: write %s", name, strings.Join(slices.Sorted(maps.Keys(filterFields)), ", "))
		}
	}
	for parameter, field := range filterFields {
		if query.Get(parameter) != "" && !q.lines.Has(field) {
			return nil, fmt.Errorf("the access log does not show %s (--access-log-fields), so no request is shown by it: leave %s out", field, parameter)
		}
	}
	if below, ok := strings.CutPrefix(f.host, "*"); ok {
		f.host = below
	}
	if status := query.Get("status"); status != "" {
		class, isClass := strings.CutSuffix(strings.ToLower(status), "xx")
		n, err := strconv.Atoi(class)
		switch {
		case err == nil && isClass && n >= 1 && n <= 5:
			f.least, f.most = n*100, n*100+99
		case err == nil && !isClass && n >= 100 && n <= 599:
			f.least, f.most = n, n
		default:
			return nil, fmt.Errorf("the status is %q: write one such as 404, or a class such as 5xx", status)
		}
	}
	switch name := query.Get("reason"); name {
	case "":
	case "any":
		f.any = true
	default:
		for r := reason.None + 1; r < reason.Count; r++ {
			if strings.EqualFold(r.String(), name) {
				f.reason = r
			}
		}
		if f.reason == reason.None {
			return nil, fmt.Errorf("there is no reason %q: write one such as RouteNotFound, or any", name)
		}
	}
	if client := query.Get("client"); client != "" {
		var err error
		if f.client, err = netip.ParsePrefix(client); err != nil {
			at, err := netip.ParseAddr(client)
			if err != nil {
				return nil, fmt.Errorf("the client is %q: write an address such as 203.0.113.7, or a range such as 203.0.113.0/24", client)
			}
			f.client = netip.PrefixFrom(at, at.BitLen())
		}
	}
	return f, nil
}

// admits says whether a request meets the filter.
func (f *Filter) admits(r *observe.Record) bool {
	switch {
	case f.most > 0 && (r.Status < f.least || r.Status > f.most),
		f.any && r.Reason == reason.None,
		f.reason != reason.None && r.Reason != f.reason,
		f.host != "" && !f.names(r.Host),
		f.path != "" && !bytes.HasPrefix(r.Path, []byte(f.path)),
		f.method != "" && string(r.Request.Method) != f.method,
		f.client.IsValid() && !f.client.Contains(r.Client.Unmap()):
		return false
	case f.object == "" && f.place == "":
		return true
	}
	return r.Route != nil && (f.object == "" || r.Route.Rule.Ingress == f.object) && (f.place == "" || f.isAt(r.Route))
}

func (f *Filter) names(host []byte) bool {
	if f.host[0] == '.' {
		return bytes.HasSuffix(host, []byte(f.host))
	}
	return string(host) == f.host
}

// isAt says whether a rule is at the place that is asked for, without making the text of each.
func (f *Filter) isAt(names *observe.RouteNames) bool {
	if where := names.Rule.Where; where != "" {
		return where == f.place
	}
	rule, path, _ := strings.Cut(f.place, ".")
	return rule == strconv.Itoa(names.Rule.Rule) && path == strconv.Itoa(names.Rule.Path)
}
