// SPDX-License-Identifier: Apache-2.0

// Package browser tests the data plane with a real browser: headless Chromium, over TLS and HTTP/2. The pages do the
// looking themselves and report what they saw.
//
// "make browser" runs it where chromium is installed. It holds no code but tests.
package browser
