// SPDX-License-Identifier: Apache-2.0

// Package browser tests with a real browser: headless Chromium, over TLS and HTTP/2.
//
// Most of it tests the data plane alone. The pages themselves look at what they get, and report it: browser_test.go
// (what is tested), scene_test.go (the data plane), pages_test.go (the pages), chromium_test.go (the browser).
//
// The rest has a person sign in by oauth2-proxy, as its recipe in docs/recipes says, at a stand-in for a provider.
// The browser does as it is told: signin_test.go (what a person does), signin_scene_test.go (the controller,
// oauth2-proxy and what is behind them), devtools_test.go (how a browser is told), process_test.go (the programs).
//
// The page of a replica is looked at by the same means: dashboard_test.go (what is tested), dashboard_scene_test.go
// (the controller, what is behind it, pictures and barriers). "make pictures" takes the pictures in docs.
//
// "make browser" runs it if chromium is installed. The package has no code but tests.
package browser
