// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"bytes"
	"crypto/tls"
	"strings"

	"github.com/warren-dev/ingress/proxy/message"
)

// ticketName begins what a session ticket has of ours: the server name that it was given under.
const ticketName = "warren name: "

// seal makes a ticket of a session. What it is resumed for must be what it was made for: whoever resumes a
// session is shown no certificate, and goes by the one that was shown then, which may be another owner's.
func (s *server) seal(c tls.ConnectionState, session *tls.SessionState) ([]byte, error) {
	session.Extra = [][]byte{[]byte(ticketName + nameOf(c))}
	return s.config.EncryptTicket(c, session)
}

// open returns the session of a ticket, and nil for a full handshake where the ticket was given under another
// name (RFC 6066, section 3), or no certificate is served for the name any more.
func (s *server) open(ticket []byte, c tls.ConnectionState) (*tls.SessionState, error) {
	session, err := s.config.DecryptTicket(ticket, c)
	if session == nil || err != nil {
		return nil, err
	}
	name := nameOf(c)
	for _, extra := range session.Extra {
		given, ok := bytes.CutPrefix(extra, []byte(ticketName))
		if ok && string(given) == name && s.current().certificates.serve(name) {
			return session, nil
		}
	}
	return nil, nil
}

// nameOf is the server name of a handshake as certificates are found by it.
func nameOf(c tls.ConnectionState) string {
	return message.LowerName(strings.TrimSuffix(c.ServerName, "."))
}
