// SPDX-License-Identifier: Apache-2.0

//go:build fleet

package fleet

import "time"

// appCases are for servers with the application.
func appCases(prefix string) []testCase {
	var all []testCase
	for _, method := range []string{"GET", "HEAD"} {
		for _, path := range []string{
			"/status/204", "/status/304", "/status/400", "/status/404", "/status/410", "/status/418", "/status/500", "/status/503", "/status/599",
			"/redirect", "/redirect-absolute", "/fields", "/login", "/large", "/gzip", "/empty", "/slow", "/stream", "/events",
		} {
			all = append(all, one(request{method: method, target: prefix + path}, ""))
		}
	}
	for _, path := range []string{"/large", "/stream", "/events", "/empty"} {
		old := one(request{target: prefix + path, old: true}, "HTTP/1.0")
		old.http1 = true
		all = append(all, old)
	}
	all = append(all,
		one(request{target: prefix + "/large", fields: []field{{"Range", "bytes=10-19"}}}, "a range"),
		one(request{target: prefix + "/large", fields: []field{{"Accept-Encoding", "gzip"}}}, "gzip"),
		one(request{target: prefix + "/fields", fields: []field{{"If-None-Match", `"of-the-app"`}}}, "its own tag"),
		one(request{method: "OPTIONS", target: prefix + "/status/405"}, ""),
		one(request{method: "DELETE", target: prefix + "/status/204"}, ""),
		one(request{method: "POST", target: prefix + "/redirect", content: text(1000), framing: withLength}, ""),
		testCase{name: "streams on one connection", steps: []step{{request: request{method: "GET", target: prefix + "/stream"}},
			{request: request{method: "GET", target: prefix + "/large"}}, {request: request{method: "GET", target: prefix + "/events"}}}},
		testCase{name: "HEAD, 204 and 304 on one connection", steps: []step{{request: request{method: "HEAD", target: prefix + "/large"}},
			{request: request{method: "GET", target: prefix + "/status/204"}}, {request: request{method: "GET", target: prefix + "/status/304"}},
			{request: request{method: "GET", target: prefix + "/echo"}}}})
	all = append(all, uploads(prefix+"/echo", "POST", 1, 10, 100_000, 2_000_000)...)
	all = append(all, uploads(prefix+"/echo", "PUT", 5000)...)
	slowly := request{method: "POST", target: prefix + "/echo", content: text(5000), framing: withLength, slow: 300 * time.Millisecond}
	all = append(all, one(slowly, "slowly with a length"))
	slowly.framing = withoutLength
	all = append(all, one(slowly, "slowly without a length"))
	old := one(request{method: "POST", target: prefix + "/echo", content: text(5000), framing: withLength, old: true}, "HTTP/1.0")
	old.http1 = true
	all = append(all, old)
	// The application answers these without a look at the content.
	all = append(all, uploads(prefix+"/refuse", "POST", 10, 100_000, 3_000_000)...)
	return append(all, uploads(prefix+"/status/403", "PUT", 1_000_000)...)
}
