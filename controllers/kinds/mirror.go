// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"cmp"
	"strconv"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
)

// readMirror reads what gets copies of a path's requests. An annotation meets no schema, so all is checked here.
func readMirror(m *v1alpha1.Mirror) (read rules.Mirror, fault string) {
	read = rules.Mirror{
		Backend: rules.Backend{Service: m.ServiceName, Port: m.Port}, Numerator: cmp.Or(m.Percent, 100), Denominator: 100,
	}
	switch {
	case m.ServiceName == "" || !validReference(m.ServiceName):
		return read, "mirror.serviceName " + rules.Quote(m.ServiceName) + " is no name of a service: write one such as api-next"
	case m.Port < 1 || m.Port > 65535:
		return read, "mirror.port is " + strconv.Itoa(int(m.Port)) + ": write 1 to 65535"
	case read.Numerator < 0 || read.Numerator > 100:
		return read, "mirror.percent is " + strconv.Itoa(int(m.Percent)) + ": write 1 to 100"
	}
	return read, ""
}
