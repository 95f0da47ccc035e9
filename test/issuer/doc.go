// SPDX-License-Identifier: Apache-2.0

// Package issuer is an OpenID Connect provider for tests. A person signs in at its page, with a form. A client
// exchanges the code that comes of that for tokens. Its keys can be replaced, and it signs any token that a test asks
// for. It signs by the standard library alone, so that what is tested is checked by the code of others.
//
// Read in this order: issuer.go (who it is, what it serves), keys.go (its keys and signatures), signin.go (the page
// and the codes).
package issuer
