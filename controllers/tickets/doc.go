// SPDX-License-Identifier: Apache-2.0

// Package tickets has all replicas seal TLS session tickets, and the tokens of persistent sessions, with the same
// keys. The keys are in one Secret: the leader makes and changes them, and every replica reads them. The package does
// not know who uses the keys, only whom to tell. It knows nothing of Ingresses, of other controllers or of how the
// replicas know each other.
//
// Read in this order: ticket_keys.go (which keys there are, and how they change), ticket_keys_controller.go (the Secret
// that they are in).
package tickets
