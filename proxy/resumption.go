// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"bytes"
	"crypto/tls"
	"strings"

	"github.com/warren-dev/ingress/proxy/message"
)

// ticketName begins what a session ticket has of ours: the server name that it was given under.
const ticketName = "warren name: "

// sealSession makes a ticket of a session. What it is resumed for must be what it was made for: whoever resumes a
// session is shown no certificate, and goes by the one that was shown then, which may be another owner's.
func (p *Proxy) sealSession(c tls.ConnectionState, s *tls.SessionState) ([]byte, error) {
	s.Extra = [][]byte{[]byte(ticketName + nameOf(c))}
	return p.tls.EncryptTicket(c, s)
}

// openSession returns the session of a ticket, and nil for a full handshake where the ticket was given under another
// name (RFC 6066, section 3), or no certificate is served for the name any more.
func (p *Proxy) openSession(ticket []byte, c tls.ConnectionState) (*tls.SessionState, error) {
	s, err := p.tls.DecryptTicket(ticket, c)
	if s == nil || err != nil {
		return nil, err
	}
	name := nameOf(c)
	for _, extra := range s.Extra {
		given, ok := bytes.CutPrefix(extra, []byte(ticketName))
		if ok && string(given) == name && p.generation.Load().certificates.serve(name) {
			return s, nil
		}
	}
	return nil, nil
}

// nameOf is the server name of a handshake as certificates are found by it.
func nameOf(c tls.ConnectionState) string {
	return message.LowerName(strings.TrimSuffix(c.ServerName, "."))
}
