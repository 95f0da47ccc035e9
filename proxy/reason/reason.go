// SPDX-License-Identifier: Apache-2.0

package reason

// Reason says why the proxy answered a request itself. There is one list of reasons. Each answer of our own names one
// of them, and so do its Proxy-Status field and its log record.
type Reason uint8

// None means that the response is the upstream's. The others say why the proxy answered instead, with the status in
// brackets. ClientClosed is never sent, and a response that broke off has a reason too.
const (
	None Reason = iota
	// MalformedRequest (400): the message is not HTTP, or can be read in more than one way.
	MalformedRequest
	// MalformedPath (400): the path has no canonical form.
	MalformedPath
	// AmbiguousPath (400): a server that decodes the path further would find another rule's path in it.
	AmbiguousPath
	// RequestTimeout (408): the head or content did not arrive in time.
	RequestTimeout
	// TargetTooLong (414): the request line exceeds a limit.
	TargetTooLong
	// HeadTooLarge (431): the head exceeds --max-header-bytes or --max-headers.
	HeadTooLarge
	// MethodNotSupported (501): CONNECT, except for a WebSocket over HTTP/2.
	MethodNotSupported
	// MethodNotAllowed (405): TRACE.
	MethodNotAllowed
	// OptionsAnswered (200): OPTIONS was for the proxy itself, by its asterisk or by Max-Forwards.
	OptionsAnswered
	// VersionNotSupported (505): another major version of HTTP.
	VersionNotSupported
	// ACMEChallenge (200): a certificate authority asked for the proof that the host is served here.
	ACMEChallenge
	// RedirectToHTTPS (308): the host is served over HTTPS.
	RedirectToHTTPS
	// MisdirectedRequest (421): the connection was made under the terms of another host, or under terms that have changed
	// since. The client has to make another connection.
	MisdirectedRequest
	// RouteNotFound (404): no rule matches the host and the path.
	RouteNotFound
	// RuleClosed (503): a setting of the rule cannot be read, and may be meant to keep clients out; or the rule tells
	// another controller who gets in.
	RuleClosed
	// AccessDenied (403): the rule does not admit the client's address.
	AccessDenied
	// RateLimited (429): the client sent more requests than the rule allows.
	RateLimited
	// ConnectionsLimited (429): the client has as many requests under way as the rule allows.
	ConnectionsLimited
	// CertificateRequired (403): the rule wants a client certificate, and the connection's client has shown none that the
	// rule takes.
	CertificateRequired
	// AuthRequired (401, or a redirection to where clients sign in): the request does not prove whose it is.
	AuthRequired
	// AuthDenied (403): it is known whose request it is, and the client may not come in.
	AuthDenied
	// AuthUnavailable (503): nobody can say now whose request it is. So it does not get in.
	AuthUnavailable
	// ContentTooLarge (413): the content is longer than the rule allows, or has no length and is longer than the rule
	// gathers.
	ContentTooLarge
	// Redirected (302, or another redirection): the rule sends its clients elsewhere.
	Redirected
	// FixedResponse (200, or another status): the rule answers by itself.
	FixedResponse
	// PreflightAnswered (200): a browser asked whether a page of another origin may send a request.
	PreflightAnswered
	// LoopDetected (508): the request came by the same rule before, or by too many. Its backend leads back here.
	LoopDetected
	// InvalidBackend (500): the rule names a backend that it may not use, or that does not exist.
	InvalidBackend
	// NoHealthyTask (503): the rule's service has no endpoint that takes requests.
	NoHealthyTask
	// ConnectionLimit (503): there are as many connections as --max-connections allows.
	ConnectionLimit
	// UpstreamConnectFailed (502): no connection to an endpoint could be made.
	UpstreamConnectFailed
	// UpstreamTLSFailed (502): TLS failed on a connection to an endpoint. Its certificate is not what the rule expects, or
	// one of the two refused the other's terms.
	UpstreamTLSFailed
	// UpstreamReset (502): the endpoint closed the connection before its response was complete.
	UpstreamReset
	// UpstreamMalformed (502): the endpoint sent something that is not one response.
	UpstreamMalformed
	// UpstreamBusy (503): every endpoint has as many connections as the rule allows, and as many requests wait as may, or
	// this one waited in vain.
	UpstreamBusy
	// UpstreamConnectTimeout (504): no endpoint took the connection in time.
	UpstreamConnectTimeout
	// UpstreamTimeout (504): the endpoint did not answer, or go on, in time.
	UpstreamTimeout
	// UpstreamRequestTimeout (504): the exchange as a whole took too long.
	UpstreamRequestTimeout
	// ClientClosed (499): the client went away; nothing was sent.
	ClientClosed
	// InternalError (500): the proxy failed.
	InternalError
	// Count is the number of reasons, including None.
	Count
)

// reasonTable has for each reason its name, its status, its error type (RFC 9209, section 2.3), whether it is the
// service's, and what a client is told.
var reasonTable = [Count]struct {
	name      string
	status    int
	errorType string
	// upstream says that it is counted among the errors of the service: an endpoint is at fault, or an exchange with one
	// failed.
	upstream bool
	text     string
}{
	None:                   {"", 0, "", false, ""},
	MalformedRequest:       {"MalformedRequest", 400, "http_request_error", false, "the request is not well-formed HTTP"},
	MalformedPath:          {"MalformedPath", 400, "http_request_error", false, ""},
	AmbiguousPath:          {"AmbiguousPath", 400, "http_request_error", false, "the path is another rule's to a server that decodes %2F or %5C or drops what follows a semicolon"},
	RequestTimeout:         {"RequestTimeout", 408, "http_request_error", false, "the request did not arrive in time"},
	TargetTooLong:          {"TargetTooLong", 414, "http_request_error", false, ""},
	HeadTooLarge:           {"HeadTooLarge", 431, "http_request_error", false, ""},
	MethodNotSupported:     {"MethodNotSupported", 501, "http_request_error", false, ""},
	MethodNotAllowed:       {"MethodNotAllowed", 405, "http_request_denied", false, "TRACE would send back what others added to the request"},
	OptionsAnswered:        {"OptionsAnswered", 200, "proxy_internal_response", false, "the proxy passes on these methods, and others that a service knows"},
	VersionNotSupported:    {"VersionNotSupported", 505, "http_request_error", false, ""},
	ACMEChallenge:          {"ACMEChallenge", 200, "proxy_internal_response", false, ""},
	RedirectToHTTPS:        {"RedirectToHTTPS", 308, "proxy_internal_response", false, "this host is served over HTTPS"},
	MisdirectedRequest:     {"MisdirectedRequest", 421, "http_request_error", false, "this connection was made for another host: make one for this host"},
	RouteNotFound:          {"RouteNotFound", 404, "destination_not_found", false, "no rule matches this host and path"},
	RuleClosed:             {"RuleClosed", 503, "proxy_configuration_error", false, "the rule is closed until its Ingress is mended"},
	AccessDenied:           {"AccessDenied", 403, "http_request_denied", false, "the rule does not admit this address"},
	RateLimited:            {"RateLimited", 429, "http_request_denied", false, "this address sent more requests than the rule allows"},
	ConnectionsLimited:     {"ConnectionsLimited", 429, "http_request_denied", false, "this address has as many requests under way as the rule allows"},
	CertificateRequired:    {"CertificateRequired", 403, "http_request_denied", false, "the rule wants another client certificate than the connection has"},
	AuthRequired:           {"AuthRequired", 401, "http_request_denied", false, "the rule wants to know who you are"},
	AuthDenied:             {"AuthDenied", 403, "http_request_denied", false, "the rule does not admit you"},
	AuthUnavailable:        {"AuthUnavailable", 503, "proxy_internal_error", false, "nobody can say now who may come in"},
	ContentTooLarge:        {"ContentTooLarge", 413, "http_request_error", false, "the content is longer than the rule allows, or than it allows without a Content-Length"},
	Redirected:             {"Redirected", 302, "proxy_internal_response", false, "the rule sends its clients to another URL"},
	FixedResponse:          {"FixedResponse", 200, "proxy_internal_response", false, ""},
	PreflightAnswered:      {"PreflightAnswered", 200, "proxy_internal_response", false, "the rule says who may read its answers"},
	LoopDetected:           {"LoopDetected", 508, "proxy_loop_detected", false, "the rule's backend leads back to this rule"},
	InvalidBackend:         {"InvalidBackend", 500, "proxy_configuration_error", false, "the rule's backend does not exist, or the rule may not use it"},
	NoHealthyTask:          {"NoHealthyTask", 503, "destination_unavailable", false, "the service has no endpoint that takes requests"},
	ConnectionLimit:        {"ConnectionLimit", 503, "connection_limit_reached", false, "there are too many connections"},
	UpstreamConnectFailed:  {"UpstreamConnectFailed", 502, "connection_refused", true, "no connection to the service could be made"},
	UpstreamTLSFailed:      {"UpstreamTLSFailed", 502, "tls_protocol_error", true, "TLS with the service failed"},
	UpstreamReset:          {"UpstreamReset", 502, "connection_terminated", true, "the service closed the connection before it answered"},
	UpstreamMalformed:      {"UpstreamMalformed", 502, "http_protocol_error", true, "the service's answer is not a well-formed response"},
	UpstreamBusy:           {"UpstreamBusy", 503, "connection_limit_reached", true, "the service has as many connections as it may have, and enough requests wait for one"},
	UpstreamConnectTimeout: {"UpstreamConnectTimeout", 504, "connection_timeout", true, "the service did not take the connection in time"},
	UpstreamTimeout:        {"UpstreamTimeout", 504, "http_response_timeout", true, "the service did not answer in time"},
	UpstreamRequestTimeout: {"UpstreamRequestTimeout", 504, "http_response_timeout", true, "the service took longer than the rule allows"},
	ClientClosed:           {"ClientClosed", 499, "", false, ""},
	InternalError:          {"InternalError", 500, "proxy_internal_error", false, "the proxy failed; its log says how"},
}

// proxyStatus has the Proxy-Status value of each reason.
var proxyStatus = func() (values [Count][]byte) {
	for r := range Count {
		values[r] = []byte(`warren; error=` + reasonTable[r].errorType + `; details="` + r.String() + `"`)
	}
	return values
}()

func (r Reason) String() string { return reasonTable[r].name }

// Status returns the status code of an answer with this reason.
func (r Reason) Status() int { return reasonTable[r].status }

// ProxyStatus returns the Proxy-Status value of an answer with this reason (RFC 9209). Nobody may change it.
func (r Reason) ProxyStatus() []byte { return proxyStatus[r] }

// IsUpstream says whether the reason is counted among the errors of the service.
func (r Reason) IsUpstream() bool { return reasonTable[r].upstream }

// Text returns what a client is told if there is nothing more to say. It is empty if there always is.
func (r Reason) Text() string { return reasonTable[r].text }

// OfStatus returns why parsing refused a request, by the status of the refusal.
func OfStatus(status int) Reason {
	switch status {
	case 408:
		return RequestTimeout
	case 413:
		return ContentTooLarge
	case 414:
		return TargetTooLong
	case 431:
		return HeadTooLarge
	case 501:
		return MethodNotSupported
	case 505:
		return VersionNotSupported
	}
	return MalformedRequest
}
