// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"cmp"
	"mime"
	"strconv"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/policy"
)

// plainText is the media type of a fixed response that names none.
const plainText = "text/plain; charset=utf-8"

// readFixedResponse reads what a path answers by itself. It returns what is wrong with it as fault.
func readFixedResponse(from *v1alpha1.FixedResponse) (read *policy.FixedResponse, fault string) {
	status := int(from.StatusCode)
	switch {
	case status < 200 || status > 599:
		return nil, "fixedResponse.statusCode is " + strconv.Itoa(status) + ": write 200 to 599"
	case len(from.Body) > policy.MostFixed:
		return nil, "fixedResponse.body is longer than 16 KiB: have a service answer"
	case from.Body != "" && (status == 204 || status == 205 || status == 304):
		return nil, "fixedResponse has a body, and a response with the status " + strconv.Itoa(status) + " has none: leave it out"
	}
	if from.ContentType != "" {
		if _, _, err := mime.ParseMediaType(from.ContentType); err != nil {
			return nil, "fixedResponse.contentType " + rules.Quote(from.ContentType) + " is no media type: write one such as text/html; charset=utf-8"
		}
	}
	read = &policy.FixedResponse{Status: status, ContentType: from.ContentType, Body: from.Body}
	if from.Body != "" {
		read.ContentType = cmp.Or(from.ContentType, plainText)
	}
	return read, ""
}
