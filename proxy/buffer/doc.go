// SPDX-License-Identifier: Apache-2.0

// Package buffer lends memory to connections. It knows nothing of what is put into it. All of it is in buffer.go.
package buffer
