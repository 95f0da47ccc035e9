// SPDX-License-Identifier: Apache-2.0

package nginx

import (
	"net/netip"
	"time"

	"github.com/warren-dev/ingress/controllers/nginx/snippet"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/script"
)

// Terms are what annotations and the ConfigMap ask for, of every path of an Ingress. A copy shares lists, which nobody
// modifies. They begin as [defaults], go on with the keys of the ConfigMap, and then with the annotations.
type Terms struct {
	// sslRedirect sends plain requests for hosts with TLS to HTTPS, and forceSSL those for all hosts. keepSlash keeps a
	// slash at the end of the URL. httpsCode is the status, and plainPaths are the beginnings of paths that are left out.
	sslRedirect, forceSSL, keepSlash bool
	httpsCode                        int
	plainPaths                       []string
	// permanent and temporal are URLs that all requests are sent to, with their statuses.
	permanent, temporal         string
	permanentCode, temporalCode int
	appRoot                     string
	// www has a host with www. sent to the one without, or the other way round.
	www bool

	// rewrite is the path that a backend gets, regex that paths are expressions. prefix and vhost are what the backend is
	// told of the path and of the host.
	rewrite, prefix, vhost string
	regex                  bool
	aliases                []string

	connect, send, read time.Duration
	// bodySize is the most content of a request, 0 for no bound.
	bodySize int64
	// tries is how often a request is sent at most, 0 for as often as there are endpoints. retry has what the tries are
	// for.
	tries int
	retry []string

	// protocol is that of backends. tls says more.
	protocol string
	tls      tlsTerms
	// byService has the addresses of Services asked.
	byService bool
	// connection is the field Connection of requests to backends. Empty for the usual one.
	connection string

	allowed, denied []netip.Prefix
	// blocked are denied whatever an annotation says. blockedValues refuse requests by values of fields.
	blocked       []netip.Prefix
	blockedValues []script.Step

	// perSecond, perMinute and connections bound what a client may send, 0 for no bound. burst multiplies the first two.
	perSecond, perMinute, connections, burst int
	// unlimited are not bound by them.
	unlimited []netip.Prefix

	cors corsTerms

	hashBy, balance string
	session         sessionTerms

	// sent and answered are fields that requests and responses get. hidden are fields that responses lose.
	sent, answered []policy.Header
	hidden         []string
	// headersFrom is the ConfigMap whose fields responses get. mayAnswer are the fields that it may have.
	headersFrom string
	mayAnswer   []string

	// redirectFrom in a Location becomes redirectTo. cookieDomain and cookiePath are changed in cookies, nil for nothing.
	redirectFrom, redirectTo string
	cookieDomain, cookiePath *policy.ValueChange

	hsts hstsTerms

	compression compressionTerms

	clients clientTerms

	// snippet is the configuration-snippet, and serverSnippet the one for hosts.
	snippet, serverSnippet string
	// shared are the snippets for all paths and for all hosts.
	shared snippet.Snippets

	canary canaryTerms

	// pages is the Service with the pages for pageStatuses, unless noPages is set.
	pages        string
	pageStatuses []int
	noPages      bool

	// mirrorTo is where copies of requests go, and mirrorHost what they are for. mirrorBare leaves the content out.
	mirrorTo, mirrorHost string
	mirrorBare           bool

	auth authTerms
}

// tlsTerms are what backends over HTTPS have to prove, and are shown.
type tlsTerms struct {
	secret, name string
	// asked has the host of each request be the name.
	asked, verify bool
}

// corsTerms say which pages of other origins may read.
type corsTerms struct {
	on, credentials         bool
	origins                 []string
	methods, fields, expose []string
	age                     int
}

// sessionTerms say how sessions are kept.
type sessionTerms struct {
	affinity                     string
	name, path, domain, sameSite string
	age                          time.Duration
	secure                       bool
}

// compressionTerms have answers compressed.
type compressionTerms struct {
	gzip, brotli           bool
	gzipTypes, brotliTypes []string
	gzipLeast, brotliLeast int
}

// usualTypes are the media types that are compressed besides text/html, if the ConfigMap names no others.
var usualTypes = []string{
	"application/atom+xml", "application/javascript", "application/json", "application/rss+xml", "application/vnd.ms-fontobject", "application/x-font-ttf",
	"application/x-javascript", "application/x-web-app-manifest+json", "application/xhtml+xml", "application/xml", "font/opentype", "image/svg+xml", "image/x-icon",
	"text/css", "text/javascript", "text/plain", "text/x-component",
}

// hstsTerms have browsers come over HTTPS.
type hstsTerms struct {
	on, subDomains, preload bool
	age                     int
}

// canaryTerms say which requests a canary takes.
type canaryTerms struct {
	on                             bool
	header, value, pattern, cookie string
	weight, total                  int
}

// defaults is what ingress-nginx does without annotations and with an empty ConfigMap.
func defaults() Terms {
	return Terms{
		sslRedirect: true, httpsCode: 308, plainPaths: []string{"/.well-known/acme-challenge"},
		permanentCode: 301, temporalCode: 302,
		connect: 5 * time.Second, send: time.Minute, read: time.Minute,
		bodySize: 1 << 20,
		tries:    3, retry: []string{"error", "timeout"},
		protocol: "HTTP",
		burst:    5,
		cors: corsTerms{
			credentials: true, origins: []string{"*"}, methods: []string{"GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"},
			fields: []string{"DNT", "Keep-Alive", "User-Agent", "X-Requested-With", "If-Modified-Since", "Cache-Control", "Content-Type", "Range", "Authorization"},
			age:    1728000,
		},
		redirectFrom: "off", redirectTo: "off",
		session: sessionTerms{name: "INGRESSCOOKIE"},
		hsts:    hstsTerms{on: true, subDomains: true, age: 31536000},
		canary:  canaryTerms{total: 100},
		auth:    authTerms{form: rules.UserFile, openPaths: []string{"/.well-known/acme-challenge"}},
		clients: clientTerms{verify: "on", depth: 1},

		compression: compressionTerms{gzipTypes: usualTypes, brotliTypes: usualTypes, gzipLeast: 256, brotliLeast: 20},
	}
}
