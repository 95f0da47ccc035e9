// SPDX-License-Identifier: Apache-2.0

// Package auth has the policies that say who gets in, each in a file. They come one after the other in policy.Order.
package auth
