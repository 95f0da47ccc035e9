// SPDX-License-Identifier: Apache-2.0

package proxy

// SetTicketKeys says which keys seal session tickets (RFC 8446, section 4.6.1): the first one new tickets, while those
// of all of them are taken. Replicas with the same keys resume each other's sessions. It takes effect with the next
// handshake, and no connection notices. Before it is called, tickets are sealed by keys that nobody else has and that a
// new process has not; without any key nothing changes.
func (p *Proxy) SetTicketKeys(keys [][32]byte) {
	if len(keys) == 0 {
		return
	}
	p.tls.SetSessionTicketKeys(keys)
}
