// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"bytes"
	"crypto/tls"
	"strings"

	"github.com/warren-dev/ingress/proxy/message"
)

// ticketName begins what we put into a session ticket: the server name that the session was made under.
const ticketName = "warren name: "

// seal makes a ticket of a session. The session may be resumed only under the name that it was made for: a client that
// resumes sees no certificate. It relies on the one that it saw then, which may be another owner's.
func (s *server) seal(c tls.ConnectionState, session *tls.SessionState) ([]byte, error) {
	session.Extra = [][]byte{[]byte(ticketName + s.scope + nameOf(c))}
	return s.config.EncryptTicket(c, session)
}

// open returns the session of a ticket. It returns nil, for a full handshake, if the ticket was given under another
// name (RFC 6066, section 3), or if no certificate is served for the name any more.
func (s *server) open(ticket []byte, c tls.ConnectionState) (*tls.SessionState, error) {
	session, err := s.config.DecryptTicket(ticket, c)
	if session == nil || err != nil {
		return nil, err
	}
	name := nameOf(c)
	for _, extra := range session.Extra {
		given, ok := bytes.CutPrefix(extra, []byte(ticketName))
		if ok && string(given) == s.scope+name && s.current().certificates.serve(name) {
			return session, nil
		}
	}
	return nil, nil
}

// nameOf returns the server name of a handshake, spelled as certificates are found by it.
func nameOf(c tls.ConnectionState) string {
	return message.LowerName(strings.TrimSuffix(c.ServerName, "."))
}
