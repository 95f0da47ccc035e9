// SPDX-License-Identifier: Apache-2.0

package snippet

import "strings"

// place is where a directive may stand, as nginx has it.
type place uint8

const (
	inServer place = 1 << iota
	inLocation
	inServerIf
	inLocationIf
	inAny = inServer | inLocation
)

// entry is what is known of a directive.
type entry struct {
	places place
	// least and most are how many arguments it takes. most is -1 for any number.
	least, most int
	block       bool
	compile     func(*compiler, *scope, *directive)
	// nothing says why it means nothing here. It has no compile then.
	nothing string
}

// table has the directives that are kept, and those that mean nothing here. All others close a path.
var table map[string]entry

// What means nothing here, and why.
const (
	streams     = "contents are passed on as they come, and need no buffer"
	connections = "connections of clients are held by the controller's flags"
	logs        = "the log is the controller's"
	noCaches    = "nothing is cached here"
	noNames     = "no names are looked up here"
	noFiles     = "no files are served here"
	compresses  = "compression is a setting of its own: write it in the ConfigMap"
	transport   = "the connection is the controller's own to write to"
)

func init() {
	always := inAny | inLocationIf
	rewrites := inAny | inServerIf | inLocationIf
	table = map[string]entry{
		"set":     {places: rewrites, least: 2, most: 2, compile: (*compiler).set},
		"return":  {places: rewrites, least: 1, most: 2, compile: (*compiler).answer},
		"rewrite": {places: rewrites, least: 2, most: 3, compile: (*compiler).rewrite},
		"break":   {places: rewrites, compile: (*compiler).stop},
		"if":      {places: inAny, least: 1, most: -1, block: true, compile: (*compiler).condition},

		"location": {places: inAny, least: 1, most: 2, block: true, compile: (*compiler).location},

		"add_header":               {places: always, least: 2, most: 3, compile: (*compiler).addHeader},
		"more_set_headers":         {places: always, least: 1, most: -1, compile: (*compiler).moreHeaders},
		"more_clear_headers":       {places: always, least: 1, most: -1, compile: (*compiler).moreHeaders},
		"more_set_input_headers":   {places: always, least: 1, most: -1, compile: (*compiler).moreHeaders},
		"more_clear_input_headers": {places: always, least: 1, most: -1, compile: (*compiler).moreHeaders},
		"expires":                  {places: always, least: 1, most: 2, compile: (*compiler).expires},
		"proxy_set_header":         {places: inAny, least: 2, most: 2, compile: (*compiler).proxySetHeader},
		"proxy_hide_header":        {places: inAny, least: 1, most: 1, compile: (*compiler).proxyHideHeader},
		"proxy_method":             {places: inAny, least: 1, most: 1, compile: (*compiler).method},
		"default_type":             {places: inAny, least: 1, most: 1, compile: (*compiler).defaultType},
		"absolute_redirect":        {places: inAny, least: 1, most: 1, compile: (*compiler).absoluteRedirect},

		"auth_request_set": {places: inAny, least: 2, most: 2, compile: (*compiler).authRequestSet},

		"allow":        {places: inAny, least: 1, most: 1, compile: (*compiler).access},
		"deny":         {places: inAny, least: 1, most: 1, compile: (*compiler).access},
		"limit_except": {places: inLocation, least: 1, most: -1, block: true, compile: (*compiler).limitExcept},
		"satisfy":      {places: inAny, least: 1, most: 1, compile: (*compiler).satisfy},

		"client_max_body_size":      {places: inAny, least: 1, most: 1, compile: (*compiler).bodySize},
		"proxy_connect_timeout":     {places: inAny, least: 1, most: 1, compile: (*compiler).timeout},
		"proxy_send_timeout":        {places: inAny, least: 1, most: 1, compile: (*compiler).timeout},
		"proxy_read_timeout":        {places: inAny, least: 1, most: 1, compile: (*compiler).timeout},
		"grpc_connect_timeout":      {places: inAny, least: 1, most: 1, compile: (*compiler).timeout},
		"grpc_send_timeout":         {places: inAny, least: 1, most: 1, compile: (*compiler).timeout},
		"grpc_read_timeout":         {places: inAny, least: 1, most: 1, compile: (*compiler).timeout},
		"proxy_next_upstream_tries": {places: inAny, least: 1, most: 1, compile: (*compiler).tries},
		"grpc_next_upstream_tries":  {places: inAny, least: 1, most: 1, compile: (*compiler).tries},
		"proxy_cookie_path":         {places: inAny, least: 1, most: 2, compile: (*compiler).replacement},
		"proxy_redirect":            {places: inAny, least: 1, most: 2, compile: (*compiler).replacement},
		"proxy_ssl_name":            {places: inAny, least: 1, most: 1, compile: (*compiler).upstreamName},
		"proxy_ssl_server_name":     {places: inAny, least: 1, most: 1, compile: (*compiler).upstreamName},
		"proxy_cache":               {places: inAny, least: 1, most: 1, compile: (*compiler).cache},
	}
	for why, names := range map[string]string{
		streams: "proxy_buffering proxy_buffers proxy_buffer_size proxy_busy_buffers_size proxy_max_temp_file_size " +
			"proxy_temp_file_write_size proxy_request_buffering client_body_buffer_size client_header_buffer_size " +
			"large_client_header_buffers postpone_output output_buffers grpc_buffer_size proxy_headers_hash_max_size " +
			"proxy_headers_hash_bucket_size subrequest_output_buffer_size connection_pool_size request_pool_size",
		connections: "keepalive_timeout keepalive_requests keepalive_time keepalive_disable client_body_timeout client_header_timeout " +
			"send_timeout lingering_close lingering_time lingering_timeout reset_timedout_connection http2_push_preload " +
			"http2_max_field_size http2_max_header_size http2_max_requests http2_max_concurrent_streams http2_idle_timeout " +
			"http2_recv_timeout",
		logs:     "access_log error_log log_not_found log_subrequest rewrite_log uninitialized_variable_warn opentelemetry opentracing",
		noCaches: "proxy_cache_bypass proxy_no_cache proxy_ignore_headers open_file_cache",
		noNames:  "resolver resolver_timeout",
		noFiles:  "etag if_modified_since autoindex sendfile directio aio tcp_nopush max_ranges",
		compresses: "gzip gzip_types gzip_comp_level gzip_min_length gzip_proxied gzip_vary gzip_buffers gzip_disable " +
			"gzip_http_version gzip_static brotli brotli_types brotli_comp_level brotli_min_length",
		transport: "tcp_nodelay chunked_transfer_encoding server_tokens proxy_http_version proxy_socket_keepalive " +
			"port_in_redirect server_name_in_redirect proxy_pass_header proxy_intercept_errors merge_slashes " +
			"underscores_in_headers ignore_invalid_headers proxy_ssl_session_reuse",
	} {
		for name := range strings.FieldsSeq(names) {
			table[name] = entry{places: always, least: 1, most: -1, nothing: why}
		}
	}
}

// hints say what to write in place of directives that close a path, by the beginning of their names.
var hints = []struct{ prefix, text string }{
	{"proxy_pass", "sends requests elsewhere: make an Ingress with a path and a Service for them"},
	{"grpc_pass", "sends requests elsewhere: make an Ingress with a path and a Service for them"},
	{"fastcgi_", "speaks FastCGI, which is not spoken here: put a web server in front of the program"},
	{"uwsgi_", "speaks uWSGI, which is not spoken here: put a web server in front of the program"},
	{"auth_basic", "says who gets in: write the annotations auth-type and auth-secret"},
	{"auth_request", "says who gets in: write the annotation auth-url"},
	{"auth_", "says who gets in, and is not known here"},
	{"ssl_", "concerns certificates: write tls in the Ingress, or the annotations auth-tls-*"},
	{"proxy_ssl_", "concerns TLS with the backend: write the annotations proxy-ssl-*"},
	{"grpc_ssl_", "concerns TLS with the backend: write the annotations proxy-ssl-*"},
	{"limit_req", "limits requests by a zone of another file: write the annotations limit-rps or limit-rpm"},
	{"limit_conn", "limits connections by a zone of another file: write the annotation limit-connections"},
	{"limit_rate", "limits the rate of a response, which nothing here does"},
	{"error_page", "serves another page: write the annotation custom-http-errors"},
	{"proxy_next_upstream", "says what is tried again: write the annotations proxy-next-upstream*"},
	{"proxy_cookie_", "changes cookies: write the annotations proxy-cookie-*"},
	{"proxy_cache", "caches responses, which nothing here does"},
	{"sub_filter", "changes contents, which nothing here does"},
	{"lua_", "is Lua, which is not run here"},
	{"modsecurity", "is a firewall for contents, which there is none of here"},
	{"include", "reads a file, and there is none here"},
	{"root", "serves files: put a web server behind a path"},
	{"alias", "serves files: put a web server behind a path"},
	{"index", "serves files: put a web server behind a path"},
	{"try_files", "serves files: put a web server behind a path"},
	{"real_ip", "says who the client is: write the flag --trusted-proxies"},
	{"set_real_ip_from", "says who the client is: write the flag --trusted-proxies"},
	{"mirror", "copies requests: write the annotation mirror-target"},
	{"rewrite_by_lua", "is Lua, which is not run here"},
}

// hint returns what to write in place of a directive that is not kept.
func hint(name string) string {
	if strings.Contains(name, "_by_lua") {
		return "is Lua, which is not run here"
	}
	for _, h := range hints {
		if strings.HasPrefix(name, h.prefix) {
			return h.text
		}
	}
	return "is not kept: take it out, or write what it is for as an annotation"
}
