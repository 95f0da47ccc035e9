// SPDX-License-Identifier: Apache-2.0

//go:build fleet

package fleet

// listed has every difference that is not a fault. Each entry has to be needed by a run that asks all of its servers.
var listed = []entry{
	// What docs/request.md calls malformed is answered before a server is asked.
	{cases: "GET /../*", aspects: "status", got: "400 MalformedPath", why: "a path that climbs above the root has no canonical form"},
	{cases: "GET */%00", aspects: "status", got: "400 MalformedPath", why: "a NUL ends a path for some servers and for others not"},
	{cases: "GET */%zz", aspects: "status", got: "400 MalformedPath", why: "a bad escape is read in several ways"},
	{cases: `GET *\x`, aspects: "status", got: "400 MalformedPath", why: "some servers take a backslash for a slash"},
	{cases: "GET *#x", ways: "http || https", aspects: "status", got: "400 MalformedRequest", why: "a target has no fragment"},
	{cases: "GET *#x", ways: "http2", aspects: "end", got: "torn MalformedRequest", why: "a malformed request gets 400, and then a reset as RFC 9113, 8.1.1 wants"},
	{cases: "TRACE *", aspects: "status", got: "405 MethodNotAllowed", why: "the answer would tell what proxies added to the request"},

	// What is sent on in another spelling.
	{cases: "GET /x/../* || GET /./* || GET /x/%2e%2e/* || GET /folder/../* || GET /folder/%2e%2e/* || GET /folder/./*", aspects: "*",
		why: "dot segments are always resolved, so that rules and servers see one path"},
	{cases: `GET *caf\xc3\xa9*`, aspects: "*", why: "bytes beyond ASCII are percent-encoded, as the client should have done"},
	{cases: "GET http://{host}*", aspects: "*", why: "the absolute form is for proxies: RFC 9112, 3.2 has a server asked in the origin form"},

	// Fields that are one connection's, or that a proxy answers for.
	{cases: "*Expect without content", aspects: "seen field expect", got: nothing, why: "there is no content to wait for, and servers differ in what they make of it"},
	{cases: "*unknown Expect", aspects: "*", why: "nobody defines other expectations, and servers differ in what they make of them"},
	{cases: "OPTIONS *, Max-Forwards", aspects: "seen field max-forwards", got: "4", why: "RFC 9110, 7.6.2: a proxy counts"},
	{cases: "*, Keep-Alive", aspects: "seen field keep-alive", got: nothing, why: "the field is one connection's"},
	{cases: "*, Proxy-Connection", aspects: "seen field proxy-connection", got: nothing, why: "the field is one connection's"},
	{cases: "*, a field that Connection names", aspects: "seen field x-hop", got: nothing, why: "RFC 9110, 7.6.1: fields that Connection names are one connection's"},
	{cases: "*, Upgrade to h2c", aspects: "seen field upgrade || seen field http2-settings", got: nothing,
		why: "what follows would be HTTP/2, past all rules"},
	{cases: "*, Proxy", aspects: "seen field proxy", got: nothing, why: "CGI programs take it for the address of their proxy (CVE-2016-5385)"},
	{cases: "*, two cookies", ways: "http2", aspects: "seen field cookie", why: "RFC 9113, 8.2.3: a cookie in pieces is joined by a semicolon for HTTP/1.1"},
	{cases: "PROPFIND * || FLEET *", aspects: "seen field content-length", why: "a request that may have content says that it has none"},

	// What one server does.
	{servers: "php", cases: "*", aspects: "field host", got: nothing, why: "Host is a request's field, and PHP's own server repeats it in responses"},
	{servers: "h2o hypercorn lighttpd uvicorn uvicorn-h11", cases: "*, Upgrade to h2c", aspects: "status", got: "200",
		why: "these look at the field that is taken off, and change to HTTP/2 or refuse to"},
	{servers: "caddy", cases: "*, TE: trailers", aspects: "seen field te", got: nothing, why: "the field is one connection's"},
	{servers: "h2o squid", cases: "*HTTP/1.0*", aspects: "seen field via", why: "a client of HTTP/1.0 has its server asked in HTTP/1.1, and these tell in which version"},
	{servers: "lighttpd", cases: "*HTTP/1.0*", aspects: "field accept-ranges", got: "bytes", why: "lighttpd says so in answers of HTTP/1.1, in which it is asked"},
	{servers: "eventlet hapi wsgiref", cases: "HEAD /status/204", aspects: "length", got: nothing, why: "RFC 9110, 8.6: a 204 has no Content-Length"},
	{servers: "busybox civetweb eventlet http.server-handler plack thin twiggy twisted uwsgi wsgiref", cases: "*bytes without a length",
		aspects: "seen content", why: "these know no content without a length: it gets one where it is whole"},
	{servers: "plack thin", cases: "*without a length*", aspects: "seen content",
		why: "these take chunks for content, with their sizes, and where a chunk ends is a connection's affair"},
	{servers: "weborf", cases: "*", ways: "http2", aspects: "*", why: "weborf knows names of fields in one spelling, and HTTP/2 has another"},
	{servers: "varnish", cases: "*/refuse, 3000000 bytes* || */status/403, 1000000 bytes*", ways: "http2", aspects: "status", got: "503", sometimes: true,
		why: "Varnish gives up where its backend answers before the content has come, which comes later over HTTP/2"},
	{servers: "weborf", cases: "*Authorization: Bearer", ways: "http || https", aspects: "status", got: "502 UpstreamReset",
		why: "weborf resets a connection with a head beyond a kilobyte, and what proxies tell of the client makes it longer"},
	{servers: "squid", cases: "OPTIONS *, Max-Forwards", aspects: "seen field max-forwards", got: "3", why: "RFC 9110, 7.6.2: each proxy counts, and Squid is one"},
	{servers: "squid", cases: "GET /echo, 10 bytes", aspects: "content", why: "Squid refuses content of GET with a page that shows the request's head"},
	{servers: "varnish", cases: "*304*", aspects: "content || length", sometimes: true, why: "Varnish answers a 304 that it did not ask for with a page that has the request's number"},
	{servers: "puma", cases: `*DEL in a value || *ESC in a value || *"<a>"`, aspects: "end", got: "none",
		why: "Puma leaves a malformed request without an answer that follows another at once on a connection, whoever sends it"},
	{servers: "apache-dav lighttpd nginx", cases: "COPY to a URI", ways: "https || http2", aspects: "status",
		why: "the client names an https URI in Destination, and these refuse another scheme than that of their own connection"},
}
