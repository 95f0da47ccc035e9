// SPDX-License-Identifier: Apache-2.0

// Package headmemory bounds the memory that long heads take, of all connections together and of each: heads that are
// incomplete, on their way, or needed again. It does not know what is in a head, or who sent it. It is all in
// memory.go.
package headmemory
