// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"bytes"
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

//go:embed templates
var templates embed.FS

// fieldNames are the header fields of the scenario of policies, as templates call them.
type fieldNames struct {
	RequestAdd, RequestSet, RequestRemove    string
	ResponseAdd, ResponseSet, ResponseRemove string
	Added, Set                               string
}

// The rest is for templates.

// Workers returns how many workers or threads the proxy has.
func (c *configuration) Workers() int { return len(c.cores) }

// Hosts returns the hosts of the scenario.
func (c *configuration) Hosts() []string { return c.hosts }

// Paths returns the paths at each host.
func (c *configuration) Paths() []string { return c.paths }

// Secure says whether there is HTTPS.
func (c *configuration) Secure() bool { return c.https }

// HTTP2 says whether it is spoken over HTTPS.
func (c *configuration) HTTP2() bool { return c.http2 }

// WebSocket says whether connections become WebSockets.
func (c *configuration) WebSocket() bool { return c.webSocket }

// Policies says whether they are on.
func (c *configuration) Policies() bool { return c.policies }

// Conditions says whether the rule is for requests with Fields alone, which go to the backends by Weights.
func (c *configuration) Conditions() bool { return c.conditions }

// FieldChanges says whether fields are changed, and nothing else. Snippet is what nginx does besides, or empty.
func (c *configuration) FieldChanges() bool { return c.fields }

// Snippet returns directives of nginx, or nothing.
func (c *configuration) Snippet() string { return c.snippet }

// FieldsSnippet returns the directives that change fields as the scenario of fields wants.
func (c *configuration) FieldsSnippet() string { return fieldsSnippet }

// Expressions says whether paths are expressions, and are taken off before a request is sent on.
func (c *configuration) Expressions() bool { return c.expressions }

// Compression says whether responses are compressed.
func (c *configuration) Compression() bool { return c.compression }

// Authentication says whether clients prove who they are to a service, which the backends are at VerdictPath.
// VerdictKept says whether its verdict is kept for requests with the same SessionCookie.
func (c *configuration) Authentication() bool { return c.authentication != "" }

// VerdictKept is explained at Authentication.
func (c *configuration) VerdictKept() bool { return c.authentication == askOnce }

// VerdictPath is explained at Authentication.
func (c *configuration) VerdictPath() string { return verdictPath }

// SessionCookie is explained at Authentication.
func (c *configuration) SessionCookie() string { return sessionCookie }

// UserField is the field in which the service says who a client is, and in which the backend is told.
func (c *configuration) UserField() string { return userField }

// Fields are the header fields that such a rule wants.
func (c *configuration) Fields() []field { return routeFields() }

// Weights are those of the backends.
func (c *configuration) Weights() []int { return weights() }

// Allowed are the addresses of clients that are let in, unless Denied has them.
func (c *configuration) Allowed() []string { return allowedAddresses() }

// Denied are the addresses of clients that are kept out.
func (c *configuration) Denied() []string { return deniedAddresses() }

// Names returns the names of header fields.
func (c *configuration) Names() fieldNames {
	return fieldNames{
		RequestAdd: requestAddField, RequestSet: requestSetField, RequestRemove: requestRemoveField,
		ResponseAdd: responseAddField, ResponseSet: responseSetField, ResponseRemove: poweredByField,
		Added: addedValue, Set: setByProxy,
	}
}

// render writes a file into the folder, from a template.
func (c *configuration) render(file, from string) error {
	functions := template.FuncMap{
		"limit": limit,
		// zone names what belongs to a path alone.
		"zone": func(path string) string { return strings.Trim(path, "/") },
		// variable is the name of a header field in a variable of nginx.
		"variable": func(field string) string { return strings.ReplaceAll(strings.ToLower(field), "-", "_") },
	}
	parsed, err := template.New(from).Funcs(functions).Option("missingkey=error").ParseFS(templates, "templates/"+from)
	if err != nil {
		return fmt.Errorf("reading the template %s: %w", from, err)
	}
	var content bytes.Buffer
	if err := parsed.Execute(&content, c); err != nil {
		return fmt.Errorf("filling in the template %s: %w", from, err)
	}
	if err := os.WriteFile(filepath.Join(c.Folder, file), content.Bytes(), 0o600); err != nil {
		return fmt.Errorf("writing a configuration: %w", err)
	}
	return nil
}
