// SPDX-License-Identifier: Apache-2.0

package proxy

// SetTicketKeys says which keys seal session tickets (RFC 8446, section 4.6.1). The first one seals new tickets.
// Tickets of any of them are accepted. Replicas with the same keys resume each other's sessions. It takes effect with
// the next handshake, and no connection notices.
//
// Until it is called, the process has keys of its own, which no other process has. A call without any key changes
// nothing.
func (p *Proxy) SetTicketKeys(keys [][32]byte) {
	if len(keys) == 0 {
		return
	}
	p.tls.SetSessionTicketKeys(keys)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.listeners.ticketKeys = keys
	for _, config := range p.listeners.tls {
		config.SetSessionTicketKeys(keys)
	}
}
