// SPDX-License-Identifier: Apache-2.0

// Package browser tests the data plane with a real browser: headless Chromium, over TLS and HTTP/2. The pages
// themselves look at what they get, and report it.
//
// "make browser" runs it if chromium is installed. The package has no code but tests.
package browser
