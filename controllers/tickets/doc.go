// SPDX-License-Identifier: Apache-2.0

// Package tickets has all replicas seal TLS session tickets with the same keys, which are in one Secret: the leader
// makes and changes them, and every replica reads them. It does not know who uses the keys, only whom to tell; and
// nothing of Ingresses, of other controllers or of how the replicas know each other.
//
// Read ticket_keys.go first, which says what keys there are and how they change, then ticket_keys_controller.go.
package tickets
