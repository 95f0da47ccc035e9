// SPDX-License-Identifier: Apache-2.0

package heads

import (
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/message"
)

// understood is what a request's head came to.
type understood struct {
	Version, Method, Authority, Path, Query string
	Fields                                  []field
	Length                                  int64
	Upgrade                                 string
	ExpectContinue, AcceptsTrailers         bool
	KeepAlive                               bool
	// Behind is what stands behind the head.
	Behind string
}

// readRequest reads the head at the start of stream as it arrives. It returns io.ErrUnexpectedEOF if the stream ends
// before the head.
func readRequest(stream string, arrival []int) (understood, error) {
	seen := 0
	for _, there := range arrival {
		n, err := RequestEnd([]byte(stream[:there]), seen, testLimits)
		if err != nil {
			return understood{}, err
		}
		if n > 0 {
			req := new(message.Request)
			keepAlive, err := ParseRequest(req, []byte(stream[:n]), testLimits)
			return understood{
				Version: req.Version.String(), Method: string(req.Method), Authority: string(req.Authority),
				Path: string(req.Path), Query: string(req.Query), Fields: passed(req.Fields),
				Length: req.ContentLength, Upgrade: string(req.Upgrade),
				ExpectContinue: req.ExpectContinue, AcceptsTrailers: req.AcceptsTrailers,
				KeepAlive: keepAlive, Behind: stream[n:],
			}, err
		}
		seen = there
	}
	return understood{}, io.ErrUnexpectedEOF
}

func TestRequestIsRefusedHoweverItArrives(t *testing.T) {
	const get = "GET / HTTP/1.1\r\nHost: a\r\n"
	const post = "POST / HTTP/1.1\r\nHost: a\r\n"
	tests := map[string]struct {
		stream string
		want   *message.Error
	}{
		"LF alone after the request line":     {"GET / HTTP/1.1\nHost: a\r\n\r\n", ErrBareLF},
		"LF alone after a field":              {get + "B: c\nD: e\r\n\r\n", ErrBareLF},
		"LF alone as the empty line":          {get + "\n", ErrBareLF},
		"LF alone throughout":                 {"GET / HTTP/1.1\nHost: a\n\n", ErrBareLF},
		"LF alone before the request":         {"\n" + get + "\r\n", ErrBareLF},
		"CR within the request line":          {"GET /\r HTTP/1.1\r\nHost: a\r\n\r\n", errTarget},
		"CR at the version's end":             {"GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", errVersionSyntax},
		"CR within a value":                   {get + "B: c\rd\r\n\r\n", ErrBareLF},
		"CR at a value's end":                 {get + "B: c\r\r\n\r\n", ErrBareLF},
		"CR in a name's place":                {get + "B\r: c\r\n\r\n", ErrBareLF},
		"CR alone hiding a field":             {get + "B: c\rContent-Length: 5\r\n\r\n", ErrBareLF},
		"two empty lines before the request":  {"\r\n\r\n" + get + "\r\n", errRequestLine},
		"CR alone before the request":         {"\r" + get + "\r\n", errMethod},
		"a space before the request":          {" " + get + "\r\n", errRequestLine},
		"no space":                            {"GET\r\nHost: a\r\n\r\n", errRequestLine},
		"no version (0.9)":                    {"GET /\r\nHost: a\r\n\r\n", errRequestLine},
		"no target":                           {"GET  HTTP/1.1\r\nHost: a\r\n\r\n", errRequestLine},
		"no method":                           {" / HTTP/1.1\r\nHost: a\r\n\r\n", errRequestLine},
		"two spaces after the method":         {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", errTarget},
		"two spaces before the version":       {"GET /  HTTP/1.1\r\nHost: a\r\n\r\n", errTarget},
		"a space after the version":           {"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", errVersionSyntax},
		"tabs for spaces":                     {"GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n", errRequestLine},
		"a tab after the method":              {"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", errRequestLine},
		"a vertical tab in the target":        {"GET /\v HTTP/1.1\r\nHost: a\r\n\r\n", errTarget},
		"a space in the target":               {"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", errTarget},
		"NUL in the target":                   {"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n", errTarget},
		"DEL in the target":                   {"GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n", errTarget},
		"a byte beyond ASCII in an authority": {"GET http://\xc3\xa9/ HTTP/1.1\r\nHost: \xc3\xa9\r\n\r\n", errHostSyntax},
		"a C1 control character is no space":  {"GET /\x85HTTP/1.1\r\nHost: a\r\n\r\n", errRequestLine},
		"a fragment":                          {"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", errTarget},
		"a method that is no token":           {"G(T / HTTP/1.1\r\nHost: a\r\n\r\n", errMethod},
		"a method beyond ASCII":               {"G\xcbT / HTTP/1.1\r\nHost: a\r\n\r\n", errMethod},
		"TLS on the plain port":               {"\x16\x03\x01 \x01 \x03\r\n\r\n", errMethod},
		"lower-case version":                  {"GET / http/1.1\r\nHost: a\r\n\r\n", errVersionSyntax},
		"a version of two digits":             {"GET / HTTP/1.10\r\nHost: a\r\n\r\n", errVersionSyntax},
		"a version without minor":             {"GET / HTTP/1\r\nHost: a\r\n\r\n", errVersionSyntax},
		"a version with a comma":              {"GET / HTTP/1,1\r\nHost: a\r\n\r\n", errVersionSyntax},
		"another protocol":                    {"GET / HTCP/1.1\r\nHost: a\r\n\r\n", errVersionSyntax},
		"HTTP/0.9 by name":                    {"GET / HTTP/0.9\r\nHost: a\r\n\r\n", errVersion},
		"HTTP/2.0":                            {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", errVersion},
		"the preface of HTTP/2":               {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", errVersion},
		"CONNECT":                             {"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", errConnect},
		"CONNECT to a path":                   {"CONNECT /a HTTP/1.1\r\nHost: a\r\n\r\n", errConnect},
		"an asterisk with GET":                {"GET * HTTP/1.1\r\nHost: a\r\n\r\n", errTargetForm},
		"an asterisk and more":                {"OPTIONS */a HTTP/1.1\r\nHost: a\r\n\r\n", errTargetForm},
		"a relative target":                   {"GET a/b HTTP/1.1\r\nHost: a\r\n\r\n", errTargetForm},
		"a target of authority form":          {"GET a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", errTargetForm},
		"a target that is a query":            {"GET ?a HTTP/1.1\r\nHost: a\r\n\r\n", errTargetForm},
		"a URI of another scheme":             {"GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", errTargetForm},
		"a URI without authority":             {"GET http:/a HTTP/1.1\r\nHost: a\r\n\r\n", errTargetForm},
		"a URI that ends after its slashes":   {"GET http:// HTTP/1.1\r\nHost: a\r\n\r\n", errTargetForm},
		"a URI with an empty authority":       {"GET http:///b HTTP/1.1\r\nHost: a\r\n\r\n", errHostSyntax},
		"a URI with userinfo":                 {"GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", errHostSyntax},
		"a URI with another host":             {"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", errHostDiffers},
		"a URI with another port":             {"GET http://a:81/ HTTP/1.1\r\nHost: a:80\r\n\r\n", errHostDiffers},
		"a URI with a port that Host lacks":   {"GET http://a:80/ HTTP/1.1\r\nHost: a\r\n\r\n", errHostDiffers},
		"a URI and an empty Host":             {"GET http://a/ HTTP/1.1\r\nHost:\r\n\r\n", errHostDiffers},
		"a URI and no Host":                   {"GET http://a/ HTTP/1.1\r\n\r\n", errHostMissing},
		"no Host":                             {"GET / HTTP/1.1\r\n\r\n", errHostMissing},
		"no Host but its look-alike":          {"GET / HTTP/1.1\r\nHosts: a\r\n\r\n", errHostMissing},
		"two Hosts":                           {get + "Host: b\r\n\r\n", errHostMany},
		"two equal Hosts":                     {get + "hOST: a\r\n\r\n", errHostMany},
		"two Hosts on 1.0":                    {"GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", errHostMany},
		"Host with a space":                   {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", errHostSyntax},
		"Host with a path":                    {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", errHostSyntax},
		"Host with userinfo":                  {"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", errHostSyntax},
		"Host with a backslash":               {"GET / HTTP/1.1\r\nHost: a\\b\r\n\r\n", errHostSyntax},
		"Host beyond ASCII":                   {"GET / HTTP/1.1\r\nHost: \xc3\xa9\r\n\r\n", errHostSyntax},
		"Host with a bad port":                {"GET / HTTP/1.1\r\nHost: a:8o\r\n\r\n", errHostSyntax},
		"Host with two ports":                 {"GET / HTTP/1.1\r\nHost: a:80:80\r\n\r\n", errHostSyntax},
		"a bare IPv6 address as Host":         {"GET / HTTP/1.1\r\nHost: ::1\r\n\r\n", errHostSyntax},
		"Host with a bad escape":              {"GET / HTTP/1.1\r\nHost: a%zz\r\n\r\n", errHostSyntax},
		"a field without colon":               {get + "B\r\n\r\n", errFieldName},
		"a field without name":                {get + ": b\r\n\r\n", errFieldName},
		"a name with a space":                 {get + "B c: d\r\n\r\n", errFieldSpace},
		"a name in quotes":                    {get + "\"B\": d\r\n\r\n", errFieldName},
		"a name beyond ASCII":                 {get + "B\xe9: d\r\n\r\n", errFieldName},
		"a name with NUL":                     {get + "B\x00: d\r\n\r\n", errFieldName},
		"space before a colon":                {get + "B : c\r\n\r\n", errFieldSpace},
		"tab before a colon":                  {get + "B\t: c\r\n\r\n", errFieldSpace},
		"space before the length's colon":     {post + "Content-Length : 4\r\n\r\nbody", errFieldSpace},
		"space before the coding's colon":     {post + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", errFieldSpace},
		"a folded line":                       {get + "B: c\r\n d\r\n\r\n", errFold},
		"a line folded by a tab":              {get + "B: c\r\n\td\r\n\r\n", errFold},
		"a folded coding":                     {post + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", errFold},
		"a folded request line":               {"GET / HTTP/1.1\r\n Host: a\r\n\r\n", errFold},
		"a line of spaces":                    {get + "  \r\n\r\n", errFold},
		"NUL in a value":                      {get + "B: c\x00d\r\n\r\n", errFieldValue},
		"NUL deep in a value":                 {get + "B: 0123456789abcdef\x00[0m\r\n\r\n", errFieldValue},
		"a form feed before a length":         {post + "Content-Length: \f4\r\n\r\nbody", errLengthSyntax},
		"a control character after a length":  {post + "Content-Length: 4\x1f\r\n\r\nbody", errLengthSyntax},
		"a vertical tab before a coding":      {post + "Transfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n", errCoding},
		"DEL after a coding":                  {post + "Transfer-Encoding: chunked\x7f\r\n\r\n0\r\n\r\n", errCoding},
		"a control character in Host":         {"GET / HTTP/1.1\r\nHost: a\x1f\r\n\r\n", errHostSyntax},
		"a negative length":                   {post + "Content-Length: -1\r\n\r\n", errLengthSyntax},
		"a length with a plus":                {post + "Content-Length: +4\r\n\r\nbody", errLengthSyntax},
		"an empty length":                     {post + "Content-Length:\r\n\r\n", errLengthSyntax},
		"a hexadecimal length":                {post + "Content-Length: 0x4\r\n\r\nbody", errLengthSyntax},
		"a fraction as length":                {post + "Content-Length: 4.0\r\n\r\nbody", errLengthSyntax},
		"a length with an underscore":         {post + "Content-Length: 1_0\r\n\r\nbody", errLengthSyntax},
		"a length with a space within":        {post + "Content-Length: 4 4\r\n\r\nbody", errLengthSyntax},
		"a list of equal lengths":             {post + "Content-Length: 4, 4\r\n\r\nbody", errLengthSyntax},
		"a list of lengths":                   {post + "Content-Length: 4, 5\r\n\r\nbody", errLengthSyntax},
		"a length of 2^63":                    {post + "Content-Length: 9223372036854775808\r\n\r\n", errLengthSyntax},
		"a length that wraps to 4":            {post + "Content-Length: 18446744073709551620\r\n\r\nbody", errLengthSyntax},
		"two lengths":                         {post + "Content-Length: 4\r\nContent-Length: 5\r\n\r\nbody", errLengthMany},
		"two equal lengths":                   {post + "Content-Length: 4\r\ncontent-length: 4\r\n\r\nbody", errLengthMany},
		"length, then coding":                 {post + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", errLengthAndCoding},
		"coding, then length":                 {post + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n", errLengthAndCoding},
		"coding and a length of 0":            {post + "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n", errLengthAndCoding},
		"length named by Connection":          {post + "Connection: content-length\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", errLengthAndCoding},
		"an unknown coding":                   {post + "Transfer-Encoding: gzip\r\n\r\n", errCoding},
		"identity":                            {post + "Transfer-Encoding: identity\r\n\r\n", errCoding},
		"an empty coding":                     {post + "Transfer-Encoding:\r\n\r\n", errCoding},
		"a coding below chunked":              {post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", errCoding},
		"a coding above chunked":              {post + "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", errCoding},
		"chunked twice in a list":             {post + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", errCoding},
		"chunked twice":                       {post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", errCoding},
		"chunked and identity":                {post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", errCoding},
		"chunked with a parameter":            {post + "Transfer-Encoding: chunked;a=b\r\n\r\n0\r\n\r\n", errCoding},
		"chunked in quotes":                   {post + "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", errCoding},
		"chunked after a comma":               {post + "Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n", errCoding},
		"a coding that ends like chunked":     {post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", errCoding},
		"chunked on 1.0":                      {"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", errCodingVersion},
		"more options than Connection may list": {
			get + "Connection: " + strings.Repeat("a,", maxConnectionOptions) + "b\r\n\r\n", errOptionsMany,
		},
		"more options in several Connections": {
			get + strings.Repeat("Connection: a,b,c,d\r\n", maxConnectionOptions/4) + "Connection: e\r\n\r\n", errOptionsMany,
		},
		"a request line that is too long": {
			"GET /" + strings.Repeat("a", testLimits.LineBytes) + " HTTP/1.1\r\nHost: a\r\n\r\n", errTargetLong,
		},
		"a request line longer than a head": {
			"GET /" + strings.Repeat("a", testLimits.HeadBytes) + " HTTP/1.1\r\nHost: a\r\n\r\n", errTargetLong,
		},
		"a field line that is too long": {get + "B: " + strings.Repeat("c", testLimits.LineBytes-2) + "\r\n\r\n", errLineLong},
		"a head that is too long":       {get + longFields(testLimits.HeadBytes-len(get)-1) + "\r\n", errHeadLong},
		"a long head after the longest request line": {
			"GET /" + strings.Repeat("a", testLimits.LineBytes-len("GET / HTTP/1.1")) + " HTTP/1.1\r\n" +
				longFields(testLimits.HeadBytes), errHeadLong,
		},
		"too many fields": {get + strings.Repeat("B: c\r\n", testLimits.Fields) + "\r\n", errFieldsMany},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			for _, arrival := range arrivals(len(test.stream)) {
				if got, err := readRequest(test.stream, arrival); err != error(test.want) {
					t.Fatalf("%v: got %v and %+v, want %v", arrival, err, got, test.want)
				}
			}
		})
	}
}

func TestRequestIsUnderstoodHoweverItArrives(t *testing.T) {
	tests := map[string]struct {
		stream string
		want   understood
	}{
		"the least": {
			"GET / HTTP/1.1\r\nHost:\r\n\r\n",
			understood{Version: "HTTP/1.1", Method: "GET", Path: "/", KeepAlive: true},
		},
		"target, fields and white space around values": {
			"get /a/b?c=d?e&f=/ HTTP/1.1\r\nHOST: \t a.example:8080 \t\r\nEmpty:\r\nEmpty: \t \r\nTight:x\r\nWide: \t x \t y\t \r\n\r\n",
			understood{
				Version: "HTTP/1.1", Method: "get", Authority: "a.example:8080", Path: "/a/b", Query: "?c=d?e&f=/",
				Fields:    []field{{"Empty", ""}, {"Empty", ""}, {"Tight", "x"}, {"Wide", "x \t y"}},
				KeepAlive: true,
			},
		},
		"bytes beyond ASCII in a value": {
			"GET / HTTP/1.1\r\nHost: a\r\nB: \x80\xff\xc3\xa9\r\n\r\n",
			understood{Version: "HTTP/1.1", Method: "GET", Authority: "a", Path: "/", Fields: []field{{"B", "\x80\xff\xc3\xa9"}}, KeepAlive: true},
		},
		"every character of a token": {
			"!#$%&'*+-.^_`|~09azAZ / HTTP/1.1\r\nHost: a\r\n!#$%&'*+-.^_`|~09azAZ: b\r\n\r\n",
			understood{
				Version: "HTTP/1.1", Method: "!#$%&'*+-.^_`|~09azAZ", Authority: "a", Path: "/",
				Fields: []field{{"!#$%&'*+-.^_`|~09azAZ", "b"}}, KeepAlive: true,
			},
		},
		"a target that clients should have encoded": {
			"GET //a\\b/../<\"{|}^`>%2f%?%\\ HTTP/1.1\r\nHost: a\r\n\r\n",
			understood{Version: "HTTP/1.1", Method: "GET", Authority: "a", Path: "//a\\b/../<\"{|}^`>%2f%", Query: "?%\\", KeepAlive: true},
		},
		"an empty query": {
			"GET /? HTTP/1.1\r\nHost: a\r\n\r\n",
			understood{Version: "HTTP/1.1", Method: "GET", Authority: "a", Path: "/", Query: "?", KeepAlive: true},
		},
		"an asterisk": {
			"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
			understood{Version: "HTTP/1.1", Method: "OPTIONS", Authority: "a", Path: "*", KeepAlive: true},
		},
		"OPTIONS of a URL without a path": {
			"OPTIONS https://a:8443 HTTP/1.1\r\nHost: a:8443\r\n\r\n",
			understood{Version: "HTTP/1.1", Method: "OPTIONS", Authority: "a:8443", Path: "*", KeepAlive: true},
		},
		"OPTIONS of a URL with a path": {
			"OPTIONS http://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
			understood{Version: "HTTP/1.1", Method: "OPTIONS", Authority: "a", Path: "/", KeepAlive: true},
		},
		"OPTIONS of a URL with a query alone": {
			"OPTIONS http://a?b HTTP/1.1\r\nHost: a\r\n\r\n",
			understood{Version: "HTTP/1.1", Method: "OPTIONS", Authority: "a", Path: "/", Query: "?b", KeepAlive: true},
		},
		"a URI": {
			"GET http://a:80/b?c HTTP/1.1\r\nHost: a:80\r\n\r\n",
			understood{Version: "HTTP/1.1", Method: "GET", Authority: "a:80", Path: "/b", Query: "?c", KeepAlive: true},
		},
		"a URI in other letters": {
			"GET HTTPS://A.example/b HTTP/1.1\r\nHost: a.EXAMPLE\r\n\r\n",
			understood{Version: "HTTP/1.1", Method: "GET", Authority: "A.example", Path: "/b", KeepAlive: true},
		},
		"a URI without path": {
			"GET http://a HTTP/1.1\r\nHost: a\r\n\r\n",
			understood{Version: "HTTP/1.1", Method: "GET", Authority: "a", Path: "/", KeepAlive: true},
		},
		"a URI with query and no path": {
			"GET http://a?b/c HTTP/1.1\r\nHost: a\r\n\r\n",
			understood{Version: "HTTP/1.1", Method: "GET", Authority: "a", Path: "/", Query: "?b/c", KeepAlive: true},
		},
		"a URI without Host on 1.0": {
			"GET http://a/b HTTP/1.0\r\n\r\n",
			understood{Version: "HTTP/1.0", Method: "GET", Authority: "a", Path: "/b"},
		},
		"a later minor version": {
			"GET / HTTP/1.7\r\nHost: a\r\n\r\n",
			understood{Version: "HTTP/1.1", Method: "GET", Authority: "a", Path: "/", KeepAlive: true},
		},
		"1.0 knows no Expect, Upgrade and TE": {
			"POST / HTTP/1.0\r\nExpect: 100-continue\r\nConnection: upgrade, te\r\nUpgrade: x\r\nTE: trailers\r\nContent-Length: 1\r\n\r\nx",
			understood{Version: "HTTP/1.0", Method: "POST", Path: "/", Length: 1, Behind: "x"},
		},
		"a connection that the client closes": {
			"GET / HTTP/1.1\r\nHost: a\r\nConnection: x,, CLOSE ,\r\n\r\n" + "GET /next",
			understood{Version: "HTTP/1.1", Method: "GET", Authority: "a", Path: "/", Behind: "GET /next"},
		},
		"close wins over keep-alive in whatever order": {
			"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nConnection: keep-alive\r\n\r\n" + "GET /next",
			understood{Version: "HTTP/1.1", Method: "GET", Authority: "a", Path: "/", Behind: "GET /next"},
		},
		"Connection that names itself": {
			"GET / HTTP/1.1\r\nHost: a\r\nConnection: connection\r\nConnection: close\r\n\r\n" + "GET /next",
			understood{Version: "HTTP/1.1", Method: "GET", Authority: "a", Path: "/", Behind: "GET /next"},
		},
		"bytes beyond ASCII in a path and a query": {
			"GET /caf\xc3\xa9?q=\xfc HTTP/1.1\r\nHost: a\r\n\r\n",
			understood{Version: "HTTP/1.1", Method: "GET", Authority: "a", Path: "/caf\xc3\xa9", Query: "?q=\xfc", KeepAlive: true},
		},
		"control characters in a value": {
			"GET / HTTP/1.1\r\nHost: a\r\nA: \x1b[0m\x7f\x01\t\x0b\r\n\r\n",
			understood{
				Version: "HTTP/1.1", Method: "GET", Authority: "a", Path: "/", Fields: []field{{"A", "\x1b[0m\x7f\x01\t\x0b"}}, KeepAlive: true,
			},
		},
		"fields of the connection are dropped": {
			"GET / HTTP/1.1\r\nA: 1\r\nHost: a\r\nConnection: B, te\r\nConnection: C\r\nKeep-Alive: x\r\nProxy-Connection: x\r\n" +
				"TE: gzip\r\nUpgrade: x\r\nb: 2\r\nC: 3\r\nBB: 4\r\nc: 5\r\n\r\n",
			understood{
				Version: "HTTP/1.1", Method: "GET", Authority: "a", Path: "/",
				Fields: []field{{"A", "1"}, {"BB", "4"}}, KeepAlive: true,
			},
		},
		"Connection cannot take out what frames the message": {
			"POST / HTTP/1.1\r\nHost: a\r\nConnection: host, content-length, transfer-encoding\r\nContent-Length: 2\r\n\r\nhi",
			understood{Version: "HTTP/1.1", Method: "POST", Authority: "a", Path: "/", Length: 2, Behind: "hi", KeepAlive: true},
		},
		"as many options as Connection may list": {
			"GET / HTTP/1.1\r\nHost: a\r\nConnection: " + strings.Repeat("b,", maxConnectionOptions) + "\r\nB: c\r\n\r\n",
			understood{Version: "HTTP/1.1", Method: "GET", Authority: "a", Path: "/", KeepAlive: true},
		},
		"an upgrade": {
			"GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n",
			understood{
				Version: "HTTP/1.1", Method: "GET", Authority: "a", Path: "/",
				Fields: []field{{"Sec-WebSocket-Key", "x"}}, Upgrade: "websocket", KeepAlive: true,
			},
		},
		"an upgrade that Connection does not name": {
			"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n",
			understood{Version: "HTTP/1.1", Method: "GET", Authority: "a", Path: "/", KeepAlive: true},
		},
		"an upgrade with content": {
			"POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 2\r\n\r\nhi",
			understood{Version: "HTTP/1.1", Method: "POST", Authority: "a", Path: "/", Length: 2, Upgrade: "websocket", Behind: "hi", KeepAlive: true},
		},
		"an expectation": {
			"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\nhi",
			understood{Version: "HTTP/1.1", Method: "POST", Authority: "a", Path: "/", Length: 2, ExpectContinue: true, Behind: "hi", KeepAlive: true},
		},
		"an expectation without content": {
			"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
			understood{Version: "HTTP/1.1", Method: "POST", Authority: "a", Path: "/", KeepAlive: true},
		},
		"an unknown expectation": {
			"POST / HTTP/1.1\r\nHost: a\r\nExpect: wonders\r\nContent-Length: 2\r\n\r\nhi",
			understood{Version: "HTTP/1.1", Method: "POST", Authority: "a", Path: "/", Length: 2, Behind: "hi", KeepAlive: true},
		},
		"a client that knows trailers": {
			"GET / HTTP/1.1\r\nHost: a\r\nConnection: TE\r\nTE: gzip;q=0.5 , Trailers\r\n\r\n",
			understood{Version: "HTTP/1.1", Method: "GET", Authority: "a", Path: "/", AcceptsTrailers: true, KeepAlive: true},
		},
		"a length with zeros before it": {
			"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0000000000000000002\r\n\r\nhi",
			understood{Version: "HTTP/1.1", Method: "POST", Authority: "a", Path: "/", Length: 2, Behind: "hi", KeepAlive: true},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			for _, arrival := range arrivals(len(test.stream)) {
				got, err := readRequest(test.stream, arrival)
				if err != nil {
					t.Fatalf("%v: %v", arrival, err)
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Fatalf("%v (-want +got):\n%s", arrival, diff)
				}
			}
		})
	}
}

func TestRequestOfJustTheAllowedSizeIsRead(t *testing.T) {
	const get = "GET / HTTP/1.1\r\nHost: a\r\n"
	tests := map[string]string{
		"request line": "GET /" + strings.Repeat("a", testLimits.LineBytes-len("GET / HTTP/1.1")) + " HTTP/1.1\r\nHost: a\r\n\r\n",
		"field line":   get + "B: " + strings.Repeat("c", testLimits.LineBytes-len("B: ")) + "\r\n\r\n",
		"head":         get + longFields(testLimits.HeadBytes-len(get)-len("\r\n")) + "\r\n",
		"fields":       get + strings.Repeat("B: c\r\n", testLimits.Fields-1) + "\r\n",
	}
	for name, stream := range tests {
		t.Run(name, func(t *testing.T) {
			for _, arrival := range arrivals(len(stream)) {
				if _, err := readRequest(stream, arrival); err != nil {
					t.Fatalf("%v: %v", arrival, err)
				}
			}
		})
	}
}

func TestRequestThatCanOnlyBeRefusedIsNotWaitedFor(t *testing.T) {
	tests := map[string]struct {
		begun string
		want  error
	}{
		"LF alone":          {"GET / HTTP/1.1\n", ErrBareLF},
		"too long a target": {"GET /" + strings.Repeat("a", testLimits.HeadBytes), errTargetLong},
		"LF alone at once":  {"\n", ErrBareLF},
		"a head of all the allowed bytes without end": {"GET / HTTP/1.1\r\n" + longFields(testLimits.HeadBytes-len("GET / HTTP/1.1\r\n")), errHeadLong},
		"too long a head":     {"GET / HTTP/1.1\r\n" + longFields(testLimits.HeadBytes), errHeadLong},
		"one that may become": {"GET / HTTP/1.1\r\nHost: a\r\n", io.ErrUnexpectedEOF},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			for _, arrival := range arrivals(len(test.begun)) {
				if _, err := readRequest(test.begun, arrival); err != test.want {
					t.Fatalf("%v: got %v, want %v", arrival, err, test.want)
				}
			}
		})
	}
}

func TestParseRequestFindsEveryRefusalInAWholeHead(t *testing.T) {
	// This head reaches the parser without having been checked in pieces before.
	tests := map[string]struct {
		head string
		want *message.Error
	}{
		"no line end":          {"GET / HTTP/1.1", ErrBareLF},
		"empty":                {"", ErrBareLF},
		"LF alone":             {"\n", ErrBareLF},
		"fields without end":   {"GET / HTTP/1.1\r\nHost: a\r\n", ErrBareLF},
		"LF before an end":     {"GET / HTTP/1.1\r\nHost: a\nB: c\r\n\r\n", ErrBareLF},
		"an empty line before": {"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", errRequestLine},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := ParseRequest(new(message.Request), []byte(test.head), testLimits); err != error(test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

func TestWrittenRequestHead(t *testing.T) {
	fields := []message.Field{
		{Name: []byte("A"), Value: []byte("1")},
		{Name: []byte("Connection"), Value: []byte("x"), Kind: message.Connection},
		{Name: []byte("Gone"), Value: []byte("x"), Kind: message.Dropped},
		{Name: []byte("Content-Length"), Value: []byte("99"), Kind: message.ContentLength},
		{Name: []byte("B"), Value: []byte("")},
	}
	get := func(change func(*message.Request)) message.Request {
		req := message.Request{Method: []byte("GET"), Authority: []byte("a:80"), Path: []byte("/b"), Query: []byte("?c")}
		change(&req)
		return req
	}
	tests := map[string]struct {
		req  message.Request
		want string
	}{
		"GET": {get(func(*message.Request) {}), "GET /b?c HTTP/1.1\r\nHost: a:80\r\n\r\n"},
		"fields": {
			get(func(r *message.Request) { r.Fields = fields }),
			"GET /b?c HTTP/1.1\r\nHost: a:80\r\nA: 1\r\nB: \r\n\r\n",
		},
		"no authority": {get(func(r *message.Request) { r.Authority = nil }), "GET /b?c HTTP/1.1\r\nHost: \r\n\r\n"},
		"a length": {
			get(func(r *message.Request) { r.ContentLength = 5 }),
			"GET /b?c HTTP/1.1\r\nHost: a:80\r\nContent-Length: 5\r\n\r\n",
		},
		"unknown length": {
			get(func(r *message.Request) { r.ContentLength = message.UnknownLength }),
			"GET /b?c HTTP/1.1\r\nHost: a:80\r\nTransfer-Encoding: chunked\r\n\r\n",
		},
		"POST says that it has no content": {
			get(func(r *message.Request) { r.Method = []byte("POST") }),
			"POST /b?c HTTP/1.1\r\nHost: a:80\r\nContent-Length: 0\r\n\r\n",
		},
		"expectation": {
			get(func(r *message.Request) { r.ExpectContinue, r.ContentLength = true, 5 }),
			"GET /b?c HTTP/1.1\r\nHost: a:80\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n",
		},
		"upgrade": {
			get(func(r *message.Request) { r.Upgrade = []byte("websocket") }),
			"GET /b?c HTTP/1.1\r\nHost: a:80\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
		},
		"trailers": {
			get(func(r *message.Request) { r.AcceptsTrailers = true }),
			"GET /b?c HTTP/1.1\r\nHost: a:80\r\nConnection: TE\r\nTE: trailers\r\n\r\n",
		},
		"the last of the connection": {
			get(func(r *message.Request) { r.EndsConnection = true }),
			"GET /b?c HTTP/1.1\r\nHost: a:80\r\nConnection: close\r\n\r\n",
		},
		"the last of the connection, with trailers": {
			get(func(r *message.Request) { r.EndsConnection, r.AcceptsTrailers = true, true }),
			"GET /b?c HTTP/1.1\r\nHost: a:80\r\nConnection: close, TE\r\nTE: trailers\r\n\r\n",
		},
		"an upgrade, which ends it anyway": {
			get(func(r *message.Request) { r.EndsConnection, r.Upgrade = true, []byte("websocket") }),
			"GET /b?c HTTP/1.1\r\nHost: a:80\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, string(AppendRequest(nil, &test.req))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
