// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"cmp"
	"slices"
	"strings"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/policy"
)

// readHeaders reads a path's changes to header fields. It returns what is wrong with them as fault. What headers.remove
// lists is removed from the request and from the response.
//
// The API already refuses each of these faults. They are checked again for objects that no schema has checked: a line
// break in a value would write more fields, and a second Content-Length another message.
func readHeaders(h *v1alpha1.Headers) (headers *policy.Headers, fault string) {
	headers = new(policy.Headers)
	if headers.Request, fault = readHeaderChanges("headers", h.Add, h.Set, h.Remove); fault != "" {
		return nil, fault
	}
	if h.Response == nil {
		headers.Response.Remove = headers.Request.Remove
		return headers, ""
	}
	response := h.Response
	if headers.Response, fault = readHeaderChanges("headers.response", response.Add, response.Set, response.Remove); fault != "" {
		return nil, fault
	}
	headers.Response.Remove = sortNames(append(headers.Response.Remove, headers.Request.Remove...))
	return headers, ""
}

func readHeaderChanges(field string, add, set v1alpha1.HeaderFields, remove v1alpha1.HeaderNames) (changes policy.HeaderChanges, fault string) {
	if changes.Add, fault = readHeaderFields(field+".add", add); fault != "" {
		return changes, fault
	}
	if changes.Set, fault = readHeaderFields(field+".set", set); fault != "" {
		return changes, fault
	}
	for _, name := range remove {
		if fault := headerNameFault(field+".remove", string(name)); fault != "" {
			return changes, fault
		}
		changes.Remove = append(changes.Remove, strings.ToLower(string(name)))
	}
	changes.Remove = sortNames(changes.Remove)
	return changes, ""
}

// readHeaderFields returns fields sorted by name. It keeps the case of names, because some clients mind it.
func readHeaderFields(field string, fields v1alpha1.HeaderFields) (list []policy.Header, fault string) {
	if len(fields) == 0 {
		return nil, ""
	}
	list = make([]policy.Header, 0, len(fields))
	for name, value := range fields {
		list = append(list, policy.Header{Name: name, Value: string(value)})
	}
	// Faults are looked for in this order too: which of several is reported must not depend on the order of a map.
	slices.SortFunc(list, func(a, b policy.Header) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), cmp.Compare(a.Name, b.Name))
	})
	for i, h := range list {
		if fault := headerNameFault(field, h.Name); fault != "" {
			return nil, fault
		}
		if i > 0 && strings.EqualFold(list[i-1].Name, h.Name) {
			return nil, field + " has " + list[i-1].Name + " and " + h.Name + ", which are one header: write it once"
		}
		if strings.ContainsFunc(h.Value, isControl) {
			return nil, field + " gives " + h.Name + " a value with a control character, a line break perhaps: leave it out"
		}
	}
	return list, ""
}

// changesField returns whether headers change a field of the request.
func changesField(h *v1alpha1.Headers, name string) bool {
	if h == nil {
		return false
	}
	for _, fields := range [...]v1alpha1.HeaderFields{h.Add, h.Set} {
		for field := range fields {
			if strings.EqualFold(field, name) {
				return true
			}
		}
	}
	return slices.ContainsFunc(h.Remove, func(field v1alpha1.HeaderName) bool { return strings.EqualFold(string(field), name) })
}

// sortNames sorts lower-case names, and removes duplicates.
func sortNames(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}

// headerNameFault returns why a field of that name cannot be changed: the name is no token (RFC 9110, section 5.6.2),
// or the proxy writes the field or frames the message by it.
func headerNameFault(field, name string) string {
	if !IsToken(name) {
		return field + " has " + rules.Quote(name) + ", which is no header name: write letters, digits and hyphens, such as X-App-Version"
	}
	if ownHeader(strings.ToLower(name)) {
		return field + " has " + rules.Clip(name) + ", which is the proxy's own: leave it out"
	}
	return ""
}

func ownHeader(lower string) bool {
	switch lower {
	case "host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade",
		"proxy-connection", "x-real-ip", "x-forwarded-for", "x-forwarded-host", "x-forwarded-port", "x-forwarded-proto":
		return true
	}
	return false
}

// IsToken returns whether a text may be a method, or the name of a header field (RFC 9110, section 5.6.2).
func IsToken(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	})
}

// isControl returns whether a value must not have this character (RFC 9110, section 5.5). A tab is allowed.
func isControl(r rune) bool {
	return r < ' ' && r != '\t' || r == 0x7f
}
