// SPDX-License-Identifier: Apache-2.0

//go:build clients

package clients

import "testing"

// ability is what a client can do, or what a case needs it to do.
type ability uint

const (
	// lengths and chunks are how content is framed.
	lengths ability = 1 << iota
	chunks
	// expects is Expect: 100-continue.
	expects
	// follows is that redirects are followed if that is wanted.
	follows
	// decodes is that a content coding is undone.
	decodes
	// loops is that requests can be sent over and over on kept connections.
	loops
	// turns is that several requests go on one connection.
	turns
	// old is that a request of HTTP/1.0 can be wanted.
	old
	// retries429 is that the client itself sends a request again after a 429.
	retries429
	// sockets is WebSockets.
	sockets
	// halfCloses is that its side of a connection can be ended before the answer has come.
	halfCloses
	// calls is gRPC, and nothing else.
	calls
	// methods is that any method can be sent.
	methods
	// fields is that header fields can be sent.
	fields
)

// debianPython is the Python that has Debian's packages, whatever else is on PATH.
const debianPython = "/usr/bin/python3"

// library is what programs that use a library of HTTP can do.
const library = lengths | chunks | loops | turns | methods | fields

// client is a client of HTTP.
type client struct {
	name string
	// version is the command that says the version. The first number in its output is it.
	version []string
	// full is for clients that are not installed in the quick set.
	full       bool
	transports []transport
	can        ability
	start      func() runner
	// own are cases that this client alone has.
	own func(s *scene) []scenario
	// during downloads a file of some seconds while a replica drains, and says "done".
	during           func(t *testing.T, s *scene, url string) string
	duringTransports []transport
	// said is its version, once it was asked.
	said string
}

// runs returns how a script is started.
func runs(arguments ...string) func() runner {
	return func() runner { return startScript(arguments...) }
}

// is returns how a command is started.
func is(c commandLine) func() runner { return func() runner { return c } }

var (
	overHTTP1 = []transport{plain, tls}
	overBoth  = []transport{plain, tls, h2}
)

// everyClient is the table of all clients.
func everyClient() []*client {
	python := func(module string) []string {
		return []string{debianPython, "-c", "import " + module + " as m; print(getattr(m, '__version__', None) or m.version)"}
	}
	pack := func(name string) []string {
		return []string{"node", "-p", "require(process.env.CLIENTS_NODE_MODULES + '/" + name + "/package.json').version"}
	}
	return []*client{
		{name: "curl", version: []string{"curl", "--version"}, transports: []transport{plain, tls, h2, h2c},
			can: lengths | chunks | expects | follows | turns | old | methods | fields | retries429, start: is(curl), own: curlCases,
			during: dripping("curl -sS -o file --cacert CERTIFICATE"), duringTransports: overBoth},
		{name: "wget", version: []string{"wget", "--version"}, transports: overHTTP1, can: lengths | follows | methods | fields, start: is(wget), own: wgetCases,
			during: dripping("wget -q --no-config --tries=1 -O file --ca-certificate=CERTIFICATE"), duringTransports: overHTTP1},
		{name: "Go net/http", version: []string{"go", "version"}, transports: []transport{plain, tls, h2, h2c},
			can: library | expects | follows | decodes | sockets, start: func() runner { return goClient{} }},
		{name: "Python http.client", version: []string{debianPython, "--version"}, transports: overHTTP1,
			can: library | halfCloses, start: runs(debianPython, "http_client.py")},
		{name: "requests", version: python("requests"), transports: overHTTP1,
			can: library | follows | decodes | retries429, start: runs(debianPython, "requests_client.py")},
		{name: "httpx", version: python("httpx"), transports: overBoth,
			can: library | follows | decodes, start: runs(debianPython, "httpx_client.py")},
		{name: "aiohttp", version: python("aiohttp"), transports: overHTTP1,
			can: library | expects | follows | decodes | sockets, start: runs(debianPython, "aiohttp_client.py")},
		{name: "pycurl", version: python("pycurl"), transports: []transport{plain, tls, h2, h2c},
			can: library | expects, start: runs(debianPython, "pycurl_client.py")},
		{name: "websockets", version: []string{debianPython, "-c", "import websockets.version as v; print(v.version)"}, transports: overHTTP1,
			can: sockets, start: runs(debianPython, "websockets_client.py")},
		{name: "grpcio", version: python("grpc"), transports: []transport{h2, h2c}, can: calls | loops, start: runs(debianPython, "grpcio_client.py")},
		{name: "Node http", version: []string{"node", "--version"}, transports: overHTTP1,
			can: library | expects | halfCloses, start: runs("node", "node_http.js")},
		{name: "Node http2", version: []string{"node", "--version"}, transports: []transport{h2, h2c},
			can: library | expects | sockets, start: runs("node", "node_http2.js"), own: http2Cases},
		{name: "Node fetch", version: []string{"node", "-p", "process.versions.undici"}, transports: overHTTP1,
			can: library | follows | decodes, start: runs("node", "node_fetch.js")},
		{name: "axios", version: pack("axios"), transports: overHTTP1, can: library | follows | decodes, start: runs("node", "node_axios.js")},
		{name: "got", version: pack("got"), transports: overBoth, can: library | follows | decodes | retries429, start: runs("node", "node_got.js")},
		{name: "ws", version: pack("ws"), transports: overHTTP1, can: sockets, start: runs("node", "node_ws.js")},
		{name: "grpc-js", version: pack("@grpc/grpc-js"), transports: []transport{h2, h2c}, can: calls | loops, start: runs("node", "node_grpc.js")},
		{name: "Java HttpClient", version: []string{"javac", "-version"}, transports: overBoth,
			can: library | follows | sockets, start: runs("java", "-XX:TieredStopAtLevel=1", "JavaClient"), own: javaCases},
		{name: "Java HttpURLConnection", version: []string{"javac", "-version"}, transports: overHTTP1,
			can: library&^methods | expects | follows, start: runs("java", "-XX:TieredStopAtLevel=1", "JavaClient", "url")},
		{name: "Ruby Net::HTTP", version: []string{"ruby", "--version"}, transports: overHTTP1,
			can: library | expects, start: runs("ruby", "net_http.rb")},
		{name: "Perl LWP", version: []string{"perl", "-MLWP", "-e", "print LWP->VERSION"}, transports: overHTTP1,
			can: library | follows, start: runs("perl", "lwp.pl")},
		{name: "Perl HTTP::Tiny", version: []string{"perl", "-MHTTP::Tiny", "-e", "print HTTP::Tiny->VERSION"}, transports: overHTTP1,
			can: library | follows, start: runs("perl", "http_tiny.pl")},
		{name: "PHP streams", version: []string{"php", "--version"}, transports: overHTTP1,
			can: lengths | loops | turns | methods | fields | follows | old, start: runs("php", "streams.php")},
		{name: "nghttp", version: []string{"nghttp", "--version"}, transports: []transport{h2, h2c},
			can: lengths | chunks | expects | methods | fields, start: is(nghttp), own: nghttpCases},
		{name: "HTTPie", version: []string{"http", "--version"}, transports: []transport{plain}, full: true,
			can: follows | decodes, start: is(httpie), own: httpieCases},
		{name: "lynx", version: []string{"lynx", "--version"}, transports: []transport{plain}, can: 0, start: is(lynx)},
		{name: "aria2", version: []string{"aria2c", "--version"}, own: aria2Cases,
			during: dripping("aria2c -q --no-conf --async-dns=false --max-tries=1 -o file --ca-certificate=CERTIFICATE"), duringTransports: overHTTP1},
		{name: "axel", version: []string{"axel", "--version"}, own: axelCases},
		{name: "lftp", version: []string{"lftp", "--version"}, own: lftpCases},
		{name: "rclone", version: []string{"rclone", "version"}, full: true, own: rcloneCases},
		{name: "netcat", version: []string{"dpkg-query", "-W", "-f", "${Version}", "netcat-openbsd"}, own: netcatCases},
		{name: "apt", version: []string{"apt-get", "--version"}, own: aptCases},
		{name: "git", version: []string{"git", "--version"}, own: gitCases},
		{name: "svn", version: []string{"svn", "--version", "--quiet"}, full: true, own: svnCases},
		{name: "cadaver", version: []string{"dpkg-query", "-W", "-f", "${Version}", "cadaver"}, full: true, own: cadaverCases},
		{name: "ffmpeg", version: []string{"ffmpeg", "-version"}, full: true, own: ffmpegCases},
		{name: "Chromium", version: []string{"chromium", "--version"}, full: true, own: chromiumCases},
	}
}
