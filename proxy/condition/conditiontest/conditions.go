// SPDX-License-Identifier: Apache-2.0

// Package conditiontest makes conditions and requests for tests.
package conditiontest

import (
	"strings"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

// Of returns the condition that "name=value" or "name~expression" describes.
func Of(text string) snapshot.Condition {
	i := strings.IndexAny(text, "=~")
	c := snapshot.Condition{Name: text[:i], Value: text[i+1:]}
	if text[i] == '~' {
		c.Match = snapshot.ValueRegularExpression
	}
	return c
}

// OnMethods returns a condition on methods.
func OnMethods(methods ...string) *snapshot.Conditions { return &snapshot.Conditions{Methods: methods} }

// OnHeaders returns conditions on header fields, as texts for Of.
func OnHeaders(texts ...string) *snapshot.Conditions {
	c := &snapshot.Conditions{}
	for _, text := range texts {
		c.Headers = append(c.Headers, Of(text))
	}
	return c
}

// OnQuery returns conditions on query parameters, as texts for Of.
func OnQuery(texts ...string) *snapshot.Conditions {
	c := &snapshot.Conditions{}
	for _, text := range texts {
		c.Query = append(c.Query, Of(text))
	}
	return c
}
