// SPDX-License-Identifier: Apache-2.0

package validation

import (
	"strings"
	"testing"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

const (
	ownField  = "are the proxy's own: leave them out"
	nameShape = "name may hold letters, digits and any of ! # $ % & ' * + - . ^ _ | ~"
)

// headerPlaces are the places at which an Ingress names header fields: as keys of a map, or in a list.
var headerPlaces = []struct {
	place string
	field string
	lists bool
}{
	{"add", "add", false},
	{"set", "set", false},
	{"remove", "remove", true},
	{"response add", "response.add", false},
	{"response set", "response.set", false},
	{"response remove", "response.remove", true},
}

// withHeader names a header field at a place such as "response.add".
func withHeader(field, quotedName string, lists bool) string {
	content := "{" + quotedName + ": value}"
	if lists {
		content = "[" + quotedName + "]"
	}
	parts := strings.Split(field, ".")
	for i := len(parts) - 1; i >= 0; i-- {
		content = "{" + parts[i] + ": " + content + "}"
	}
	return withPolicy("headers: " + content)
}

func TestHeaderFieldsOfTheProxyAreRefusedInAnyCase(t *testing.T) {
	names := []string{
		"Host", "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "TE", "Trailer", "Upgrade",
		"Proxy-Connection", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Proto", "X-Real-Ip",
		"host", "content-length", "TRANSFER-ENCODING", "cOnnection", "proxy-CONNECTION", "x-forwarded-for", "X-FORWARDED-PROTO", "X-REAL-IP",
	}
	for _, at := range headerPlaces {
		for _, name := range names {
			t.Run(at.place+" "+name, func(t *testing.T) {
				requireRefused(t, object(t, v1alpha1.IngressKind, withHeader(at.field, name, at.lists)), []cause{
					{pathField + ".headers." + at.field, ownField},
				})
			})
		}
	}
}

func TestHeaderNamesThatAreNoTokensAreRefused(t *testing.T) {
	for _, at := range headerPlaces {
		for _, name := range []string{`"X Custom"`, `"X-Custom:"`, `"X(Custom)"`, `"X-Custom\r\n"`, `"X-Größe"`, `":path"`, `"a\0"`} {
			t.Run(at.place+" "+name, func(t *testing.T) {
				field := pathField + ".headers." + at.field
				if at.lists {
					field += "[0]"
				}
				requireRefused(t, object(t, v1alpha1.IngressKind, withHeader(at.field, name, at.lists)), []cause{{field, nameShape}})
			})
		}
	}
}

func TestHeaderValuesThatEndTheirLineAreRefused(t *testing.T) {
	for _, at := range headerPlaces {
		if at.lists {
			continue
		}
		for _, value := range []string{`a\rb`, `a\nb`, `a\0b`, `a\r\nHost: b`, `a\x7fb`, `\x1b[2J`} {
			t.Run(at.place+" "+value, func(t *testing.T) {
				spec := strings.Replace(withHeader(at.field, "X-Custom", false), "value}", `"`+value+`"}`, 1)
				requireRefused(t, object(t, v1alpha1.IngressKind, spec), []cause{
					{pathField + ".headers." + at.field + ".X-Custom", `should match '^[^\x00-\x08\x0A-\x1F\x7F]*$'`},
				})
			})
		}
	}
}

func TestHeaderNameInTwoCasesIsRefused(t *testing.T) {
	requireRefused(t, object(t, v1alpha1.IngressKind, withPolicy("headers: {set: {X-Custom: a, x-custom: b}}")), []cause{
		{pathField + ".headers.set", "header names are the same in every case: write each once"},
	})
}
