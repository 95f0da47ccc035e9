// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"bytes"
	"crypto/tls"
	"strings"

	"github.com/warren-dev/ingress/proxy/message"
)

// ticketName begins what we put into a session ticket: the server name that the session was made under. ticketClients
// begins what the client had to prove then. A ticket has none if that was nothing, or if the client showed no
// certificate: it may have one by the time that it comes again.
const (
	ticketName    = "warren name: "
	ticketClients = "warren clients: "
)

// seal makes a ticket of a session. The session may be resumed only under the name that it was made for: a client that
// resumes sees no certificate. It relies on the one that it saw then, which may be another owner's.
func (s *server) seal(c tls.ConnectionState, session *tls.SessionState) ([]byte, error) {
	session.Extra = [][]byte{[]byte(ticketName + s.scope + spelled(c.ServerName))}
	if s.clients != nil && len(c.PeerCertificates) > 0 {
		session.Extra = append(session.Extra, []byte(ticketClients+s.clients.id))
	}
	return s.keys.EncryptTicket(c, session)
}

// open returns the session of a ticket. It returns nil, for a full handshake, if the ticket was given under another
// name (RFC 6066, section 3), if the client has to prove something else than then, or if no certificate is served for
// the name any more.
func (s *server) open(ticket []byte, c tls.ConnectionState) (*tls.SessionState, error) {
	session, err := s.keys.DecryptTicket(ticket, c)
	if session == nil || err != nil {
		return nil, err
	}
	name := spelled(c.ServerName)
	ours, proven := false, ""
	for _, extra := range session.Extra {
		if given, ok := bytes.CutPrefix(extra, []byte(ticketName)); ok {
			ours = ours || string(given) == s.scope+name
		} else if given, ok := bytes.CutPrefix(extra, []byte(ticketClients)); ok {
			proven = string(given)
		}
	}
	if !ours || proven != s.clients.ID() || !s.current().serve(name) {
		return nil, nil
	}
	return session, nil
}

// spelled returns a server name as certificates are found by it.
func spelled(name string) string { return message.LowerName(strings.TrimSuffix(name, ".")) }
