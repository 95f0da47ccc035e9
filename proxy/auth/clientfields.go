// SPDX-License-Identifier: Apache-2.0

package auth

import "github.com/warren-dev/ingress/proxy/message"

// dropClientFields takes out of a request what tells endpoints of a client's certificate in some form. The proxy alone
// may say that.
func dropClientFields(fields []message.Field) {
	for i := range fields {
		if f := &fields[i]; len(f.Name) >= len("client-cert") && f.Kind.EndToEnd() && tellsOfClient(f.Name) {
			f.Kind = message.Dropped
		}
	}
}

// tellsOfClient returns whether an endpoint could take a name for one that tells of a client's certificate.
func tellsOfClient(name []byte) bool {
	switch name[0] | 0x20 {
	case 'c':
		return alike(name, "client-cert") || alike(name, "client-cert-chain")
	case 's':
		const prefix = "ssl-client-"
		return alike(name[:len(prefix)], prefix)
	case 'x':
		return alike(name, "x-forwarded-client-cert")
	}
	return false
}
