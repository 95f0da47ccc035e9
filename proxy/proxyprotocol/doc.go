// SPDX-License-Identifier: Apache-2.0

// Package proxyprotocol reads the header by which a proxy before this one says whose connection it passes on. HAProxy's
// doc/proxy-protocol.txt describes both versions of it.
package proxyprotocol
