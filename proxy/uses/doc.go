// SPDX-License-Identifier: Apache-2.0

// Package uses keeps what is costly to make for as long as something uses it. All of it is in map.go.
package uses
