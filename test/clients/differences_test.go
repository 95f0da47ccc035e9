// SPDX-License-Identifier: Apache-2.0

//go:build clients

package clients

// difference is an outcome other than a case wants, with the reason why nothing is to be done about it here.
type difference struct {
	// clients and cases are patterns that match the whole of a name.
	clients, cases string
	// outcome is a pattern that matches a part of what the client made of it.
	outcome string
	// elsewhere is whether the client fails too where the program is not in between: without a front, or behind both
	// peers. The run tries that, and an entry that says otherwise does not match. If it is false, the reason has to say
	// why what the program does is right all the same.
	elsewhere bool
	reason    string
}

var differences = []difference{
	{"Python http.client|requests|HTTPie|Perl LWP|PHP streams", "103 Early Hints over .*|HTTP/1.0, 103 over .*", `^1\.1 103`, true,
		"The first 103 is taken for the answer: of all 1xx, these clients know 100 alone."},
	{"Java HttpURLConnection", "103 Early Hints over .*", "Read timed out", true,
		"A 103 is taken for the answer, and its content waited for."},
	{"curl|pycurl|nghttp|Node http2|got", "a cookie of 80 KiB over h2c?", "Connection died|not processed|REFUSED_STREAM", true,
		"nghttp2 sends no head of more than 64 KiB. The request never leaves the client."},
	{"curl|pycurl", "(a redirect.*|requests .*|a request after a refused upload|a retry after 429) over h2c", `exit 16|\(16,`, true,
		"libcurl 7.88 sends the preface of HTTP/2 with prior knowledge once more with the second request on a connection."},
	{"wget", "a range over .*", "^1.1 206; error: exit 4", true,
		"wget knows ranges by -c alone. A 206 that it did not ask for is a failure, as it says."},
	{"got", "(content that breaks off|chunks that break off) over h2", "^2 200 hello$", true,
		"A stream that is reset in the midst of the content is a whole response to package http2-wrapper."},
	{"Node http|axios|got", "cookies of 40 KiB in a response over https?", "HPE_HEADER_OVERFLOW", true,
		"Node takes heads of 16 KiB at most, unless it is started with --max-http-header-size."},
	{"Node fetch", "cookies of 40 KiB in a response over https?", "UND_ERR_HEADERS_OVERFLOW", true,
		"Node takes heads of 16 KiB at most, unless it is started with --max-http-header-size."},
	{"Node fetch", "a redirect of content over .*", "detached ArrayBuffer", true,
		"The fetch of Node 20 cannot send a buffer for the second time."},
	{"PHP streams|requests", "(content that breaks off|chunks that break off) over .*", `^1\.1 200 hello$`, true,
		"The end of the connection is the end of the content, whatever was announced. Python's ssl takes a reset for an end."},
	{"Perl LWP|Perl HTTP::Tiny", "a redirect of content over .*", `^1\.1 307$`, true,
		"Only GET and HEAD are sent again without being told to."},
	{"Java HttpURLConnection", "a redirect of content over .*", "cannot retry due to redirection", true,
		"Content that is not kept cannot be sent again. The error says so."},
	{"Java HttpClient", "a denied upload of 1 MiB, Expect over http", "TimeoutException", true,
		"With expectContinue(true), a final answer in the place of the 100 is never given to the caller."},
	{"ffmpeg", "ffmpeg that writes and is denied over .*", "^done$", true,
		"ffmpeg reads no answer to what it writes. It notices a refusal only if the connection is reset, as HAProxy does."},
	{"svn|rclone", "(svn checkout, commit and copy|WebDAV) over (https|h2)", "502 ('Bad Gateway'|Bad Gateway)", true,
		"mod_dav compares the scheme of Destination with its own, which is http behind a front that ends TLS. What helps is " +
			"RequestHeader edit Destination ^https: http: early."},
	{"lynx", "204 over http", "exit 1", true, "An answer without content is a failure to lynx."},
	{"lynx", "(content that breaks off|chunks that break off) over http", `^1\.1 200 `, true,
		"lynx shows what has come, and exits with 0."},
	{"netcat", "lines that end with LF alone", "^HTTP/1.1 400 ", false,
		"Heads of requests are held to the letter, as docs/request.md says. RFC 9112, section 2.2, leaves it to the server."},
}

// chance is a case that is not tried, because a client fails in it now and then, or takes too long, whomever it talks
// to.
type chance struct{ clients, cases, reason string }

var chances = []chance{
	{"nghttp", ".*, Expect over .*",
		"A second after it began to wait for the 100 it sends the content once more, and fails if the first has not ended."},
	{"httpx", "cookies of 40 KiB in a response over https?",
		"h11 counts what has arrived of a head: whether 16 KiB are too many depends on the pieces."},
	{"Go net/http", "a cookie of 80 KiB over h2c?",
		"It gets 431, or heeds SETTINGS_MAX_HEADER_LIST_SIZE and sends nothing, if that has come before the request."},
	{"httpx", "(.+ )?upload of 32 MiB over h2",
		"It copies what is left of the content for each frame: 32 MiB take 20 seconds."},
	{"got", "(a request after a refused upload|(denied|limited|nobody's|too long|refused by the backend) upload .*) over h2",
		"An answer that comes before all of the content is sent is lost at times, behind nginx and HAProxy too."},
	{"httpx", "requests while one drains over h2",
		"httpcore takes every GOAWAY for an error, behind nginx and HAProxy too, and keeps the connection that got it."},
	{"Java HttpClient", "requests while one drains over h2",
		"A request that sends its content as a GOAWAY comes fails, behind nginx and HAProxy too."},
	{"Java HttpClient", "(denied|limited|nobody's|too long|refused by the backend) upload of 32 MiB.* over h2",
		"An answer that comes while content is sent is lost at times, behind nginx and HAProxy too, and the request times out."},
}
