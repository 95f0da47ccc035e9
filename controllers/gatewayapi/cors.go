// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"cmp"
	"regexp"
	"slices"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/policy"
)

// corsOrigin is what the schema requires of an origin.
var corsOrigin = regexp.MustCompile(`^([*]|https?://(([*][.])?([a-zA-Z0-9-]+[.])*[a-zA-Z0-9-]+|[*])(:[0-9]{1,5})?)$`)

// defaultCORSAge is how long a browser may remember an answer, in seconds, if the filter does not say it.
const defaultCORSAge = 5

// readCORS reads who may read the answers. Without an origin, nobody may.
func readCORS(from *gatewayv1.HTTPCORSFilter) (read *policy.CORS, fault string) {
	read = &policy.CORS{
		AllowOrigins: texts(from.AllowOrigins), AllowMethods: texts(from.AllowMethods), AllowHeaders: texts(from.AllowHeaders),
		ExposeHeaders: texts(from.ExposeHeaders), AllowCredentials: or(from.AllowCredentials, false), MaxAge: cmp.Or(int(from.MaxAge), defaultCORSAge),
	}
	for _, origin := range read.AllowOrigins {
		if !corsOrigin.MatchString(origin) {
			return nil, "cors.allowOrigins has " + rules.Quote(origin) + ", which is no origin: write one such as https://shop.example.com, https://*.example.com or *"
		}
	}
	for _, names := range [...][]string{read.AllowMethods, read.AllowHeaders, read.ExposeHeaders} {
		for _, name := range names {
			if !kinds.IsToken(name) {
				return nil, "cors has " + rules.Quote(name) + ", which is no name: write letters, digits and hyphens, or *"
			}
		}
	}
	if read.AllowCredentials && slices.Contains(read.ExposeHeaders, "*") {
		// To a browser that sends credentials, "*" is the name of a field.
		read.ExposeHeaders = slices.DeleteFunc(read.ExposeHeaders, func(name string) bool { return name == "*" })
	}
	return read, ""
}

func texts[T ~string](from []T) (list []string) {
	for _, text := range from {
		list = append(list, string(text))
	}
	return list
}
