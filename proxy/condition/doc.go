// SPDX-License-Identifier: Apache-2.0

// Package condition says whether a request meets what a rule asks for besides its host and path: methods, header
// fields, cookies and query parameters. All of it is in condition.go.
package condition
