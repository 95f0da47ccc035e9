// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
)

// backendList has the backends of all rules of an object in one piece of memory, as long as that has room.
type backendList []rules.Backend

// only returns the backends of a rule that has one.
func (l *backendList) only(b rules.Backend) []rules.Backend {
	*l = append(*l, b)
	last := len(*l)
	return (*l)[last-1 : last : last]
}

// readBackend reads the protocol and the TLS of a backend that gets all requests.
func readBackend(b *v1alpha1.IngressBackend) (read rules.Backend) {
	read.Weight = 1
	switch b.Protocol {
	case v1alpha1.ProtocolHTTP:
		read.Protocol = rules.HTTP
	case v1alpha1.ProtocolHTTPS:
		read.Protocol = rules.HTTPS
		if t := b.TLS; t != nil {
			read.TLS = &rules.BackendTLS{
				CASecret: string(t.CASecretName), CAConfigMap: string(t.CAConfigMapName),
				ServerName: string(t.ServerName), ServerNameFromRequest: t.ServerNameFromRequest,
				SkipVerify: t.InsecureSkipVerify, Obsolete: t.AllowObsolete,
			}
		}
	case v1alpha1.ProtocolH2C:
		read.Protocol = rules.H2C
	}
	return read
}

func portFault(b *rules.Backend) (fault string) {
	if b.PortName == "" && (b.Port < 1 || b.Port > 65535) {
		return "backend.port is " + strconv.Itoa(int(b.Port)) + ": write 1 to 65535"
	}
	return ""
}

// backendTLSFault returns what is wrong with a backend's tls. The API already refuses each of these faults, as it does
// all faults of a single path.
func backendTLSFault(b *v1alpha1.IngressBackend) string {
	t := b.TLS
	switch {
	case t == nil:
		return ""
	case b.Protocol != v1alpha1.ProtocolHTTPS:
		return "backend.tls is for protocol HTTPS: write that, or leave tls out"
	case t.CASecretName != "" && t.CAConfigMapName != "":
		return "backend.tls has caSecretName and caConfigMapName: write one of the two"
	case t.InsecureSkipVerify && (t.CASecretName != "" || t.CAConfigMapName != ""):
		return "backend.tls has insecureSkipVerify and names an authority: write one of the two"
	case t.ServerName != "" && t.ServerNameFromRequest:
		return "backend.tls has serverName and serverNameFromRequest: write one of the two"
	case !validReference(string(t.CASecretName)) || !validReference(string(t.CAConfigMapName)):
		return "backend.tls names an authority that cannot be there: write the name of a Secret or ConfigMap, such as backend-ca"
	case !validReference(string(t.ServerName)) && !isAddress(string(t.ServerName)):
		return "backend.tls.serverName " + rules.Quote(string(t.ServerName)) + " is neither a DNS name nor an address: write what the backend's certificate is for"
	}
	return ""
}

// validReference returns whether a text is empty, or is a name that an object or a server may have.
func validReference(name string) bool { return rules.ValidHost(name) && !strings.HasPrefix(name, "*") }

func isAddress(text string) bool {
	_, err := netip.ParseAddr(text)
	return err == nil
}
