// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/policy"
)

// corsOrigin is what the schema requires of an origin.
var corsOrigin = regexp.MustCompile(`^([*]|https?://([*]|([*][.])?[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*)(:[1-9][0-9]{0,4})?)$`)

const (
	// maxOrigins bounds the origins, and the names of fields in a list, as the schema does.
	maxOrigins = 64
	// maxCORSAge is the longest time that a browser may be told: longer than any keeps to.
	maxCORSAge = 24 * time.Hour
)

// readCORS reads who may read the answers. It returns what is wrong with it as fault.
func readCORS(from *v1alpha1.CORS) (read *policy.CORS, fault string) {
	read = &policy.CORS{
		AllowOrigins: texts(from.AllowOrigins), AllowMethods: texts(from.AllowMethods), AllowHeaders: texts(from.AllowHeaders),
		ExposeHeaders: texts(from.ExposeHeaders), AllowCredentials: from.AllowCredentials, MaxAge: int(v1alpha1.DefaultCORSMaxAge / time.Second),
	}
	if len(read.AllowOrigins) == 0 || len(read.AllowOrigins) > maxOrigins {
		return nil, "cors.allowOrigins has " + strconv.Itoa(len(read.AllowOrigins)) + " origins: write 1 to " + strconv.Itoa(maxOrigins)
	}
	for _, origin := range read.AllowOrigins {
		if !corsOrigin.MatchString(origin) {
			return nil, "cors.allowOrigins has " + rules.Quote(origin) + ", which is no origin: write one such as https://shop.example.com, https://*.example.com or *"
		}
	}
	for _, list := range [...]struct {
		field string
		names []string
	}{{"cors.allowMethods", read.AllowMethods}, {"cors.allowHeaders", read.AllowHeaders}, {"cors.exposeHeaders", read.ExposeHeaders}} {
		if fault := corsNamesFault(list.field, list.names); fault != "" {
			return nil, fault
		}
	}
	if from.MaxAge != nil {
		if from.MaxAge.Duration < 0 || from.MaxAge.Duration > maxCORSAge {
			return nil, "cors.maxAge is " + from.MaxAge.Duration.String() + ": write at most 24h"
		}
		read.MaxAge = int(from.MaxAge.Duration / time.Second)
	}
	return read, ""
}

func corsNamesFault(field string, names []string) string {
	if len(names) > maxOrigins || slices.Contains(names, "*") && len(names) > 1 {
		return field + " has more than " + strconv.Itoa(maxOrigins) + " names, or others beside *: write fewer"
	}
	for _, name := range names {
		if !IsToken(name) {
			return field + " has " + rules.Quote(name) + ", which is no name: write letters, digits and hyphens, or *"
		}
	}
	return ""
}
